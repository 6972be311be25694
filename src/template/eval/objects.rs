//! Live values of a running template: functions, macros, `loop`, namespaces, ranges, blocks, imported templates.

use crate::error::{Error, Result};
use crate::template::registry::Function;
use crate::value::{Dict, Object, Undefined, Value};
use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A value that stands for an object.
pub fn value(object: impl Object) -> Value {
    Value::Object(Arc::new(object))
}

/// The object of type `T` that a value is.
pub fn downcast<T: 'static>(value: &Value) -> Option<&T> {
    match value {
        Value::Object(object) => object.as_any().downcast_ref(),
        _ => None,
    }
}

macro_rules! opaque {
    ($type:ty, $name:literal) => {
        opaque!($type, $name, |_this| concat!("<", $name, ">").to_string());
    };
    ($type:ty, $name:literal, $repr:expr) => {
        impl Object for $type {
            fn type_name(&self) -> &str {
                $name
            }
            fn as_any(&self) -> &dyn Any {
                self
            }
            fn repr(&self) -> String {
                let repr: fn(&$type) -> String = $repr;
                repr(self)
            }
        }
    };
}

/// The placeholder that makes an argument or item go away.
#[derive(Debug)]
pub struct Omit;
opaque!(Omit, "_OmitType", |_| "<<Omit>>".into());

/// Whether a value is the `omit` placeholder.
pub fn is_omit(value: &Value) -> bool {
    downcast::<Omit>(value).is_some()
}

/// A global function that was taken by name instead of being called.
pub struct FunctionRef(pub Function);

impl Object for FunctionRef {
    fn type_name(&self) -> &str {
        if matches!(self.0.name, "dict" | "range" | "cycler" | "joiner" | "namespace") { "type" } else { "function" }
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn repr(&self) -> String {
        format!("<{} {}>", if self.type_name() == "type" { "class" } else { "function" }, self.0.name)
    }
}

impl std::fmt::Debug for FunctionRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.name)
    }
}

/// A method with its receiver, taken without being called.
#[derive(Debug)]
pub struct Method {
    /// What it is called on.
    pub receiver: Value,
    /// Its name.
    pub name: &'static str,
}
opaque!(Method, "builtin_function_or_method", |this| {
    format!("<built-in method {} of {} object>", this.name, this.receiver.type_name())
});

/// A macro or caller; what it does stands in the evaluation's list.
#[derive(Debug)]
pub struct MacroRef {
    /// Its number there.
    pub id: usize,
    /// Its name; none for a caller.
    pub name: Option<Arc<str>>,
    /// Its parameters.
    pub params: Vec<Arc<str>>,
    /// Whether it takes any positional and named arguments, and a caller.
    pub flags: (bool, bool, bool),
}

impl Object for MacroRef {
    fn type_name(&self) -> &str {
        "Macro"
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn get(&self, key: &Value) -> Result<Option<Value>> {
        Ok(Some(match key.as_str() {
            Some("name") => self.name.as_deref().map_or(Value::None, Value::str),
            Some("arguments") => Value::tuple(self.params.iter().map(|param| Value::str(&**param))),
            Some("catch_varargs") => Value::Bool(self.flags.0),
            Some("catch_kwargs") => Value::Bool(self.flags.1),
            Some("caller") => Value::Bool(self.flags.2),
            _ => return Ok(None),
        }))
    }
    fn repr(&self) -> String {
        self.name
            .as_deref()
            .map_or_else(|| "<Macro anonymous>".into(), |name| format!("<Macro {}>", Value::str(name).repr()))
    }
}

/// `namespace(...)`
#[derive(Debug, Default)]
pub struct Namespace(Mutex<Dict>);

impl Namespace {
    /// A namespace with these attributes.
    pub fn new(attributes: Dict) -> Namespace {
        Namespace(Mutex::new(attributes))
    }

    /// Sets an attribute.
    pub fn set(&self, name: &str, value: Value) {
        lock(&self.0).insert(name, value);
    }
}

impl Object for Namespace {
    fn type_name(&self) -> &str {
        "Namespace"
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn get(&self, key: &Value) -> Result<Option<Value>> {
        Ok(lock(&self.0).get_value(key).cloned())
    }
    fn repr(&self) -> String {
        format!("<Namespace {}>", Value::dict(lock(&self.0).clone()).repr())
    }
}

/// `range(start, stop, step)`
#[derive(Debug)]
pub struct Range {
    /// First number.
    pub start: i64,
    /// Up to, but not, this one.
    pub stop: i64,
    /// Distance; never zero.
    pub step: i64,
}

impl Range {
    /// How many numbers.
    pub fn count(&self) -> usize {
        let (start, stop, step) = (i128::from(self.start), i128::from(self.stop), i128::from(self.step));
        let span = if step > 0 { stop - start } else { start - stop };
        usize::try_from((span + step.abs() - 1).max(0) / step.abs()).unwrap_or(usize::MAX)
    }

    /// The number at a position.
    pub fn at(&self, at: usize) -> Option<Value> {
        (at < self.count()).then(|| Value::Int((i128::from(self.start) + at as i128 * i128::from(self.step)) as i64))
    }
}

impl Object for Range {
    fn type_name(&self) -> &str {
        "range"
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn get(&self, key: &Value) -> Result<Option<Value>> {
        Ok(match key {
            Value::Str(name) => match name.as_str() {
                "start" => Some(Value::Int(self.start)),
                "stop" => Some(Value::Int(self.stop)),
                "step" => Some(Value::Int(self.step)),
                _ => None,
            },
            other => other.as_i64().and_then(|at| {
                let at = if at < 0 { at + i64::try_from(self.count()).ok()? } else { at };
                self.at(usize::try_from(at).ok()?)
            }),
        })
    }
    fn iterate(&self) -> Option<Vec<Value>> {
        // a list of more would fill the memory; loops and `random` do not need one
        let count = self.count().min(50_000_000);
        Some((0..count).filter_map(|at| self.at(at)).collect())
    }
    fn len(&self) -> Option<usize> {
        Some(self.count())
    }
    fn repr(&self) -> String {
        if self.step == 1 {
            format!("range({}, {})", self.start, self.stop)
        } else {
            format!("range({}, {}, {})", self.start, self.stop, self.step)
        }
    }
}

/// `cycler(...)`
#[derive(Debug)]
pub struct Cycler {
    items: Vec<Value>,
    at: Mutex<usize>,
}

impl Cycler {
    /// A cycler over at least one item.
    pub fn new(items: Vec<Value>) -> Cycler {
        Cycler { items, at: Mutex::new(0) }
    }

    /// The current item, before going on to the next.
    pub fn next(&self) -> Value {
        let mut at = lock(&self.at);
        let item = self.items.get(*at).cloned().unwrap_or_default();
        *at = (*at + 1) % self.items.len().max(1);
        item
    }

    /// Back to the first.
    pub fn reset(&self) {
        *lock(&self.at) = 0;
    }
}

impl Object for Cycler {
    fn type_name(&self) -> &str {
        "Cycler"
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn get(&self, key: &Value) -> Result<Option<Value>> {
        Ok((key.as_str() == Some("current")).then(|| self.items.get(*lock(&self.at)).cloned().unwrap_or_default()))
    }
}

/// `joiner(sep)`
#[derive(Debug)]
pub struct Joiner {
    separator: Value,
    used: Mutex<bool>,
}

impl Joiner {
    /// A joiner that was not called yet.
    pub fn new(separator: Value) -> Joiner {
        Joiner { separator, used: Mutex::new(false) }
    }

    /// Nothing the first time, the separator later.
    pub fn call(&self) -> Value {
        if std::mem::replace(&mut *lock(&self.used), true) { self.separator.clone() } else { Value::str("") }
    }
}
opaque!(Joiner, "Joiner");

/// `loop`
#[derive(Debug)]
pub struct Loop {
    state: Mutex<LoopState>,
    /// How many loops of the same kind are around it.
    pub depth0: usize,
    /// What calling it runs: its number among the evaluation's recursive loops.
    pub recursion: Option<usize>,
}

#[derive(Debug)]
struct LoopState {
    items: Arc<Vec<Value>>,
    at: usize,
    last_changed: Option<Vec<Value>>,
}

impl Loop {
    /// A loop before its first item.
    pub fn new(items: Arc<Vec<Value>>, depth0: usize, recursion: Option<usize>) -> Loop {
        Loop { state: Mutex::new(LoopState { items, at: 0, last_changed: None }), depth0, recursion }
    }

    /// Moves to an item.
    pub fn go_to(&self, at: usize) {
        lock(&self.state).at = at;
    }

    /// `loop.cycle(...)`
    pub fn cycle(&self, items: &[Value]) -> Result<Value> {
        if items.is_empty() {
            return Err(Error::template("no items for cycling given"));
        }
        Ok(items[lock(&self.state).at % items.len()].clone())
    }

    /// `loop.changed(...)`
    pub fn changed(&self, values: Vec<Value>) -> bool {
        let mut state = lock(&self.state);
        let changed = state.last_changed.as_ref() != Some(&values);
        if changed {
            state.last_changed = Some(values);
        }
        changed
    }
}

impl Object for Loop {
    fn type_name(&self) -> &str {
        "LoopContext"
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn get(&self, key: &Value) -> Result<Option<Value>> {
        let state = lock(&self.state);
        let (at, len) = (state.at, state.items.len());
        let missing = |what: &str| Value::Undefined(Arc::new(Undefined::new(format!("there is no {what} item"))));
        Ok(Some(match key.as_str() {
            Some("index") => Value::from(at + 1),
            Some("index0") => Value::from(at),
            Some("revindex") => Value::from(len - at),
            Some("revindex0") => Value::from(len - at - 1),
            Some("first") => Value::Bool(at == 0),
            Some("last") => Value::Bool(at + 1 == len),
            Some("length") => Value::from(len),
            Some("depth") => Value::from(self.depth0 + 1),
            Some("depth0") => Value::from(self.depth0),
            Some("previtem") => {
                at.checked_sub(1).and_then(|at| state.items.get(at)).cloned().unwrap_or_else(|| missing("previous"))
            }
            Some("nextitem") => state.items.get(at + 1).cloned().unwrap_or_else(|| missing("next")),
            _ => return Ok(None),
        }))
    }
    fn len(&self) -> Option<usize> {
        Some(lock(&self.state).items.len())
    }
    fn repr(&self) -> String {
        let state = lock(&self.state);
        format!("<LoopContext {}/{}>", state.at + 1, state.items.len())
    }
}

/// `self`: the template's blocks.
#[derive(Debug)]
pub struct SelfRef {
    /// The instance's number.
    pub instance: usize,
}
opaque!(SelfRef, "TemplateReference", |_| "<TemplateReference None>".into());

/// A block to call: `self.name` or `super`.
#[derive(Debug)]
pub struct BlockRef {
    /// The instance's number.
    pub instance: usize,
    /// The block's name.
    pub name: Arc<str>,
    /// Generations up.
    pub depth: usize,
}
opaque!(BlockRef, "BlockReference");

/// What `{% import %}` gives.
#[derive(Debug)]
pub struct Module {
    /// The template's name.
    pub name: Arc<str>,
    /// What it set and defined.
    pub exports: Dict,
    /// What it printed.
    pub body: Value,
}

impl Object for Module {
    fn type_name(&self) -> &str {
        "TemplateModule"
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn get(&self, key: &Value) -> Result<Option<Value>> {
        Ok(self.exports.get_value(key).cloned())
    }
    fn repr(&self) -> String {
        format!("<TemplateModule {}>", Value::str(&*self.name).repr())
    }
}

/// A group that `groupby` made: a pair whose parts have names.
#[derive(Debug)]
pub struct GroupTuple {
    /// What the items have in common.
    pub grouper: Value,
    /// The items.
    pub list: Value,
}

impl GroupTuple {
    /// The plain pair.
    pub fn pair(&self) -> [Value; 2] {
        [self.grouper.clone(), self.list.clone()]
    }
}

impl Object for GroupTuple {
    fn type_name(&self) -> &str {
        "GroupTuple"
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn get(&self, key: &Value) -> Result<Option<Value>> {
        Ok(match (key.as_str(), key.as_i64()) {
            (Some("grouper"), _) | (_, Some(0 | -2)) => Some(self.grouper.clone()),
            (Some("list"), _) | (_, Some(1 | -1)) => Some(self.list.clone()),
            _ => None,
        })
    }
    fn iterate(&self) -> Option<Vec<Value>> {
        Some(self.pair().into())
    }
    fn len(&self) -> Option<usize> {
        Some(2)
    }
    fn repr(&self) -> String {
        Value::tuple(self.pair()).repr()
    }
}

/// Methods of objects, by name.
pub fn find_method(value: &Value, name: &str) -> Option<&'static str> {
    let Value::Object(object) = value else {
        return None;
    };
    let any = object.as_any();
    let names: &[&str] = if any.is::<Loop>() {
        &["cycle", "changed"]
    } else if any.is::<Cycler>() {
        &["next", "reset"]
    } else if any.is::<Range>() {
        &["count", "index"]
    } else {
        return None;
    };
    names.iter().find(|known| **known == name).copied()
}
