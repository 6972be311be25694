//! The token stream and what all rules of the grammar share; statements and expressions stand in files of their own.

use super::ast::{Arguments, Block, Expr, Need, Node, Stmt, Template};
use super::lexer::{Mode, SyntaxError, tokenize};
use super::overrides::SyntaxOverrides;
use super::token::{Kind, Token};
use std::sync::Arc;

/// Expressions nested deeper than this are refused, as Python's own parser refuses them.
pub const MAX_DEPTH: u16 = 250;
/// Statements nested deeper than this are refused.
const MAX_BLOCKS: usize = 100;

pub(super) type Parsed<T> = Result<T, SyntaxError>;

/// Tags that are off unless `jinja2_extensions` turns them on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Extensions {
    /// `jinja2.ext.do`
    pub do_tag: bool,
    /// `jinja2.ext.loopcontrols`
    pub loop_controls: bool,
}

/// Names with a meaning of their own that a scope speaks of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Special {
    pub varargs: bool,
    pub kwargs: bool,
    pub caller: bool,
    pub uses_loop: bool,
}

pub(super) struct Parser {
    tokens: Vec<Token>,
    at: usize,
    pub(super) extensions: Extensions,
    pub(super) tag_stack: Vec<Arc<str>>,
    pub(super) end_stack: Vec<&'static [&'static str]>,
    pub(super) blocks: Vec<Arc<Block>>,
    pub(super) extends: bool,
    /// One entry for each macro, caller and loop around the position.
    pub(super) special: Vec<Special>,
    pub(super) loops: usize,
    pub(super) nesting: u16,
}

/// Parses a whole document.
pub(super) fn document(
    text: &str,
    syntax: &SyntaxOverrides,
    escape_backslashes: bool,
    extensions: Extensions,
) -> Parsed<Template> {
    let mut parser = Parser::new(tokenize(text, Mode::Document, syntax, escape_backslashes), extensions);
    let body = parser.subparse(&[])?;
    if parser.current() != &Kind::Eof {
        return parser.fail("internal parsing error");
    }
    Ok(parser.finish(body))
}

/// Parses a bare expression.
pub(super) fn expression(text: &str, extensions: Extensions) -> Parsed<Template> {
    let tokens = tokenize(text, Mode::Expression, &SyntaxOverrides::DEFAULT, false);
    if let Some(Token { kind: Kind::Error(message), line }) = tokens.first() {
        return Err(SyntaxError { message: format!("{message}\n  line {line}"), line: *line });
    }
    let mut parser = Parser::new(tokens, extensions);
    let expr = parser.expression()?;
    if parser.current() != &Kind::Eof {
        return parser.fail("chunk after expression");
    }
    Ok(parser.finish(vec![Stmt::Emit(expr)]))
}

impl Parser {
    fn new(tokens: Vec<Token>, extensions: Extensions) -> Parser {
        Parser {
            tokens,
            at: 0,
            extensions,
            tag_stack: Vec::new(),
            end_stack: Vec::new(),
            blocks: Vec::new(),
            extends: false,
            special: Vec::new(),
            loops: 0,
            nesting: 0,
        }
    }

    fn finish(self, body: Vec<Stmt>) -> Template {
        let mut needs = Vec::new();
        collect_statements(&body, false, &mut needs);
        for block in &self.blocks {
            collect_statements(&block.body, false, &mut needs);
        }
        Template { body, blocks: self.blocks, needs, extends: self.extends }
    }

    pub(super) fn current(&self) -> &Kind {
        self.tokens.get(self.at).map_or(&Kind::Eof, |token| &token.kind)
    }

    pub(super) fn look(&self) -> &Kind {
        self.tokens.get(self.at + 1).map_or(&Kind::Eof, |token| &token.kind)
    }

    pub(super) fn line(&self) -> u32 {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |token| token.line)
    }

    pub(super) fn next(&mut self) -> Kind {
        let kind = self.current().clone();
        self.at = (self.at + 1).min(self.tokens.len());
        kind
    }

    pub(super) fn is_op(&self, op: &str) -> bool {
        self.current().is_op(op)
    }

    pub(super) fn is_name(&self, word: &str) -> bool {
        self.current().is_name(word)
    }

    pub(super) fn skip_op(&mut self, op: &str) -> bool {
        let found = self.is_op(op);
        if found {
            self.next();
        }
        found
    }

    pub(super) fn skip_name(&mut self, word: &str) -> bool {
        let found = self.is_name(word);
        if found {
            self.next();
        }
        found
    }

    pub(super) fn fail<T>(&self, message: impl Into<String>) -> Parsed<T> {
        self.fail_at(message, self.line())
    }

    pub(super) fn fail_at<T>(&self, message: impl Into<String>, line: u32) -> Parsed<T> {
        // the lexer's complaint comes first: the parser only stumbles over it
        match self.current() {
            Kind::Error(message) => Err(SyntaxError { message: message.to_string(), line: self.line() }),
            _ => Err(SyntaxError { message: message.into(), line }),
        }
    }

    pub(super) fn unexpected<T>(&self, expected: &str) -> Parsed<T> {
        let expected = crate::value::Value::str(expected).repr();
        match self.current() {
            Kind::Eof => self.fail(format!("unexpected end of template, expected {expected}.")),
            other => {
                let got = crate::value::Value::str(other.describe()).repr();
                self.fail(format!("expected token {expected}, got {got}"))
            }
        }
    }

    pub(super) fn expect_op(&mut self, op: &str) -> Parsed<()> {
        if self.skip_op(op) { Ok(()) } else { self.unexpected(op) }
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.skip_name(word) { Ok(()) } else { self.unexpected(word) }
    }

    pub(super) fn expect_kind(&mut self, kind: &Kind) -> Parsed<()> {
        if self.current() == kind {
            self.next();
            return Ok(());
        }
        self.unexpected(kind.describe())
    }

    pub(super) fn expect_name(&mut self) -> Parsed<Arc<str>> {
        match self.current().clone() {
            Kind::Name(name) => {
                self.next();
                Ok(name)
            }
            _ => self.unexpected("name"),
        }
    }

    /// Notes that the scopes around the position speak of `name`.
    pub(super) fn note_name(&mut self, name: &str) {
        let set: fn(&mut Special) = match name {
            "varargs" => |special| special.varargs = true,
            "kwargs" => |special| special.kwargs = true,
            "caller" => |special| special.caller = true,
            "loop" => |special| special.uses_loop = true,
            _ => return,
        };
        self.special.iter_mut().for_each(set);
    }

    /// An expression, refused when it is nested too deeply.
    pub(super) fn make(&self, node: Node, line: u32) -> Parsed<Expr> {
        let mut deepest = 0;
        each_child(&node, &mut |child| deepest = deepest.max(child.depth));
        if deepest >= MAX_DEPTH {
            return self.fail_at("too many nested expressions", line);
        }
        Ok(Expr { node, line, depth: deepest + 1 })
    }

    /// Runs a rule one level deeper.
    pub(super) fn nested<T>(&mut self, rule: impl FnOnce(&mut Parser) -> Parsed<T>) -> Parsed<T> {
        if self.nesting >= MAX_DEPTH || self.end_stack.len() > MAX_BLOCKS {
            return self.fail("too many nested expressions");
        }
        self.nesting += 1;
        let parsed = stacker::maybe_grow(64 * 1024, 1024 * 1024, || rule(self));
        self.nesting -= 1;
        parsed
    }
}

/// Calls `see` with each expression right below `node`.
pub fn each_child(node: &Node, see: &mut dyn FnMut(&Expr)) {
    match node {
        Node::Const(_) | Node::Embedded(_) | Node::Name(_) | Node::NamespaceRef(..) => {}
        Node::Tuple(items) | Node::List(items) | Node::Concat(items) => items.iter().for_each(see),
        Node::Dict(items) => items.iter().for_each(|(key, value)| {
            see(key);
            see(value);
        }),
        Node::Not(inner) | Node::Neg(inner) | Node::Pos(inner) | Node::Attr(inner, _) => see(inner),
        Node::Binary(_, a, b) | Node::And(a, b) | Node::Or(a, b) | Node::Item(a, b) => {
            see(a);
            see(b);
        }
        Node::Compare(first, rest) => {
            see(first);
            rest.iter().for_each(|(_, operand)| see(operand));
        }
        Node::Cond { test, then, otherwise } => {
            see(then);
            see(test);
            otherwise.iter().for_each(|otherwise| see(otherwise));
        }
        Node::Slice(a, b, c) => [a, b, c].into_iter().flatten().for_each(|part| see(part)),
        Node::Call(inner, arguments) | Node::Test(inner, _, arguments) => {
            see(inner);
            arguments.each().for_each(see);
        }
        Node::Filter(input, _, arguments) => {
            input.iter().for_each(|input| see(input));
            arguments.each().for_each(see);
        }
    }
}

fn collect_expr(expr: &Expr, soft: bool, needs: &mut Vec<Need>) {
    let soft = soft || matches!(expr.node, Node::Cond { .. });
    let need = match &expr.node {
        Node::Filter(_, name, _) => Some(Need::Filter(name.clone())),
        Node::Test(_, name, _) => Some(Need::Test(name.clone())),
        _ => None,
    };
    if let Some(need) = need.filter(|need| !soft && !needs.contains(need)) {
        needs.push(need);
    }
    each_child(&expr.node, &mut |child| collect_expr(child, soft, needs));
}

fn collect_arguments(macro_: &super::ast::Macro, needs: &mut Vec<Need>) {
    macro_.defaults.iter().for_each(|default| collect_expr(default, false, needs));
    collect_statements(&macro_.body, false, needs);
}

/// Which filters and tests must exist before anything runs: those outside branches, as Jinja2 compiles them.
fn collect_statements(body: &[Stmt], soft: bool, needs: &mut Vec<Need>) {
    for stmt in body {
        match stmt {
            Stmt::Data(_) | Stmt::Break | Stmt::Continue | Stmt::Block(_) => {}
            Stmt::Emit(expr) | Stmt::Set(_, expr) | Stmt::Extends(expr) | Stmt::Do(expr) => {
                collect_expr(expr, soft, needs);
            }
            Stmt::For(node) => {
                collect_expr(&node.iter, soft, needs);
                node.test.iter().for_each(|test| collect_expr(test, false, needs));
                collect_statements(&node.body, false, needs);
                collect_statements(&node.otherwise, false, needs);
            }
            Stmt::If(branches, otherwise) => {
                for (test, body) in branches {
                    collect_expr(test, true, needs);
                    collect_statements(body, true, needs);
                }
                collect_statements(otherwise, true, needs);
            }
            Stmt::SetBlock(_, filter, body) => {
                filter.iter().for_each(|filter| collect_expr(filter, soft, needs));
                collect_statements(body, false, needs);
            }
            Stmt::With(values, body) => {
                values.iter().for_each(|(_, value)| collect_expr(value, soft, needs));
                collect_statements(body, false, needs);
            }
            Stmt::Macro(macro_) => collect_arguments(macro_, needs),
            Stmt::CallBlock(macro_, call) => {
                collect_arguments(macro_, needs);
                collect_expr(call, soft, needs);
            }
            Stmt::FilterBlock(expr, body) | Stmt::Autoescape(expr, body) => {
                collect_expr(expr, soft, needs);
                collect_statements(body, false, needs);
            }
            Stmt::Include { template, .. } | Stmt::Import { template, .. } | Stmt::FromImport { template, .. } => {
                collect_expr(template, soft, needs);
            }
        }
    }
}

/// No arguments.
pub(super) fn no_arguments() -> Box<Arguments> {
    Box::default()
}
