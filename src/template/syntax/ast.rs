//! The tree of a template.

use crate::value::{Text, Value};
use std::sync::Arc;

/// A parsed template.
#[derive(Debug, Default)]
pub struct Template {
    /// What it does, in order.
    pub body: Vec<Stmt>,
    /// Its `{% block %}`s, also the nested ones.
    pub blocks: Vec<Arc<Block>>,
    /// Filters and tests it names outside branches, checked before it runs.
    pub needs: Vec<Need>,
    /// Whether it has `{% extends %}`.
    pub extends: bool,
}

/// A filter or test that must exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// `x | name`
    Filter(Arc<str>),
    /// `x is name`
    Test(Arc<str>),
}

/// A statement.
#[derive(Debug)]
pub enum Stmt {
    /// Text.
    Data(Text),
    /// `{{ x }}`
    Emit(Expr),
    /// `{% for %}`
    For(Arc<For>),
    /// `{% if %}`: conditions with their bodies, then `else`.
    If(Vec<(Expr, Vec<Stmt>)>, Vec<Stmt>),
    /// `{% set x = y %}`
    Set(Target, Expr),
    /// `{% set x %}...{% endset %}`, with the filters it passes through.
    SetBlock(Target, Option<Expr>, Vec<Stmt>),
    /// `{% with %}`
    With(Vec<(Target, Expr)>, Vec<Stmt>),
    /// `{% macro %}`
    Macro(Arc<Macro>),
    /// `{% call %}`: the caller, and the call.
    CallBlock(Arc<Macro>, Expr),
    /// `{% filter %}`
    FilterBlock(Expr, Vec<Stmt>),
    /// `{% block %}`
    Block(Arc<Block>),
    /// `{% extends %}`
    Extends(Expr),
    /// `{% include %}`
    Include {
        /// A name, a list of names, or a template.
        template: Expr,
        /// `ignore missing`
        ignore_missing: bool,
        /// `with context` (the default) or `without context`.
        with_context: bool,
    },
    /// `{% import x as y %}`
    Import {
        /// What to import.
        template: Expr,
        /// The name it gets.
        target: Arc<str>,
        /// `with context`
        with_context: bool,
    },
    /// `{% from x import a, b as c %}`
    FromImport {
        /// What to import from.
        template: Expr,
        /// Names there, and here.
        names: Vec<(Arc<str>, Arc<str>)>,
        /// `with context`
        with_context: bool,
    },
    /// `{% autoescape %}`
    Autoescape(Expr, Vec<Stmt>),
    /// `{% break %}`
    Break,
    /// `{% continue %}`
    Continue,
    /// `{% do x %}`
    Do(Expr),
}

/// `{% for target in iter if test recursive %}body{% else %}otherwise{% endfor %}`
#[derive(Debug)]
pub struct For {
    /// Loop variables.
    pub target: Target,
    /// What is looped over.
    pub iter: Expr,
    /// The inline condition.
    pub test: Option<Expr>,
    /// Whether `loop(x)` may be called.
    pub recursive: bool,
    /// Done for each item.
    pub body: Vec<Stmt>,
    /// Done when there was no item.
    pub otherwise: Vec<Stmt>,
    /// Whether `loop` is used below.
    pub uses_loop: bool,
}

/// A macro, or the body of a call block.
#[derive(Debug)]
pub struct Macro {
    /// Its name; none for a caller.
    pub name: Option<Arc<str>>,
    /// Its parameters, in order.
    pub params: Vec<Arc<str>>,
    /// Defaults of the last parameters.
    pub defaults: Vec<Expr>,
    /// What it does.
    pub body: Vec<Stmt>,
    /// Whether it speaks of `varargs`.
    pub varargs: bool,
    /// Whether it speaks of `kwargs`.
    pub kwargs: bool,
    /// Whether it speaks of `caller`.
    pub caller: bool,
}

/// A block that children may override.
#[derive(Debug)]
pub struct Block {
    /// Its name.
    pub name: Arc<str>,
    /// Sees the variables of the scopes around it.
    pub scoped: bool,
    /// Must be overridden.
    pub required: bool,
    /// What it does.
    pub body: Vec<Stmt>,
}

/// Where a value is put.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A variable.
    Name(Arc<str>),
    /// An attribute of a namespace.
    Attribute(Arc<str>, Arc<str>),
    /// Several at once.
    Tuple(Vec<Target>),
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub node: Node,
    /// 1-based line in the template.
    pub line: u32,
    /// How deep it is nested; bounded by the parser.
    pub depth: u16,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub enum Node {
    /// A literal.
    Const(Value),
    /// A string literal that looks like a template: rendered in conditionals and as a lookup's term.
    Embedded(Text),
    /// A variable.
    Name(Arc<str>),
    /// `a, b`
    Tuple(Vec<Expr>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{a: b}`
    Dict(Vec<(Expr, Expr)>),
    /// `not x`
    Not(Box<Expr>),
    /// `-x`
    Neg(Box<Expr>),
    /// `+x`
    Pos(Box<Expr>),
    /// Arithmetic.
    Binary(BinOp, Box<Expr>, Box<Expr>),
    /// `a and b`
    And(Box<Expr>, Box<Expr>),
    /// `a or b`
    Or(Box<Expr>, Box<Expr>),
    /// `a < b < c`
    Compare(Box<Expr>, Vec<(CmpOp, Expr)>),
    /// `a ~ b`
    Concat(Vec<Expr>),
    /// `then if test else otherwise`
    Cond {
        /// The condition.
        test: Box<Expr>,
        /// The value when it holds.
        then: Box<Expr>,
        /// The value when it does not.
        otherwise: Option<Box<Expr>>,
    },
    /// `ns.name` as the target of an assignment.
    NamespaceRef(Arc<str>, Arc<str>),
    /// `x.name`
    Attr(Box<Expr>, Arc<str>),
    /// `x[y]`
    Item(Box<Expr>, Box<Expr>),
    /// `a:b:c` inside brackets.
    Slice(Option<Box<Expr>>, Option<Box<Expr>>, Option<Box<Expr>>),
    /// `x(...)`
    Call(Box<Expr>, Box<Arguments>),
    /// `x | name(...)`; without an input in filter blocks.
    Filter(Option<Box<Expr>>, Arc<str>, Box<Arguments>),
    /// `x is name(...)`
    Test(Box<Expr>, Arc<str>, Box<Arguments>),
}

/// Arguments of a call.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    /// In order.
    pub positional: Vec<Expr>,
    /// By name.
    pub named: Vec<(Arc<str>, Expr)>,
    /// `*args`
    pub star: Option<Expr>,
    /// `**kwargs`
    pub double_star: Option<Expr>,
}

/// Arithmetic operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `//`
    FloorDiv,
    /// `%`
    Mod,
    /// `**`
    Pow,
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CmpOp {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `in`
    In,
    /// `not in`
    NotIn,
}

impl Arguments {
    /// Every expression in it.
    pub fn each(&self) -> impl Iterator<Item = &Expr> {
        self.positional
            .iter()
            .chain(self.named.iter().map(|(_, value)| value))
            .chain(&self.star)
            .chain(&self.double_star)
    }
}
