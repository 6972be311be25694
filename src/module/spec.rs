//! What a module accepts, as a table, with Ansible's types, choices and messages. The checks themselves are in `params`.

use crate::value::{Dict, Value};

/// The type of an argument, as `argument_spec` names it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A text; numbers and booleans become texts.
    Str,
    /// A boolean, from Ansible's words for it.
    Bool,
    /// An integer, also from a text.
    Int,
    /// A float, also from a text.
    Float,
    /// A list; a text is split at commas. With the type of the items.
    List(&'static Kind),
    /// A mapping, also from JSON or `k=v` texts.
    Dict,
    /// A mapping with arguments of its own.
    Options(&'static [Arg]),
    /// A list of such mappings.
    OptionsList(&'static [Arg]),
    /// A path: `~` and `$VARS` expanded at the target.
    Path,
    /// Anything, as it is.
    Raw,
    /// JSON text, from any structure.
    Jsonarg,
    /// A size such as `10M`, in bytes.
    Bytes,
    /// A size such as `10Mb`, in bits.
    Bits,
}

/// One argument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arg {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// Must be given.
    pub required: bool,
    /// The default as text in YAML's spelling (`"no"`, `"10"`), converted as a given value would be.
    pub default: Option<&'static str>,
    /// The values allowed, as texts.
    pub choices: &'static [&'static str],
    /// Its value is a secret: never shown in results.
    pub no_log: bool,
    /// Spoken between the controller's half of a module and this one only: no message and no `invocation` names it.
    pub hidden: bool,
}

impl Arg {
    /// An optional argument without default.
    pub const fn new(name: &'static str, kind: Kind) -> Arg {
        Arg { name, kind, aliases: &[], required: false, default: None, choices: &[], no_log: false, hidden: false }
    }

    /// Must be given.
    pub const fn required(mut self) -> Arg {
        self.required = true;
        self
    }

    /// Other names for it.
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Arg {
        self.aliases = aliases;
        self
    }

    /// The value when it is not given.
    pub const fn default(mut self, text: &'static str) -> Arg {
        self.default = Some(text);
        self
    }

    /// The values allowed.
    pub const fn choices(mut self, choices: &'static [&'static str]) -> Arg {
        self.choices = choices;
        self
    }

    /// A secret.
    pub const fn no_log(mut self) -> Arg {
        self.no_log = true;
        self
    }

    /// See [`Arg::hidden`].
    pub const fn hidden(mut self) -> Arg {
        self.hidden = true;
        self
    }
}

/// `required_if`: when the argument has the value, the others must be given (all of them, or one with `any`).
#[derive(Clone, Copy, Debug)]
pub struct RequiredIf {
    /// The argument that decides.
    pub name: &'static str,
    /// Its value, as text.
    pub value: &'static str,
    /// What is then needed.
    pub needs: &'static [&'static str],
    /// One of them is enough.
    pub any: bool,
}

/// What a module accepts.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Short name: `copy`.
    pub name: &'static str,
    /// Its arguments.
    pub args: &'static [Arg],
    /// Groups of which at most one may be given.
    pub mutually_exclusive: &'static [&'static [&'static str]],
    /// Groups given together or not at all.
    pub required_together: &'static [&'static [&'static str]],
    /// Groups of which one must be given.
    pub required_one_of: &'static [&'static [&'static str]],
    /// Needs that follow from a value.
    pub required_if: &'static [RequiredIf],
    /// Needs that follow from an argument being given.
    pub required_by: &'static [(&'static str, &'static [&'static str])],
    /// Does the right thing in check mode; others are skipped there.
    pub check_mode: bool,
    /// Also accepts mode, owner, group, seuser, serole, selevel, setype, attributes, unsafe_writes.
    pub file_arguments: bool,
    /// Takes free text (`command: ls -l`) as `_raw_params`.
    pub free_form: bool,
}

impl Spec {
    /// A module without arguments that supports check mode; written `Spec { args: ..., ..Spec::new("name") }`.
    pub const fn new(name: &'static str) -> Spec {
        Spec {
            name,
            args: &[],
            mutually_exclusive: &[],
            required_together: &[],
            required_one_of: &[],
            required_if: &[],
            required_by: &[],
            check_mode: true,
            file_arguments: false,
            free_form: false,
        }
    }
}

/// Checked and converted parameters: every argument of the spec is there, `None` where nothing was given.
#[derive(Clone, Debug, Default)]
pub struct Params(pub Dict);

impl Params {
    /// The value, `Value::None` when not given.
    pub fn value(&self, name: &str) -> &Value {
        static NONE: Value = Value::None;
        self.0.get(name).unwrap_or(&NONE)
    }

    /// Whether something was given (or defaulted).
    pub fn is_set(&self, name: &str) -> bool {
        !self.value(name).is_none()
    }

    /// A text argument.
    pub fn str(&self, name: &str) -> Option<&str> {
        self.value(name).as_str()
    }

    /// A boolean argument; false when not given.
    pub fn bool(&self, name: &str) -> bool {
        self.value(name).truthy()
    }

    /// An integer argument.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.value(name).as_i64()
    }

    /// A list argument; empty when not given.
    pub fn list(&self, name: &str) -> &[Value] {
        self.value(name).as_slice().unwrap_or(&[])
    }

    /// The texts of a list argument.
    pub fn strs(&self, name: &str) -> Vec<&str> {
        self.list(name).iter().filter_map(Value::as_str).collect()
    }
}
