//! The value every floor speaks: YAML and JSON data with Python's meaning.
//!
//! A [`Value`] is cheap to clone (containers are shared and never changed in place), knows Python's truth, equality,
//! order, hash and `repr`, and its strings carry where they come from and whether they may be rendered as templates.

pub mod codec;
mod compare;
mod dict;
pub mod fnmatch;
pub mod json;
pub mod literal;
mod moment;
mod object;
mod repr;
pub mod shlex;
mod text;
mod undefined;
pub mod url;

pub use dict::Dict;
pub use moment::{Moment, TimeDelta};
pub use object::Object;
pub use repr::float as repr_float;
pub use text::{Tag, Text, Trust};
pub use undefined::Undefined;

use crate::error::Origin;
use indexmap::IndexSet;
use num_bigint::BigInt;
use std::sync::Arc;

/// A set; keeps insertion order, where Python's order is arbitrary.
pub type Set = IndexSet<Value, foldhash::fast::RandomState>;

/// Any value a playbook, an inventory, a template or a module can speak of.
#[derive(Clone, Default)]
pub enum Value {
    /// What an expression gives that names nothing. Strict: using it is an error; chainable: its attributes are undefined too.
    Undefined(Arc<Undefined>),
    /// YAML null, Python's None.
    #[default]
    None,
    /// True or False; equal to 1 and 0, as in Python.
    Bool(bool),
    /// An integer that fits 64 bits.
    Int(i64),
    /// An integer that does not.
    BigInt(Arc<BigInt>),
    /// A float.
    Float(f64),
    /// A text, with its origin and trust.
    Str(Text),
    /// Python's bytes.
    Bytes(Arc<[u8]>),
    /// A list.
    List(Arc<Vec<Value>>),
    /// A tuple: prints with parentheses, equals no list.
    Tuple(Arc<Vec<Value>>),
    /// A mapping in insertion order.
    Dict(Arc<Dict>),
    /// A set.
    Set(Arc<Set>),
    /// A date, time, datetime or the difference between two.
    Moment(Arc<Moment>),
    /// A text that is still encrypted; whoever resolves values decrypts it.
    Vault(Arc<Vaulted>),
    /// Something live: hostvars, a macro, a namespace, a function.
    Object(Arc<dyn Object>),
}

/// The text of a `!vault` scalar or of an inline encrypted variable, with the place it stands at.
#[derive(Debug)]
pub struct Vaulted {
    /// The whole envelope, `$ANSIBLE_VAULT;...` and the hex lines.
    pub ciphertext: String,
    /// Where the value stands.
    pub origin: Option<Origin>,
}

impl Value {
    /// An untrusted text without origin: what programs and targets give us.
    pub fn str(text: impl Into<Arc<str>>) -> Value {
        Value::Str(Text::plain(text))
    }

    /// A list.
    pub fn list(items: impl IntoIterator<Item = Value>) -> Value {
        Value::List(Arc::new(items.into_iter().collect()))
    }

    /// A tuple.
    pub fn tuple(items: impl IntoIterator<Item = Value>) -> Value {
        Value::Tuple(Arc::new(items.into_iter().collect()))
    }

    /// A mapping.
    pub fn dict(dict: Dict) -> Value {
        Value::Dict(Arc::new(dict))
    }

    /// An integer, small where it fits.
    pub fn int(number: BigInt) -> Value {
        match i64::try_from(&number) {
            Ok(small) => Value::Int(small),
            Err(_) => Value::BigInt(Arc::new(number)),
        }
    }

    /// An undefined value with Ansible's message for a missing variable.
    pub fn undefined_name(name: &str) -> Value {
        Value::Undefined(Arc::new(Undefined::new(format!("'{name}' is undefined"))))
    }

    /// The text, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The mapping, if this is one.
    pub fn as_dict(&self) -> Option<&Dict> {
        match self {
            Value::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    /// The items of a list or tuple.
    pub fn as_slice(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) | Value::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The integer, from an int or a bool that fits 64 bits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(*number),
            Value::Bool(flag) => Some(i64::from(*flag)),
            _ => None,
        }
    }

    /// The number as a float, from a bool, int or float.
    pub fn as_f64(&self) -> Option<f64> {
        use num_traits::ToPrimitive;
        match self {
            Value::Float(number) => Some(*number),
            Value::Int(number) => Some(*number as f64),
            Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
            Value::BigInt(number) => number.to_f64(),
            _ => None,
        }
    }

    /// Whether this is [`Value::Undefined`].
    pub fn is_undefined(&self) -> bool {
        matches!(self, Value::Undefined(_))
    }

    /// Whether this is [`Value::None`].
    pub fn is_none(&self) -> bool {
        matches!(self, Value::None)
    }

    /// Member of a mapping by name, without rendering it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_dict().and_then(|dict| dict.get(key))
    }

    /// Python's truth: empty, zero, None and undefined are false.
    pub fn truthy(&self) -> bool {
        match self {
            Value::Undefined(_) | Value::None => false,
            Value::Bool(flag) => *flag,
            Value::Int(number) => *number != 0,
            Value::BigInt(_) | Value::Vault(_) => true,
            Value::Float(number) => *number != 0.0,
            Value::Str(text) => !text.is_empty(),
            Value::Bytes(bytes) => !bytes.is_empty(),
            Value::List(items) | Value::Tuple(items) => !items.is_empty(),
            Value::Dict(dict) => !dict.is_empty(),
            Value::Set(set) => !set.is_empty(),
            Value::Moment(moment) => moment.truthy(),
            Value::Object(object) => object.truthy(),
        }
    }

    /// Python's name of the type, as error messages and `type_debug` print it.
    pub fn type_name(&self) -> &str {
        match self {
            Value::Undefined(_) => "Undefined",
            Value::None => "NoneType",
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::BigInt(_) => "int",
            Value::Float(_) => "float",
            Value::Str(_) | Value::Vault(_) => "str",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "list",
            Value::Tuple(_) => "tuple",
            Value::Dict(_) => "dict",
            Value::Set(_) => "set",
            Value::Moment(moment) => moment.type_name(),
            Value::Object(object) => object.type_name(),
        }
    }

    /// Where the value comes from, as far as it knows: texts do, containers answer for their first text.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Value::Str(text) => text.origin(),
            Value::Vault(vaulted) => vaulted.origin.as_ref(),
            Value::Undefined(undefined) => undefined.origin.as_ref(),
            Value::List(items) | Value::Tuple(items) => items.iter().find_map(Value::origin),
            Value::Dict(dict) => dict.iter().find_map(|(key, value)| key.origin().or_else(|| value.origin())),
            _ => None,
        }
    }

    /// Python's `str()`: texts as they are, everything else as [`Value::repr`].
    pub fn to_text(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Value::Str(text) => std::borrow::Cow::Borrowed(text),
            other => std::borrow::Cow::Owned(repr::display(other)),
        }
    }

    /// Python's `repr()`.
    pub fn repr(&self) -> String {
        repr::repr(self)
    }

    /// Ansible's boolean words: yes/on/1/true/t/y and no/off/0/false/f/n in any case, also as booleans and numbers.
    pub fn to_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(flag) => Some(*flag),
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            Value::Float(number) if *number == 0.0 => Some(false),
            Value::Float(number) if *number == 1.0 => Some(true),
            Value::Str(text) => match text.trim().to_ascii_lowercase().as_str() {
                "yes" | "on" | "1" | "true" | "t" | "y" | "1.0" => Some(true),
                "no" | "off" | "0" | "false" | "f" | "n" | "0.0" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// The same value with every text in it untrusted: what comes from a target or a program is data.
    pub fn untrusted(&self) -> Value {
        match self {
            Value::Str(text) if text.is_trusted() => Value::Str(text.untrusted()),
            Value::List(items) => Value::list(items.iter().map(Value::untrusted)),
            Value::Tuple(items) => Value::tuple(items.iter().map(Value::untrusted)),
            Value::Dict(dict) => Value::dict(dict.iter().map(|(k, v)| (k.untrusted(), v.untrusted())).collect()),
            other => other.clone(),
        }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.repr())
    }
}

macro_rules! from {
    ($($source:ty => $build:expr),* $(,)?) => {$(
        impl From<$source> for Value {
            fn from(source: $source) -> Value {
                #[allow(clippy::redundant_closure_call)]
                ($build)(source)
            }
        }
    )*};
}

from! {
    bool => Value::Bool,
    i64 => Value::Int,
    i32 => |n| Value::Int(i64::from(n)),
    u32 => |n| Value::Int(i64::from(n)),
    u8 => |n| Value::Int(i64::from(n)),
    u64 => |n: u64| Value::int(BigInt::from(n)),
    usize => |n: usize| Value::int(BigInt::from(n)),
    f64 => Value::Float,
    &str => Value::str,
    &String => |s: &String| Value::str(s.as_str()),
    String => Value::str,
    Text => Value::Str,
    Dict => Value::dict,
    Vec<Value> => Value::list,
    BigInt => Value::int,
}

impl From<std::borrow::Cow<'_, str>> for Value {
    fn from(text: std::borrow::Cow<'_, str>) -> Value {
        Value::str(&*text)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(source: Option<T>) -> Value {
        source.map_or(Value::None, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_is_pythons() {
        assert!(!Value::str("").truthy());
        assert!(Value::str("no").truthy());
        assert!(!Value::list([]).truthy());
        assert!(!Value::Float(0.0).truthy());
    }

    #[test]
    fn ansible_boolean_words() {
        assert_eq!(Value::str(" Yes ").to_bool(), Some(true));
        assert_eq!(Value::str("off").to_bool(), Some(false));
        assert_eq!(Value::str("maybe").to_bool(), None);
        assert_eq!(Value::Int(2).to_bool(), None);
    }

    #[test]
    fn a_value_stays_small() {
        assert!(size_of::<Value>() <= 32);
    }
}
