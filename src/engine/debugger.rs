//! The task debugger: a prompt after a task on which the user may look at it, change it and run it again.
//!
//! It stands in the worker: a task that is run again has not ended for the dispatcher, so nothing has to be taken back.

use super::executor::Work;
use super::keywords::Reader;
use super::outcome::Ended;
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Outcome};
use crate::template::Variables;
use crate::template::templar::Templar;
use crate::value::{Dict, Text, Value};
use std::io::BufRead;
use std::sync::Arc;

/// What the user changed before running a task again.
#[derive(Clone, Debug, Default)]
pub struct Edits {
    /// Arguments, in place of the rendered ones.
    pub arguments: Dict,
    /// Variables, over all others.
    pub variables: Dict,
}

/// What to do after the prompt.
#[derive(Clone, Debug)]
pub enum Next {
    /// Go on with the result.
    Continue,
    /// Run the task again.
    Redo(Edits),
}

/// One prompt at a time, whichever hosts ask.
static TERMINAL: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Asks the user when the task's `debugger` keyword (or the debug strategy) wants that.
pub async fn ask(work: &Work, ended: &Ended, edits: &Edits) -> Result<Next> {
    let view = work.session.task_view(&work.play, &work.host, &work.task);
    let templar = work.session.templar(&view);
    if !wanted(work, &Reader::new(&work.task, &templar), ended)? {
        return Ok(Next::Continue);
    }
    let _terminal = TERMINAL.lock().await;
    work.report(ended);
    let mut debugger = Prompt { work, ended, templar, edits: edits.clone(), pending: edits.clone() };
    loop {
        work.session.events.send(Event::Prompt(format!("[{}] TASK: {} (debug)> ", work.host, work.info.title)));
        let line = tokio::task::spawn_blocking(read_line).await.map_err(|error| Error::general(error.to_string()))?;
        let Some(line) = line else { return Err(interrupted(work)) };
        let line = line.trim();
        let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match command {
            "" => {}
            "c" | "continue" => return Ok(Next::Continue),
            "r" | "redo" => return Ok(Next::Redo(debugger.edits)),
            "q" | "quit" | "EOF" => return Err(interrupted(work)),
            "u" | "update_task" => debugger.update(),
            "p" | "pprint" => debugger.print(rest),
            "h" | "help" | "?" => {
                debugger.say("commands: p(print) EXPRESSION, NAME = VALUE, u(pdate_task), r(edo), c(ontinue), q(uit)")
            }
            _ => debugger.assign(line),
        }
    }
}

fn interrupted(work: &Work) -> Error {
    work.session.events.send(Event::Text("User interrupted execution".into()));
    work.session.interrupted.store(true, std::sync::atomic::Ordering::Relaxed);
    Error::new(Kind::Interrupted, "User interrupted execution")
}

fn read_line() -> Option<String> {
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line),
    }
}

fn wanted(work: &Work, reader: &Reader, ended: &Ended) -> Result<bool> {
    let failed = ended.outcome == Outcome::Failed && !ended.ignored;
    let unreachable = ended.outcome == Outcome::Unreachable;
    Ok(match reader.text("debugger")?.as_deref() {
        None => (work.session.options.debugger || work.play.debug) && (failed || unreachable),
        Some("always") => true,
        Some("never") => false,
        Some("on_failed") => failed,
        Some("on_unreachable") => unreachable,
        Some("on_skipped") => ended.outcome == Outcome::Skipped,
        Some(other) => return Err(Error::parser(format!("invalid value for 'debugger': {other}"))),
    })
}

/// The state of one prompt.
struct Prompt<'a> {
    work: &'a Work,
    ended: &'a Ended,
    templar: Templar,
    edits: Edits,
    /// Variables that are set but not yet taken over by `update_task`.
    pending: Edits,
}

impl Prompt<'_> {
    fn say(&self, text: &str) {
        self.work.session.events.send(Event::Text(text.into()));
    }

    fn evaluate(&self, expression: &str) -> Result<Value> {
        let view = self.work.session.task_view(&self.work.play, &self.work.host, &self.work.task);
        let names = view.names();
        let mut vars: Dict =
            names.iter().filter_map(|name| Some((Value::str(name.clone()), view.raw(name)?))).collect();
        vars.extend(self.pending.variables.clone());
        let mut arguments = (*self.work.task.arguments).clone();
        arguments.extend(self.edits.arguments.clone());
        let task =
            Dict::from_iter([("name", Value::str(self.work.info.name.as_str())), ("args", Value::dict(arguments))]);
        let result = Dict::from_iter([("_result", Value::dict(self.ended.result.clone()))]);
        let scope = Dict::from_iter([
            ("task", Value::dict(task)),
            ("task_vars", Value::dict(vars)),
            ("host", Value::str(self.work.host.clone())),
            ("result", Value::dict(result)),
        ]);
        let value = self.templar.with_variables(Arc::new(scope)).evaluate(&Text::trusted(expression, None))?;
        match value {
            Value::Undefined(undefined) => Err(undefined.error()),
            value => Ok(value),
        }
    }

    fn print(&self, expression: &str) {
        match self.evaluate(expression) {
            Ok(value) => self.say(&value.repr()),
            Err(error) => self.say(&format!("***{}", error.one_line())),
        }
    }

    /// `task.args['x'] = value` or `task_vars['x'] = value`.
    fn assign(&mut self, line: &str) {
        let Some((place, expression)) = line.split_once('=') else { return self.print(line) };
        let place = place.trim();
        let key = |prefix: &str| {
            let inner = place.strip_prefix(prefix)?.strip_prefix('[')?.strip_suffix(']')?;
            Some(inner.trim_matches(['\'', '"']).to_string())
        };
        let value = match self.evaluate(expression.trim()) {
            Ok(value) => value,
            Err(error) => return self.say(&format!("***{}", error.one_line())),
        };
        if let Some(name) = key("task.args") {
            self.edits.arguments.insert(name, value);
        } else if let Some(name) = key("task_vars") {
            self.pending.variables.insert(name, value);
        } else {
            self.say("***only task.args['NAME'] and task_vars['NAME'] can be set");
        }
    }

    /// `update_task`: the task is built anew with the variables that were set.
    fn update(&mut self) {
        self.edits.variables = self.pending.variables.clone();
    }
}
