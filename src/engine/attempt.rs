//! One execution of a task (or of one item of its loop): conditions, arguments, target, action, retries, judgement.

use super::executor::Work;
use super::keywords::{Reader, conditions_of, first_false};
use super::outcome::{Ended, IncludeRequest};
use super::target::{self, Source};
use crate::action::{self, Context};
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Outcome, Report, TaskInfo};
use crate::template::Variables;
use crate::template::templar::{Templar, is_omit};
use crate::value::{Dict, Value};
use crate::vars::View;
use std::sync::Arc;
use std::time::Duration;

/// One execution.
pub struct Attempt<'a> {
    work: &'a Work,
    view: Arc<View>,
    templar: Templar,
    /// The variables of the loop's item.
    item: Option<Dict>,
}

/// How often and until when.
struct Retries {
    /// Attempts in all.
    attempts: u32,
    delay: Duration,
    until: Vec<Value>,
}

impl<'a> Attempt<'a> {
    /// An execution with these variables.
    pub fn new(work: &'a Work, view: Arc<View>) -> Attempt<'a> {
        let templar = work.session.templar(&view);
        Attempt { work, view, templar, item: None }
    }

    /// The execution of a loop's item.
    pub fn of_item(mut self, variables: Dict) -> Attempt<'a> {
        self.item = Some(variables);
        self
    }

    fn reader(&self) -> Reader<'_> {
        Reader::new(&self.work.task, &self.templar)
    }

    /// The skipped result, when a condition is false.
    pub fn skipped_by_condition(&self) -> Result<Option<Ended>> {
        let Some(condition) = first_false(&self.reader().conditions(), &self.templar)? else { return Ok(None) };
        let result = Dict::from_iter([
            ("changed", Value::Bool(false)),
            ("skipped", Value::Bool(true)),
            ("skip_reason", Value::str("Conditional result was False")),
            ("false_condition", condition.untrusted()),
        ]);
        Ok(Some(self.work.ended(Outcome::Skipped, result)))
    }

    /// Runs it.
    pub async fn run(self) -> Result<Ended> {
        if let Some(skipped) = self.skipped_by_condition()? {
            return Ok(Ended { no_log: self.no_log()?, ..skipped });
        }
        let arguments = self.arguments()?;
        if self.work.task.resolved.is_include() {
            return self.include(arguments);
        }
        self.refuse_async()?;
        let mut context = self.context(arguments)?;
        let mut ended = self.with_retries(&mut context).await?;
        ended.notify = self.notify()?;
        Ok(ended)
    }

    fn no_log(&self) -> Result<bool> {
        Ok(self.reader().flag("no_log")?.unwrap_or(false))
    }

    /// The arguments with `module_defaults` below, everything rendered, omitted ones left out.
    fn arguments(&self) -> Result<Dict> {
        let task = &self.work.task;
        let name = task.resolved.full_name();
        let failed = |error: Error| {
            error
                .context(format!("Finalization of task args for '{name}' failed."))
                .at(task.action_origin.as_ref().or(task.origin()))
        };
        let mut arguments = self.reader().module_defaults(task).map_err(failed)?;
        if let Some(raw) = task.arguments.get("_variable_params") {
            match self.templar.template(raw).map_err(|error| failed(error.at(raw.origin())))? {
                Value::Dict(dict) => arguments.extend((*dict).clone()),
                Value::Str(text) => arguments.extend(Dict::from_iter([("_raw_params", Value::Str(text))])),
                Value::Undefined(undefined) => return Err(failed(undefined.error().at(raw.origin()))),
                other => {
                    return Err(failed(
                        Error::action(format!("invalid type for args: {}", other.type_name())).at(raw.origin()),
                    ));
                }
            }
        }
        let keep_raw = action::registry::raw_arguments(task.resolved.short());
        for (key, raw) in task.arguments.iter() {
            let label = key.to_text();
            if label == "_variable_params" {
                continue;
            }
            if keep_raw.contains(&&*label) {
                arguments.insert_value(key.clone(), raw.clone());
                continue;
            }
            let value = self.templar.template(raw).and_then(|value| match value {
                Value::Undefined(undefined) => Err(undefined.error()),
                value => Ok(value),
            });
            let value = value.map_err(|error| {
                failed(
                    error
                        .at(raw.origin())
                        .context(format!("Error while resolving value for '{label}'."))
                        .at(raw.origin()),
                )
            })?;
            if !is_omit(&value) {
                arguments.insert_value(key.clone(), value);
            }
        }
        arguments.extend(self.work.edits.arguments.clone());
        Ok(arguments)
    }

    /// An include: the dispatcher loads it.
    fn include(&self, arguments: Dict) -> Result<Ended> {
        let role = self.work.task.resolved.short() == "include_role";
        let keys: &[&str] = if role { &["name", "role"] } else { &["file", "_raw_params"] };
        let name = keys.iter().find_map(|key| arguments.get(key)).map(|value| value.to_text().into_owned());
        let name = name.ok_or_else(|| {
            let missing = if role {
                "'name' is a required field for include_role."
            } else {
                "No file specified for include_tasks"
            };
            Error::action(missing).at(self.work.task.origin())
        })?;
        let mut result = Dict::new();
        result.insert(if role { "include_role" } else { "include" }, name.as_str());
        result.insert("include_args", Value::dict(arguments.clone()));
        let mut ended = self.work.ended(Outcome::Ok, result);
        ended.includes.push(IncludeRequest {
            name,
            arguments,
            variables: self.item.clone().unwrap_or_default(),
            label: None,
        });
        ended.no_log = self.no_log()?;
        Ok(ended)
    }

    /// Jobs that outlive their task are not there yet: better a clear word than a task that waits in silence.
    fn refuse_async(&self) -> Result<()> {
        if self.work.task.keyword("async").is_none() || self.reader().int("async")?.unwrap_or(0) == 0 {
            return Ok(());
        }
        let message =
            "'async' is not supported yet: run the task without it, or start the work with 'nohup' or 'systemd-run'";
        Err(Error::action(message).at(self.work.task.scope.keywords.origin("async").or(self.work.task.origin())))
    }

    fn context(&self, arguments: Dict) -> Result<Context> {
        let session = &self.work.session;
        let reader = self.reader();
        let delegate = self.delegate()?;
        let target = match &delegate {
            None => target::build(
                session,
                &reader,
                &Source { host: &self.work.host, view: &self.view, templar: &self.templar },
            )?,
            Some(name) => {
                // connection variables are the delegated host's, everything else stays the task's
                let view = Arc::new(session.view(&self.work.play, name, &self.work.task.scope));
                let view = Arc::new(view.with(self.item.clone().unwrap_or_default()));
                let templar = session.templar(&view);
                let mut target =
                    target::build(session, &reader, &Source { host: name, view: &view, templar: &templar })?;
                if is_here(name) && view.raw("ansible_connection").is_none() {
                    target.transport = "local".into();
                }
                target
            }
        };
        let timeout = reader.int("timeout")?.filter(|seconds| *seconds > 0);
        Ok(Context {
            task: self.work.task.clone(),
            host: self.work.host.clone(),
            arguments,
            templar: self.templar.clone(),
            view: self.view.clone(),
            target,
            fleet: session.fleet.clone(),
            loader: session.loader.clone(),
            events: session.events.clone(),
            check: reader.flag("check_mode")?.unwrap_or(session.options.check),
            diff: reader.flag("diff")?.unwrap_or(session.options.diff),
            verbosity: session.options.verbosity,
            no_log: self.no_log()?,
            environment: reader.environment()?,
            timeout: timeout.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs),
            module_failed: false,
        })
    }

    fn delegate(&self) -> Result<Option<Arc<str>>> {
        let Some(name) = self.reader().text("delegate_to")? else { return Ok(None) };
        if name.is_empty() {
            return Err(Error::action("Empty hostname produced from delegate_to: ''"));
        }
        Ok(Some(Arc::from(name.as_str())))
    }

    fn retries(&self) -> Result<Retries> {
        let task = &self.work.task;
        let reader = self.reader();
        let until = task.keyword("until").map(conditions_of).unwrap_or_default();
        let given = if task.keyword("retries").is_some() { reader.int("retries")? } else { None };
        let attempts = match given {
            None if until.is_empty() => 1,
            None => 4,
            Some(n) if n <= 0 => 1,
            Some(n) => u32::try_from(n).unwrap_or(u32::MAX - 1) + 1,
        };
        let delay = if task.keyword("delay").is_some() { reader.seconds("delay")? } else { None };
        Ok(Retries { attempts, delay: delay.unwrap_or(Duration::from_secs(5)), until })
    }

    async fn with_retries(&self, context: &mut Context) -> Result<Ended> {
        let retries = self.retries()?;
        let mut attempt = 1;
        loop {
            let mut ended = self.once(context).await?;
            if retries.attempts == 1 || ended.outcome == Outcome::Unreachable {
                return Ok(ended);
            }
            let templar = self.judging(&ended.result);
            let done = if retries.until.is_empty() {
                ended.outcome != Outcome::Failed
            } else {
                first_false(&retries.until, &templar)?.is_none()
            };
            ended.result.insert("attempts", attempt);
            if done {
                return Ok(ended);
            }
            if attempt >= retries.attempts {
                ended.result.insert("attempts", retries.attempts - 1);
                ended.result.insert("failed", true);
                // `failed_when` has the last word even then, as in Ansible
                if ended.outcome != Outcome::Failed && !ended.result.contains("failed_when_result") {
                    ended.outcome = Outcome::Failed;
                    ended.error = Some(self.failure(&ended.result, context.module_failed));
                    ended.ignored = self.reader().flag("ignore_errors")?.unwrap_or(false);
                }
                return Ok(ended);
            }
            self.report_retry(&ended, attempt, &retries);
            tokio::time::sleep(retries.delay).await;
            if self.work.session.interrupted.load(std::sync::atomic::Ordering::Relaxed) {
                return Err(Error::new(Kind::Interrupted, "user requested abort"));
            }
            attempt += 1;
        }
    }

    fn report_retry(&self, ended: &Ended, attempt: u32, retries: &Retries) {
        let mut result = ended.result.clone();
        result.insert("retries", retries.attempts);
        self.work.session.events.send(Event::Retrying {
            report: Report {
                host: self.work.host.clone(),
                task: ended.info.clone(),
                outcome: Outcome::Failed,
                ignored: false,
                changed: false,
                result: Arc::new(result),
                delegated: ended.delegated.clone(),
                label: None,
                error: None,
                seconds: 0.0,
            },
            attempt,
            left: retries.attempts - attempt,
        });
    }

    /// One call of the action, judged.
    async fn once(&self, context: &mut Context) -> Result<Ended> {
        context.module_failed = false;
        let timeout = context.timeout;
        let work = action::registry::run(context);
        let outcome = match timeout {
            None => work.await,
            Some(limit) => match tokio::time::timeout(limit, work).await {
                Ok(outcome) => outcome,
                Err(_) => return self.timed_out(context, limit),
            },
        };
        let mut result = match outcome {
            Ok(result) => result,
            Err(error) if error.kind() == Kind::Unreachable => {
                let mut ended = Ended::failed(self.info(context), &self.work.host, error);
                ended.delegated = self.delegate()?;
                ended.ignored = self.reader().flag("ignore_unreachable")?.unwrap_or(false);
                ended.any_errors_fatal = self.fatal()?;
                return Ok(ended);
            }
            Err(error) if error.kind() == Kind::Interrupted => return Err(error),
            Err(error) => {
                let mut result = Dict::new();
                result.insert("failed", true);
                result.insert("msg", error.one_line());
                result.insert("changed", false);
                // arguments that do not fit are the task's fault, not a failure of the action's work
                let error = if error.kind() == Kind::General { error } else { error.context("Action failed.") };
                let error = error.context("Task failed.").at(self.work.task.origin());
                return self.judge(context, result, Some(error));
            }
        };
        if !result.contains("failed") {
            let rc = result.get("rc").filter(|rc| !matches!(rc, Value::Int(0) | Value::None));
            let bad = rc.is_some_and(|rc| rc.to_text() != "0");
            result.insert("failed", bad);
        }
        if !result.contains("changed") {
            result.insert("changed", false);
        }
        self.judge(context, result, None)
    }

    fn timed_out(&self, context: &Context, limit: Duration) -> Result<Ended> {
        let mut result = Dict::new();
        let seconds = limit.as_secs();
        result.insert("failed", true);
        result.insert("changed", false);
        result.insert("msg", format!("Timed out after {seconds} second(s)."));
        result.insert(
            "timedout",
            Value::dict(Dict::from_iter([("frame", Value::None), ("period", Value::Int(limit.as_secs() as i64))])),
        );
        let error = Error::action(format!("Timed out after {seconds} second(s)."))
            .context("Task failed.")
            .at(self.work.task.origin());
        self.judge(context, result, Some(error))
    }

    fn info(&self, context: &Context) -> Arc<TaskInfo> {
        let known = &self.work.info;
        if known.check == context.check && known.no_log == context.no_log {
            return known.clone();
        }
        Arc::new(TaskInfo { check: context.check, no_log: context.no_log, ..(**known).clone() })
    }

    fn fatal(&self) -> Result<bool> {
        Ok(self.reader().flag("any_errors_fatal")?.unwrap_or(self.work.session.options.any_errors_fatal))
    }

    /// A templar that sees the result as registered, for `until`, `changed_when` and `failed_when`.
    fn judging(&self, result: &Dict) -> Templar {
        let mut overlay = Dict::new();
        if let Some(facts) = result.get("ansible_facts").and_then(Value::as_dict) {
            overlay.extend(facts.clone());
        }
        if let Some(register) = self.work.task.keyword("register").and_then(Value::as_str) {
            overlay.insert(register, Value::dict(result.clone()));
        }
        if overlay.is_empty() {
            return self.templar.clone();
        }
        self.work.session.templar(&Arc::new(self.view.with(overlay)))
    }

    /// `changed_when` and `failed_when`, then what the result means.
    fn judge(&self, context: &Context, mut result: Dict, error: Option<Error>) -> Result<Ended> {
        let task = &self.work.task;
        let mut error = error;
        let skipped = result.get("skipped").is_some_and(Value::truthy);
        if !skipped {
            if let Some(raw) = task.keyword("changed_when") {
                let conditions = conditions_of(raw);
                let changed = first_false(&conditions, &self.judging(&result))?.is_none();
                result.insert("changed", changed);
            }
            if let Some(raw) = task.keyword("failed_when") {
                let conditions = conditions_of(raw);
                let failed = first_false(&conditions, &self.judging(&result))?.is_none();
                result.insert("failed_when_result", failed);
                result.insert("failed", failed);
                error = failed.then(|| Error::action("Action failed.").context("Task failed.").at(task.origin()));
            }
        }
        let failed = result.get("failed").is_some_and(Value::truthy);
        let outcome = match (failed, skipped) {
            (true, _) => Outcome::Failed,
            (false, true) => Outcome::Skipped,
            (false, false) => Outcome::Ok,
        };
        if failed && error.is_none() {
            error = Some(self.failure(&result, context.module_failed));
        }
        if failed && !result.contains("exception") && context.module_failed {
            result.insert("exception", "(traceback unavailable)");
        }
        let delegated = self.delegate()?;
        let facts_host = match &delegated {
            Some(name) if self.reader().flag("delegate_facts")?.unwrap_or(false) => name.clone(),
            _ => self.work.host.clone(),
        };
        let reader = self.reader();
        let ignored = failed && reader.flag("ignore_errors")?.unwrap_or(false);
        Ok(Ended {
            info: self.info(context),
            no_log: context.no_log || result.get("_ansible_no_log").is_some_and(Value::truthy),
            error,
            ignored,
            any_errors_fatal: self.fatal()?,
            delegated,
            facts_host,
            ..self.work.ended(outcome, result)
        })
    }

    fn failure(&self, result: &Dict, by_module: bool) -> Error {
        let message = result.get("msg").map(|message| message.to_text().into_owned()).unwrap_or_default();
        let outer = if by_module { "Module failed." } else { "Action failed." };
        Error::action(message).context(outer).context("Task failed.").at(self.work.task.origin())
    }

    fn notify(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for raw in self.work.task.scope.chain().filter_map(|scope| scope.keywords.get("notify")).take(1) {
            let value = self.templar.template(raw)?;
            for name in crate::playbook::keyword::texts(&value, false)? {
                names.push(name.to_text().into_owned());
            }
        }
        Ok(names)
    }
}

/// Whether a name means the controller itself.
pub fn is_here(name: &str) -> bool {
    matches!(name, "localhost" | "127.0.0.1" | "::1")
}
