//! Walks the tree of a template with Python's meaning.
//!
//! One [`Interp`] serves one call from outside: a task's arguments, a condition, a document. It remembers what it rendered
//! and what the template changed, and is dropped with both.

mod access;
mod call;
mod changes;
mod dispatch;
mod expr;
mod finalize;
mod format_spec;
mod include;
mod loops;
pub mod methods;
pub mod objects;
pub mod ops;
pub mod percent;
mod render;
mod scope;
mod sink;
mod stmt;
pub mod strings;

pub use access::{dict_entries, find_method};
pub use dispatch::{has_filter, has_lookup, has_test, omit};
pub use finalize::{Mode, is_template};
pub use include::Document;
pub use methods::sort_by_key;
pub use render::settle;

use super::context::{Environment, Variables};
use crate::error::{Error, Origin, Result};
use crate::template::syntax::ast::{For, Macro};
use crate::value::Value;
use changes::{Changes, Depths};
use scope::{Instance, Scope};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// Templates, macros, includes and loops nested deeper than this end with an error, as Python's recursion limit ends them.
const MAX_DEPTH: usize = 900;

/// One evaluation.
pub struct Interp {
    pub(super) env: Arc<Environment>,
    pub(super) vars: Arc<dyn Variables>,
    /// What texts rendered to, by address; the text is kept so that its address means nothing else.
    memo: HashMap<usize, Memo, foldhash::fast::RandomState>,
    /// Addresses of the texts that are being rendered, innermost last.
    active: Vec<usize>,
    changes: Changes,
    depths: Depths,
    /// Containers that hold nothing to render, by address.
    settled: HashMap<usize, Value, foldhash::fast::RandomState>,
    depth: usize,
    /// Whether something was evaluated that may give another result next time.
    pub(super) volatile: bool,
    volatile_memos: usize,
    closures: Vec<Rc<Closure>>,
    recursions: Vec<Rc<Recursion>>,
    instances: Vec<Rc<Instance>>,
    /// The outermost scopes of the templates whose blocks are running, innermost last.
    block_surroundings: Vec<Rc<Scope>>,
    /// Where the innermost template stands.
    pub(super) origin: Option<Origin>,
    /// Whether string literals that look like templates are rendered: in conditions.
    pub(super) embed: bool,
    /// An endless recursion, which nothing catches.
    pub(super) fatal: Option<Error>,
    /// Where includes are found, and how they are written.
    pub(super) document: Rc<Document>,
    /// Whether the template is a file of its own, whose lines errors can name.
    lines: bool,
    /// Lines of the file above the template's first one.
    header: u32,
    /// What was replaced by a note instead of ending the evaluation, when that is asked for.
    pub(super) replaced: Option<Vec<Error>>,
}

struct Memo {
    _kept: Value,
    value: Value,
    volatile: bool,
}

/// A macro with the scope it was defined in.
struct Closure {
    definition: Arc<Macro>,
    scope: Rc<Scope>,
    /// The file it stands in.
    source: Option<Origin>,
}

/// A recursive loop with the scope around it.
struct Recursion {
    definition: Arc<For>,
    scope: Rc<Scope>,
}

impl Interp {
    /// A fresh evaluation.
    pub fn new(env: Arc<Environment>, vars: Arc<dyn Variables>) -> Interp {
        Interp {
            env,
            vars,
            memo: HashMap::default(),
            active: Vec::new(),
            changes: Changes::default(),
            depths: Depths::default(),
            settled: HashMap::default(),
            depth: 0,
            volatile: false,
            volatile_memos: 0,
            closures: Vec::new(),
            recursions: Vec::new(),
            instances: Vec::new(),
            block_surroundings: Vec::new(),
            origin: None,
            embed: false,
            fatal: None,
            document: Document::none(),
            lines: false,
            header: 0,
            replaced: None,
        }
    }

    /// Runs something one level deeper, on a stack that is large enough; too deep is an error that nothing catches.
    fn deeper<T>(&mut self, run: impl FnOnce(&mut Interp) -> Result<T>) -> Result<T> {
        if let Some(fatal) = &self.fatal {
            return Err(fatal.clone());
        }
        if self.depth >= MAX_DEPTH {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let result = stacker::maybe_grow(256 * 1024, 4 * 1024 * 1024, || run(self));
        self.depth -= 1;
        result
    }

    fn too_deep(&mut self) -> Error {
        let cause = Error::template("maximum recursion depth exceeded");
        let error =
            Error::template("Recursive loop detected in template.").at(self.origin.as_ref()).because(cause).settled();
        self.fatal.get_or_insert(error).clone()
    }

    /// Tells the user, with the place it is about and what to do.
    pub(super) fn warn(&self, message: &str, origin: Option<&Origin>, help: Option<&str>) {
        self.tell(message.to_string(), origin, help, false);
    }

    /// Tells the user what will be refused later.
    pub(super) fn deprecate(&self, message: &str, origin: Option<&Origin>, help: Option<&str>) {
        let message = format!("{message} This feature will be removed from ansible-core version 2.23.");
        self.tell(message, origin, help, true);
    }

    fn tell(&self, message: String, origin: Option<&Origin>, help: Option<&str>, deprecated: bool) {
        if let Some(warn) = &self.env.warn {
            let mut about = Error::template(message).at(origin);
            if let Some(help) = help {
                about = about.help(help);
            }
            warn(crate::error::render::verbose(&about), deprecated);
        }
    }

    /// What stands where a value should be that could not be had, in evaluations that show errors instead of failing.
    pub(super) fn replaced(&mut self, error: Error) -> Result<Value> {
        let Some(replaced) = &mut self.replaced else {
            return Err(error);
        };
        replaced.push(error.clone());
        // nobody else may take this for the value
        self.volatile = true;
        Ok(Value::from(format!("<< error {} - {} >>", replaced.len(), error.one_line())))
    }

    /// An undefined value with a message, at the place of the innermost template.
    pub(super) fn undefined(&self, message: impl Into<String>) -> Value {
        let mut undefined = crate::value::Undefined::new(message);
        undefined.origin.clone_from(&self.origin);
        Value::Undefined(Arc::new(undefined))
    }

    /// The number of a template instance, for objects that refer to it.
    fn instance_id(&mut self, instance: &Rc<Instance>) -> usize {
        instance.id.get().unwrap_or_else(|| {
            self.instances.push(instance.clone());
            instance.id.set(Some(self.instances.len() - 1));
            self.instances.len() - 1
        })
    }
}
