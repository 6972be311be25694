//! One play: its hosts in batches, its variables, and the tree of tasks that they walk through.

use super::batch::{Batch, BatchEnd};
use super::keywords::Reader;
use super::prompt;
use super::session::{Gathering, PlayVars, Session};
use super::tallies::Tallies;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::playbook::tags::Selection;
use crate::playbook::{Block, Play, Resolved, Scope, ScopeKind, Step, Task, TaskId};
use crate::template::templar::Templar;
use crate::value::{Dict, Value};
use crate::vars::PlayFacts;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

/// How a play ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayEnd {
    /// The next play may follow.
    Done,
    /// The run stops: a whole batch failed, or too many hosts did.
    Stop,
}

/// Runs a play.
pub async fn run(session: &Arc<Session>, play: &Play, tallies: &mut Tallies, start: &mut StartAt) -> Result<PlayEnd> {
    let scope = &play.scope;
    let templar = static_templar(session, play, &Dict::new());
    let name = match templar.template(&Value::str("")).and_then(|_| title(play, &templar)) {
        Ok(name) => name,
        Err(_) => play.title(),
    };
    let prompted = Arc::new(prompt::ask(session, play, &templar).await?);
    let templar = static_templar(session, play, &prompted);
    let hosts = hosts(session, play, &templar)?;
    let strategy = keyword(play, &templar, "strategy")?.map(|name| name.to_text().into_owned());
    let strategy = strategy.unwrap_or_else(|| session.options.strategy.clone());
    let strategy = strategy.rsplit('.').next().unwrap_or_default();
    let started = |hosts: &[Arc<str>]| Event::PlayStarted {
        name: name.clone(),
        check: session.options.check,
        hosts: hosts.to_vec(),
        free: matches!(strategy, "free" | "host_pinned"),
    };
    if hosts.is_empty() {
        session.events.send(started(&[]));
        session.events.send(Event::NoHostsMatched);
        return Ok(PlayEnd::Done);
    }
    let root = Arc::new(tree(session, play, &templar, start)?);
    let max_fail = keyword(play, &templar, "max_fail_percentage")?.and_then(|value| number(&value));
    let order = keyword(play, &templar, "order")?.map(|order| order.to_text().into_owned());
    let ordered = session.run.inventory().ordered(hosts.clone(), order.as_deref());
    let ordered = ordered.map_err(|error| error.at(play.scope.keywords.origin("order")))?;
    let batches = batches(play, &templar, &ordered)?;
    for hosts_of_batch in batches {
        session.events.send(started(&hosts_of_batch));
        check_variables(session, &hosts_of_batch)?;
        let mut vars = play_vars(session, play, &prompted, &name, &hosts, &hosts_of_batch);
        vars.debug = strategy == "debug";
        let vars = Arc::new(vars);
        let out_before = tallies.failed.len() + tallies.unreachable.len();
        load_vars_files(session, play, &vars, &hosts_of_batch)?;
        let root = Arc::new(with_facts(session, play, &templar, &root, &hosts_of_batch)?);
        let mut batch = Batch::new(session.clone(), vars, hosts_of_batch.clone(), root, &play.handlers, tallies);
        batch.max_fail_percentage = max_fail;
        let end = match strategy {
            "linear" | "debug" => batch.linear().await?,
            "free" => batch.free(false).await?,
            "host_pinned" => batch.free(true).await?,
            other => {
                return Err(Error::general(format!("Invalid play strategy specified: {other}"))
                    .at(scope.keywords.origin("strategy")));
            }
        };
        let out = tallies.failed.len() + tallies.unreachable.len() - out_before;
        match end {
            BatchEnd::EndPlay => break,
            BatchEnd::TooManyFailures => return Ok(PlayEnd::Stop),
            BatchEnd::Done if out == hosts_of_batch.len() => return Ok(PlayEnd::Stop),
            BatchEnd::Done => {}
        }
    }
    Ok(PlayEnd::Done)
}

/// Reads what `group_vars` and `host_vars` say of these hosts: a mistake there ends the run before a task starts.
fn check_variables(session: &Session, hosts: &[Arc<str>]) -> Result<()> {
    let inventory = session.run.inventory();
    let checked = inventory.check_variables(hosts.iter().map(|host| &**host));
    for warning in inventory.warnings().take() {
        session.events.send(Event::Warning(warning));
    }
    checked
}

fn title(play: &Play, templar: &Templar) -> Result<String> {
    match play.keyword("name") {
        Some(name) => Ok(templar.template(name)?.to_text().into_owned()),
        None => match play.keyword("hosts") {
            Some(Value::List(items)) => {
                let names: Result<Vec<String>> =
                    items.iter().map(|item| Ok(templar.template(item)?.to_text().into_owned())).collect();
                Ok(names?.join(","))
            }
            Some(hosts) => Ok(templar.template(hosts)?.to_text().into_owned()),
            None => Ok(String::new()),
        },
    }
}

fn keyword(play: &Play, templar: &Templar, name: &str) -> Result<Option<Value>> {
    Reader { scope: &play.scope, templar }.value(name)
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Str(text) => text.trim().trim_end_matches('%').parse().ok(),
        other => other.as_f64(),
    }
}

/// A templar with what is known of a play before any host: extra and play variables.
pub fn static_templar(session: &Arc<Session>, play: &Play, prompted: &Dict) -> Templar {
    let vars = PlayVars {
        facts: Arc::new(PlayFacts { playbook_dir: session.loader.playbook_dir.clone(), ..PlayFacts::default() }),
        vars: play.scope.vars.clone(),
        prompted: Arc::new(prompted.clone()),
        ..PlayVars::default()
    };
    let nobody: Arc<str> = Arc::from("");
    session.templar(&Arc::new(session.view(&vars, &nobody, &play.scope)))
}

fn play_vars(
    session: &Session,
    play: &Play,
    prompted: &Arc<Dict>,
    name: &str,
    all: &[Arc<str>],
    batch: &[Arc<str>],
) -> PlayVars {
    let dependent = play.roles.iter().flat_map(|role| role.all_dependencies()).map(|role| role.name.clone()).collect();
    let facts = PlayFacts {
        name: name.to_string(),
        hosts_all: all.to_vec(),
        batch: RwLock::new(batch.to_vec()),
        hosts: RwLock::new(all.to_vec()),
        playbook_dir: session.loader.playbook_dir.clone(),
        roles: play.roles.iter().map(|role| role.name.clone()).collect(),
        dependent_roles: dependent,
    };
    PlayVars {
        facts: Arc::new(facts),
        vars: play.scope.vars.clone(),
        prompted: prompted.clone(),
        files: RwLock::default(),
        debug: false,
        public_roles: RwLock::new(play.roles.iter().filter(|role| role.public).cloned().collect()),
    }
}

/// The hosts of a play that have not dropped out of the run, ordered.
fn hosts(session: &Session, play: &Play, templar: &Templar) -> Result<Vec<Arc<str>>> {
    let raw = play.keyword("hosts").cloned().unwrap_or_default();
    let pattern = match templar.template(&raw).map_err(|error| error.at(play.scope.keywords.origin("hosts")))? {
        Value::List(items) => items.iter().map(|item| item.to_text().into_owned()).collect::<Vec<_>>().join(","),
        Value::Undefined(undefined) => return Err(undefined.error().at(play.scope.keywords.origin("hosts"))),
        other => other.to_text().into_owned(),
    };
    let inventory = session.run.inventory();
    let hosts = inventory.select(&[pattern])?;
    for warning in inventory.warnings().take() {
        session.events.send(Event::Warning(warning));
    }
    Ok(hosts)
}

/// `serial:` cuts the hosts into batches: a number, a percentage, or a list whose last entry repeats.
fn batches(play: &Play, templar: &Templar, hosts: &[Arc<str>]) -> Result<Vec<Vec<Arc<str>>>> {
    let sizes = match keyword(play, templar, "serial")? {
        None => return Ok(vec![hosts.to_vec()]),
        Some(Value::List(items)) => items.to_vec(),
        Some(one) => vec![one],
    };
    let size_of = |value: &Value| -> Result<usize> {
        let text = value.to_text();
        let text = text.trim();
        let size = match text.strip_suffix('%') {
            Some(percent) => percent
                .trim()
                .parse::<f64>()
                .ok()
                .map(|percent| ((percent / 100.0 * hosts.len() as f64) as usize).max(1)),
            None => text.parse::<usize>().ok(),
        };
        size.ok_or_else(|| {
            Error::general(format!("invalid value for serial: {}", value.repr()))
                .at(play.scope.keywords.origin("serial"))
        })
    };
    let sizes = sizes.iter().map(size_of).collect::<Result<Vec<_>>>()?;
    let mut rest = hosts;
    let mut batches = Vec::new();
    let mut at = 0;
    while !rest.is_empty() {
        let size = sizes.get(at).or(sizes.last()).copied().unwrap_or(0);
        at += 1;
        if size == 0 {
            batches.push(rest.to_vec());
            break;
        }
        let (batch, remaining) = rest.split_at(size.min(rest.len()));
        batches.push(batch.to_vec());
        rest = remaining;
    }
    Ok(batches)
}

/// Where `--start-at-task` is.
#[derive(Debug, Default)]
pub struct StartAt {
    /// The name or glob that is still looked for.
    pub wanted: Option<String>,
}

/// The play's tasks as one block, chosen by tags and `--start-at-task`.
fn tree(session: &Session, play: &Play, templar: &Templar, start: &mut StartAt) -> Result<Block> {
    let force = match keyword(play, templar, "force_handlers")?.and_then(|value| value.to_bool()) {
        Some(flag) => flag,
        None => session.options.force_handlers,
    };
    let steps = sections(&play.blocks, force, &play.scope);
    let root = Block::implicit(steps, play.scope.clone());
    let dropped = dropped_before_start(&root, start);
    let with_variables = |task: &Task| {
        let nobody: Arc<str> = Arc::from("");
        let vars = PlayVars { vars: play.scope.vars.clone(), ..PlayVars::default() };
        session.templar(&session.task_view(&vars, &nobody, task))
    };
    root.filter(&|task| {
        if dropped.contains(&task.id) {
            return Ok(false);
        }
        is_chosen(&session.options.tags, task, &with_variables(task))
    })
}

/// With forced handlers, each section is a block whose `always` flushes them.
fn sections(blocks: &[Arc<Block>], force: bool, scope: &Arc<Scope>) -> Vec<Step> {
    if !force {
        return blocks.iter().cloned().map(Step::Block).collect();
    }
    let mut steps = Vec::new();
    let mut section = Vec::new();
    for block in blocks {
        if is_flush(block) {
            let tasks = std::mem::take(&mut section);
            let always = vec![Step::Block(block.clone())];
            steps.push(Step::Block(Arc::new(Block { block: tasks, rescue: Vec::new(), always, scope: scope.clone() })));
        } else {
            section.push(Step::Block(block.clone()));
        }
    }
    steps
}

fn is_flush(block: &Block) -> bool {
    match block.block.as_slice() {
        [Step::Task(task)] => {
            task.implicit && task.arguments.get("_raw_params").and_then(Value::as_str) == Some("flush_handlers")
        }
        _ => false,
    }
}

fn dropped_before_start(root: &Block, start: &mut StartAt) -> HashSet<TaskId> {
    let Some(wanted) = &start.wanted else { return HashSet::new() };
    let tasks = root.tasks();
    let matches = |task: &&&Arc<Task>| {
        let title = task.title();
        let name = task.name().map(|name| name.to_text().into_owned()).unwrap_or_default();
        !task.implicit
            && (title == *wanted
                || name == *wanted
                || crate::value::fnmatch::fnmatch(&name, wanted)
                || crate::value::fnmatch::fnmatch(&title, wanted))
    };
    match tasks.iter().position(|task| matches(&task)) {
        Some(at) => {
            start.wanted = None;
            tasks[..at].iter().map(|task| task.id).collect()
        }
        None => tasks.iter().map(|task| task.id).collect(),
    }
}

/// Whether `--tags` and `--skip-tags` choose a task.
pub fn is_chosen(selection: &Selection, task: &Task, templar: &Templar) -> Result<bool> {
    if task.implicit && task.resolved.short() == "meta" {
        return Ok(true);
    }
    if selection.only.is_empty() && selection.skip.is_empty() && task.scope.inherited("tags").is_none() {
        return Ok(true);
    }
    Ok(selection.includes(&Reader::new(task, templar).tags()?))
}

/// The play's tasks with the gathering of facts in front, where it is due.
fn with_facts(
    session: &Session,
    play: &Play,
    templar: &Templar,
    root: &Arc<Block>,
    hosts: &[Arc<str>],
) -> Result<Block> {
    let wanted = keyword(play, templar, "gather_facts")?.and_then(|value| value.to_bool());
    let gather = match session.options.gathering {
        Gathering::Implicit => wanted.unwrap_or(true),
        Gathering::Explicit => wanted.unwrap_or(false),
        Gathering::Smart => {
            let known = |host: &Arc<str>| !session.store.host(host).facts().is_empty();
            wanted.unwrap_or(true) && !hosts.iter().all(known)
        }
    };
    let mut steps = vec![Step::Block(root.clone())];
    let tags = ["always".to_string()];
    let chosen = session.options.tags.includes(&[&tags[..], &Reader { scope: &play.scope, templar }.tags()?].concat());
    if gather && chosen {
        steps.insert(0, Step::Block(Arc::new(gathering(play, templar)?)));
    }
    Ok(Block::implicit(steps, play.scope.clone()))
}

fn gathering(play: &Play, templar: &Templar) -> Result<Block> {
    let mut arguments = Dict::new();
    for name in ["gather_subset", "gather_timeout", "fact_path"] {
        if let Some(value) = keyword(play, templar, name)? {
            arguments.insert(name, value);
        }
    }
    let mut task = Task::implicit("gather_facts", Resolved::Builtin("gather_facts"), arguments, play.scope.clone());
    let mut scope = Scope::empty(ScopeKind::Task, Some(play.scope.clone()));
    scope.keywords.set("name", Value::str("Gathering Facts"), None);
    scope.keywords.set("tags", Value::list([Value::str("always")]), None);
    task.scope = Arc::new(scope);
    // users see it as any other task
    task.implicit = false;
    Ok(Block::implicit(vec![Step::Task(Arc::new(task))], play.scope.clone()))
}

/// Reads `vars_files`: for each entry (a file, or a list of which the first that exists counts), for each host.
fn load_vars_files(session: &Session, play: &Play, vars: &PlayVars, hosts: &[Arc<str>]) -> Result<()> {
    if play.vars_files.is_empty() {
        return Ok(());
    }
    let mut read: HashMap<PathBuf, Arc<Dict>> = HashMap::new();
    for host in hosts {
        for entry in &play.vars_files {
            let templar = session.templar(&Arc::new(session.view(vars, host, &play.scope)));
            let candidates = match entry {
                Value::List(items) => items.to_vec(),
                one => vec![one.clone()],
            };
            if let Some(path) = first_file(session, play, &templar, &candidates)? {
                let dict = match read.get(&path) {
                    Some(dict) => dict.clone(),
                    None => {
                        let dict = vars_file(session, &path)?;
                        read.insert(path, dict.clone());
                        dict
                    }
                };
                let mut files = vars.files.write().unwrap_or_else(std::sync::PoisonError::into_inner);
                files.entry(host.clone()).or_default().push(dict);
            }
        }
    }
    Ok(())
}

fn first_file(session: &Session, play: &Play, templar: &Templar, candidates: &[Value]) -> Result<Option<PathBuf>> {
    let mut missing = None;
    for candidate in candidates {
        let name = match templar.template(candidate) {
            Ok(Value::Undefined(_)) => continue,
            Ok(name) => name.to_text().into_owned(),
            // a name with facts that are not gathered yet: Ansible passes it over, too
            Err(error) if error.kind() == crate::error::Kind::Undefined => continue,
            Err(error) => return Err(error.at(candidate.origin())),
        };
        let name = Path::new(&name);
        let mut places = vec![play.dir.join("vars").join(name), play.dir.join(name)];
        places.push(session.loader.playbook_dir.join("vars").join(name));
        places.push(session.loader.playbook_dir.join(name));
        match places.iter().find(|path| path.is_file()) {
            Some(found) => {
                session.events.send(Event::VarsFile { path: found.display().to_string(), found: true });
                return Ok(Some(found.clone()));
            }
            None => missing = Some((name.display().to_string(), candidate)),
        }
    }
    match missing {
        Some((name, candidate)) => Err(Error::general(format!("vars file {name} was not found"))
            .at(candidate.origin())
            .help("Could not find file on the Ansible Controller.")),
        None => Ok(None),
    }
}

fn vars_file(session: &Session, path: &Path) -> Result<Arc<Dict>> {
    match session.loader.read_yaml(path)? {
        Value::None => Ok(Arc::default()),
        Value::Dict(dict) => Ok(dict),
        other => {
            let message = format!(
                "Invalid vars file {}: a dictionary of variables was expected, got {}",
                path.display(),
                other.type_name()
            );
            Err(Error::parser(message).at(other.origin()))
        }
    }
}
