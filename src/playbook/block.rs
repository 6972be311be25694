//! Blocks, and lists of tasks: the tree that hosts walk through.

use super::keyword::{self, Keywords, Place};
use super::loader::{Context, Loader};
use super::scope::{Scope, ScopeKind};
use super::task::{self, Task, vars_of};
use crate::error::{Error, Result};
use crate::value::{Dict, Value};
use std::sync::Arc;

/// A step of a list of tasks.
#[derive(Clone, Debug)]
pub enum Step {
    /// A task.
    Task(Arc<Task>),
    /// A block.
    Block(Arc<Block>),
}

/// Tasks with what to do when they fail, and afterwards.
#[derive(Debug)]
pub struct Block {
    /// `block:`.
    pub block: Vec<Step>,
    /// `rescue:`.
    pub rescue: Vec<Step>,
    /// `always:`.
    pub always: Vec<Step>,
    /// Its keywords and variables.
    pub scope: Arc<Scope>,
}

impl Block {
    /// A block that the user did not write: a file of tasks, a role, a section of a play.
    pub fn implicit(steps: Vec<Step>, scope: Arc<Scope>) -> Block {
        Block { block: steps, rescue: Vec::new(), always: Vec::new(), scope }
    }

    /// All its tasks in order, those of rescue and always too.
    pub fn tasks(&self) -> Vec<&Arc<Task>> {
        let mut tasks = Vec::new();
        self.collect(&mut tasks);
        tasks
    }

    fn collect<'a>(&'a self, tasks: &mut Vec<&'a Arc<Task>>) {
        for step in self.block.iter().chain(&self.rescue).chain(&self.always) {
            match step {
                Step::Task(task) => tasks.push(task),
                Step::Block(block) => block.collect(tasks),
            }
        }
    }

    /// The same block with only the tasks that `keep` accepts; empty blocks are dropped.
    pub fn filter(&self, keep: &dyn Fn(&Task) -> Result<bool>) -> Result<Block> {
        let filter = |steps: &[Step]| -> Result<Vec<Step>> {
            let mut kept = Vec::new();
            for step in steps {
                match step {
                    Step::Task(task) => {
                        if keep(task)? {
                            kept.push(step.clone());
                        }
                    }
                    Step::Block(block) => {
                        let block = block.filter(keep)?;
                        if !block.is_empty() {
                            kept.push(Step::Block(Arc::new(block)));
                        }
                    }
                }
            }
            Ok(kept)
        };
        Ok(Block {
            block: filter(&self.block)?,
            rescue: filter(&self.rescue)?,
            always: filter(&self.always)?,
            scope: self.scope.clone(),
        })
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.block.is_empty() && self.rescue.is_empty() && self.always.is_empty()
    }
}

/// Builds the steps of a list of tasks; imports are resolved here.
pub fn parse_list(loader: &Loader, list: &Value, context: &Context) -> Result<Vec<Step>> {
    let items = match list {
        Value::None => return Ok(Vec::new()),
        Value::List(items) => items,
        other => {
            let message = format!(
                "A malformed block was encountered while loading tasks: a list of tasks was expected, got {}",
                other.type_name()
            );
            return Err(Error::parser(message).at(other.origin()));
        }
    };
    let mut steps = Vec::new();
    for item in items.iter() {
        let dict = item.as_dict().ok_or_else(|| {
            let message = format!(
                "A malformed block was encountered while loading tasks: a task must be a mapping, got {}",
                item.type_name()
            );
            Error::parser(message).at(item.origin())
        })?;
        if dict.contains("block") {
            steps.push(Step::Block(Arc::new(parse(loader, dict, context)?)));
        } else if let Some(stray) = ["rescue", "always"].into_iter().find(|key| dict.contains(key)) {
            let key = dict.get_entry(stray).map(|(key, _)| key);
            return Err(Error::parser(format!("'{stray}' keyword cannot be used without 'block'"))
                .at(key.and_then(|k| k.origin())));
        } else {
            let task = task::parse(loader, dict, context)?;
            super::import::expand(loader, task, context, &mut steps)?;
        }
    }
    Ok(steps)
}

fn parse(loader: &Loader, dict: &Dict, context: &Context) -> Result<Block> {
    let origin = dict.keys().next().and_then(|key| key.origin()).cloned();
    let mut keywords = Keywords::default();
    for (key, value) in dict {
        let name = key.as_str().unwrap_or_default();
        let keyword = keyword::find(name, Place::Block)
            .ok_or_else(|| keyword::invalid(name, "Block", Place::Block, key.origin()))?;
        keywords.set(keyword, value.clone(), key.origin().cloned());
    }
    if context.handlers {
        return Err(Error::parser("Using a block as a handler is not supported.").at(origin.as_ref()));
    }
    let lists = ["block", "rescue", "always"].map(|name| keywords.take(name).unwrap_or_default());
    let vars = vars_of(&mut keywords)?;
    let mut scope = Scope::empty(ScopeKind::Block, Some(context.parent.clone()));
    scope.keywords = keywords;
    scope.vars = vars;
    scope.origin = origin;
    let inner = context.inside(Arc::new(scope));
    let [block, rescue, always] = lists;
    Ok(Block {
        block: parse_list(loader, &block, &inner)?,
        rescue: parse_list(loader, &rescue, &inner)?,
        always: parse_list(loader, &always, &inner)?,
        scope: inner.parent.clone(),
    })
}
