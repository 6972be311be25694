//! `--list-hosts`, `--list-tasks`, `--list-tags` and `--syntax-check`: what a playbook would do.

use super::options::Options;
use super::playbook::{place, tell_warnings};
use super::session::Ground;
use crate::engine::{self, Session};
use crate::error::Result;
use crate::event::{self, Event};
use crate::playbook::{Block, Play, Step, Task};
use crate::value::{Dict, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Shows what the playbooks would do.
pub fn show(ground: &Ground, options: &Options, events: &event::Sender) -> Result<()> {
    for shown in &options.positional {
        let (path, dir) = place(shown);
        let session = ground.session(&dir);
        let playbook = engine::run::load(&session, &path, shown);
        tell_warnings(&session.loader, events);
        let playbook = playbook?;
        events.send(Event::Text(format!("\nplaybook: {shown}")));
        if options.flag("syntax") {
            continue;
        }
        for (number, play) in playbook.plays.iter().enumerate() {
            events.send(Event::Text(head(&session, play, number + 1, options)?));
            if options.flag("listtasks") || options.flag("listtags") {
                events.send(Event::Text(tasks(&session, play, options)?));
            }
        }
    }
    Ok(())
}

fn head(session: &Arc<Session>, play: &Play, number: usize, options: &Options) -> Result<String> {
    let templar = engine::static_templar(session, play, &Dict::new());
    let patterns: Vec<String> = match templar.template(&play.keyword("hosts").cloned().unwrap_or_default())? {
        Value::List(items) => items.iter().map(|item| item.to_text().into_owned()).collect(),
        Value::None => Vec::new(),
        other => vec![other.to_text().into_owned()],
    };
    let name = match play.keyword("name") {
        Some(name) => templar.template(name)?.to_text().into_owned(),
        None => patterns.join(","),
    };
    let tags = tags_of(play.keyword("tags"));
    let mut text = format!("\n  play #{number} ({}): {name}\tTAGS: [{}]", patterns.join(","), tags.join(","));
    if options.flag("listhosts") {
        let hosts = session.run.inventory().select(&patterns)?;
        let shown = Value::list(patterns.iter().map(|pattern| Value::str(pattern.as_str()))).repr();
        text.push_str(&format!("\n    pattern: {shown}\n    hosts ({}):", hosts.len()));
        hosts.iter().for_each(|host| text.push_str(&format!("\n      {host}")));
    }
    Ok(text)
}

fn tags_of(tags: Option<&Value>) -> Vec<String> {
    let split = |text: &str| text.split(',').map(|tag| tag.trim().to_string()).collect::<Vec<_>>();
    match tags {
        Some(Value::List(items)) => items.iter().flat_map(|item| split(&item.to_text())).collect(),
        Some(Value::None) | None => Vec::new(),
        Some(other) => split(&other.to_text()),
    }
}

fn tasks(session: &Arc<Session>, play: &Play, options: &Options) -> Result<String> {
    let of_play: BTreeSet<String> = tags_of(play.keyword("tags")).into_iter().collect();
    let mut all = of_play.clone();
    let mut text = if options.flag("listtasks") { "    tasks:\n".to_string() } else { String::new() };
    let templar = engine::static_templar(session, play, &Dict::new());
    for block in &play.blocks {
        let block = block.filter(&|task| engine::is_chosen(&session.options.tags, task, &templar))?;
        for task in mainline(&block) {
            let own: BTreeSet<String> =
                task.scope.extended("tags").into_iter().flat_map(|tags| tags_of(Some(tags))).collect();
            all.extend(own.iter().cloned());
            if options.flag("listtasks") {
                let name = if task.name().is_some() { task.title() } else { task.action.clone() };
                let tags: Vec<&str> = own.union(&of_play).map(String::as_str).collect();
                text.push_str(&format!("      {name}\tTAGS: [{}]\n", tags.join(", ")));
            }
        }
    }
    if options.flag("listtags") {
        let tags: Vec<String> = all.into_iter().collect();
        text.push_str(&format!("      TASK TAGS: [{}]\n", tags.join(", ")));
    }
    Ok(text)
}

/// The tasks of a block and the blocks in it, without those of `rescue` and `always`.
fn mainline(block: &Block) -> Vec<Arc<Task>> {
    let of_step = |step: &Step| match step {
        Step::Task(task) if task.implicit => Vec::new(),
        Step::Task(task) => vec![task.clone()],
        Step::Block(block) => mainline(block),
    };
    block.block.iter().flat_map(of_step).collect()
}
