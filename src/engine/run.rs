//! A whole run: playbooks one after the other, play by play, to the recap and the exit code.

use super::play::{self, PlayEnd, StartAt};
use super::session::Session;
use super::tallies::Tallies;
use crate::error::{Error, Kind, Result};
use crate::event::Event;
use crate::playbook::{Play, play::Head};
use std::sync::Arc;

/// A playbook file, loaded.
pub struct Playbook {
    /// Its path as the user gave it.
    pub path: String,
    /// Its plays, those of imported playbooks too.
    pub plays: Vec<Play>,
}

/// Runs playbooks; gives the exit code.
pub async fn run(session: &Arc<Session>, playbooks: &[Playbook]) -> Result<u8> {
    let mut code = 0;
    let mut start = StartAt { wanted: session.options.start_at_task.clone() };
    for playbook in playbooks {
        session.events.send(Event::PlaybookStarted { path: playbook.path.clone() });
        let text = format!("{} plays in {}", playbook.plays.len(), playbook.path);
        session.events.send(Event::Verbose { level: 2, host: None, text });
        let mut tallies = Tallies::default();
        let outcome = run_one(session, playbook, &mut tallies, &mut start).await;
        let recap = Event::Ended {
            tallies: tallies.hosts.iter().map(|(host, tally)| (host.clone(), *tally)).collect(),
            custom: tallies.custom.clone(),
        };
        match outcome {
            Ok(()) => session.events.send(recap),
            // what was done until the user ended the run is still told
            Err(error) if error.kind() == Kind::Interrupted => {
                session.events.send(recap);
                return Err(error);
            }
            Err(error) => return Err(error),
        }
        code = tallies.exit_code();
        if code != 0 {
            break;
        }
    }
    if let Some(wanted) = start.wanted {
        session.events.send(Event::Error(Error::general(format!(
            "No matching task \"{wanted}\" found. Note: --start-at-task can only follow static includes."
        ))));
    }
    Ok(code)
}

async fn run_one(
    session: &Arc<Session>,
    playbook: &Playbook,
    tallies: &mut Tallies,
    start: &mut StartAt,
) -> Result<()> {
    for play in &playbook.plays {
        if play::run(session, play, tallies, start).await? == PlayEnd::Stop {
            break;
        }
    }
    Ok(())
}

/// Loads a playbook file with those it imports.
pub fn load(session: &Arc<Session>, path: &std::path::Path, shown: &str) -> Result<Playbook> {
    let mut plays = Vec::new();
    load_into(session, path, None, &mut plays, 0)?;
    Ok(Playbook { path: shown.to_string(), plays })
}

/// What an `import_playbook` hands to the plays in its file.
struct Handed {
    vars: crate::value::Dict,
    tags: Vec<crate::value::Value>,
    when: Vec<crate::value::Value>,
}

fn load_into(
    session: &Arc<Session>,
    path: &std::path::Path,
    handed: Option<&Handed>,
    plays: &mut Vec<Play>,
    depth: u32,
) -> Result<()> {
    use crate::playbook::{Entry, entries, import_path, play};
    if depth > 50 {
        return Err(Error::parser(format!("playbooks import each other without end: {}", path.display())));
    }
    let dir = path.parent().map(std::path::Path::to_path_buf).unwrap_or_default();
    for entry in entries(&session.loader, path)? {
        match entry {
            Entry::Play(dict) => {
                let head = hand_down(play::head(&dict)?, handed);
                session.loader.enter_play(&head.vars_files(), &dir);
                plays.push(head.finish(&session.loader, dir.clone())?);
            }
            Entry::Import { file, vars, dict, origin } => {
                let scope = crate::playbook::Scope {
                    vars: Arc::new(vars.clone()),
                    ..crate::playbook::Scope::empty(crate::playbook::ScopeKind::Play, None)
                };
                let name = session.loader.render(&file, &scope).map_err(|error| error.at(origin.as_ref()))?;
                let target = import_path(path, name.to_text().trim());
                let inner = merge(handed, vars, &dict);
                load_into(session, &target, Some(&inner), plays, depth + 1)
                    .map_err(|error| error.at(origin.as_ref()))?;
            }
        }
    }
    Ok(())
}

fn merge(outer: Option<&Handed>, vars: crate::value::Dict, dict: &crate::value::Dict) -> Handed {
    let mut all = outer.map(|outer| outer.vars.clone()).unwrap_or_default();
    all.extend(vars);
    let add = |known: Option<&Vec<crate::value::Value>>, name: &str| {
        let mut values = known.cloned().unwrap_or_default();
        values.extend(dict.get(name).filter(|value| !value.is_none()).cloned());
        values
    };
    Handed {
        vars: all,
        tags: add(outer.map(|outer| &outer.tags), "tags"),
        when: add(outer.map(|outer| &outer.when), "when"),
    }
}

fn hand_down(head: Head, handed: Option<&Handed>) -> Head {
    match handed {
        None => head,
        Some(handed) => head.with_import(&handed.vars, &handed.tags, &handed.when),
    }
}
