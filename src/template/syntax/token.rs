//! Tokens, and how error messages name them.

use num_bigint::BigInt;
use std::sync::Arc;

/// What the lexer found.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Text between the delimiters.
    Data(Arc<str>),
    /// `{{`
    VariableBegin,
    /// `}}`
    VariableEnd,
    /// `{%`
    BlockBegin,
    /// `%}`
    BlockEnd,
    /// An identifier or keyword.
    Name(Arc<str>),
    /// A string, escapes undone.
    Str(Arc<str>),
    /// An integer.
    Integer(BigInt),
    /// A float.
    Float(f64),
    /// An operator or bracket.
    Op(&'static str),
    /// The end.
    Eof,
    /// Where the lexer gave up; the parser fails with its message when it gets here.
    Error(Arc<str>),
}

/// A token and the line it stands in.
#[derive(Clone, Debug)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// 1-based line in the template.
    pub line: u32,
}

impl Kind {
    /// As error messages call it.
    pub fn describe(&self) -> &str {
        match self {
            Kind::Data(_) => "template data / text",
            Kind::VariableBegin => "begin of print statement",
            Kind::VariableEnd => "end of print statement",
            Kind::BlockBegin => "begin of statement block",
            Kind::BlockEnd => "end of statement block",
            Kind::Name(name) => name,
            Kind::Str(_) => "string",
            Kind::Integer(_) => "integer",
            Kind::Float(_) => "float",
            Kind::Op(op) => op,
            Kind::Eof => "end of template",
            Kind::Error(message) => message,
        }
    }

    /// Whether this is the name `word`.
    pub fn is_name(&self, word: &str) -> bool {
        matches!(self, Kind::Name(name) if &**name == word)
    }

    /// Whether this is the operator `op`.
    pub fn is_op(&self, op: &str) -> bool {
        matches!(self, Kind::Op(own) if *own == op)
    }
}
