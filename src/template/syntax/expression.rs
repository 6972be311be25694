//! The rules of expressions, loosest binding first, in the order Jinja2 has them.

use super::ast::{Arguments, BinOp, CmpOp, Expr, Node, Target};
use super::overrides::SyntaxOverrides;
use super::parser::{Parsed, Parser, no_arguments};
use super::token::Kind;
use crate::value::{Text, Value};
use std::sync::Arc;

/// What [`Parser::tuple`] may meet.
#[derive(Clone, Copy, Default)]
pub(super) struct TupleRules<'a> {
    /// Only names and literals: the targets of assignments.
    pub simplified: bool,
    /// No inline `if` at the top.
    pub no_condition: bool,
    /// A name that ends it.
    pub end: Option<&'a str>,
    /// Stands in parentheses, and so may be empty.
    pub parentheses: bool,
    /// `ns.attribute` is a target.
    pub namespace: bool,
}

impl Parser {
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.nested(Parser::condition)
    }

    fn condition(&mut self) -> Parsed<Expr> {
        let mut line = self.line();
        let mut expr = self.or()?;
        while self.skip_name("if") {
            let test = Box::new(self.or()?);
            let otherwise = if self.skip_name("else") { Some(Box::new(self.expression()?)) } else { None };
            expr = self.make(Node::Cond { test, then: Box::new(expr), otherwise }, line)?;
            line = self.line();
        }
        Ok(expr)
    }

    fn or(&mut self) -> Parsed<Expr> {
        let mut line = self.line();
        let mut left = self.and()?;
        while self.skip_name("or") {
            let right = self.and()?;
            left = self.make(Node::Or(Box::new(left), Box::new(right)), line)?;
            line = self.line();
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed<Expr> {
        let mut line = self.line();
        let mut left = self.not()?;
        while self.skip_name("and") {
            let right = self.not()?;
            left = self.make(Node::And(Box::new(left), Box::new(right)), line)?;
            line = self.line();
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed<Expr> {
        if self.is_name("not") {
            let line = self.line();
            self.next();
            let inner = self.nested(Parser::not)?;
            return self.make(Node::Not(Box::new(inner)), line);
        }
        self.compare()
    }

    fn compare(&mut self) -> Parsed<Expr> {
        let line = self.line();
        let first = self.sum()?;
        let mut rest = Vec::new();
        loop {
            let op = match self.current() {
                Kind::Op("==") => CmpOp::Eq,
                Kind::Op("!=") => CmpOp::Ne,
                Kind::Op("<") => CmpOp::Lt,
                Kind::Op("<=") => CmpOp::Le,
                Kind::Op(">") => CmpOp::Gt,
                Kind::Op(">=") => CmpOp::Ge,
                kind if kind.is_name("in") => CmpOp::In,
                kind if kind.is_name("not") && self.look().is_name("in") => {
                    self.next();
                    CmpOp::NotIn
                }
                _ => break,
            };
            self.next();
            rest.push((op, self.sum()?));
        }
        if rest.is_empty() { Ok(first) } else { self.make(Node::Compare(Box::new(first), rest), line) }
    }

    fn sum(&mut self) -> Parsed<Expr> {
        let mut line = self.line();
        let mut left = self.concat()?;
        loop {
            let op = match self.current() {
                Kind::Op("+") => BinOp::Add,
                Kind::Op("-") => BinOp::Sub,
                _ => return Ok(left),
            };
            self.next();
            let right = self.concat()?;
            left = self.make(Node::Binary(op, Box::new(left), Box::new(right)), line)?;
            line = self.line();
        }
    }

    fn concat(&mut self) -> Parsed<Expr> {
        let line = self.line();
        let first = self.product()?;
        if !self.is_op("~") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.skip_op("~") {
            parts.push(self.product()?);
        }
        self.make(Node::Concat(parts), line)
    }

    fn product(&mut self) -> Parsed<Expr> {
        let mut line = self.line();
        let mut left = self.power()?;
        loop {
            let op = match self.current() {
                Kind::Op("*") => BinOp::Mul,
                Kind::Op("/") => BinOp::Div,
                Kind::Op("//") => BinOp::FloorDiv,
                Kind::Op("%") => BinOp::Mod,
                _ => return Ok(left),
            };
            self.next();
            let right = self.power()?;
            left = self.make(Node::Binary(op, Box::new(left), Box::new(right)), line)?;
            line = self.line();
        }
    }

    fn power(&mut self) -> Parsed<Expr> {
        let mut line = self.line();
        let mut left = self.unary(true)?;
        while self.skip_op("**") {
            let right = self.unary(true)?;
            left = self.make(Node::Binary(BinOp::Pow, Box::new(left), Box::new(right)), line)?;
            line = self.line();
        }
        Ok(left)
    }

    fn unary(&mut self, with_filter: bool) -> Parsed<Expr> {
        let line = self.line();
        let node = if self.skip_op("-") {
            let inner = self.nested(|parser| parser.unary(false))?;
            self.make(Node::Neg(Box::new(inner)), line)?
        } else if self.skip_op("+") {
            let inner = self.nested(|parser| parser.unary(false))?;
            self.make(Node::Pos(Box::new(inner)), line)?
        } else {
            self.primary(false)?
        };
        let node = self.postfix(node)?;
        if with_filter { self.filters_and_tests(node) } else { Ok(node) }
    }

    pub(super) fn primary(&mut self, namespace: bool) -> Parsed<Expr> {
        let line = self.line();
        let node = match self.current().clone() {
            Kind::Name(name) => {
                self.next();
                match &*name {
                    "true" | "True" => Node::Const(Value::Bool(true)),
                    "false" | "False" => Node::Const(Value::Bool(false)),
                    "none" | "None" => Node::Const(Value::None),
                    _ if namespace && self.skip_op(".") => Node::NamespaceRef(name, self.expect_name()?),
                    _ => {
                        self.note_name(&name);
                        Node::Name(name)
                    }
                }
            }
            Kind::Str(first) => {
                self.next();
                self.string(first)
            }
            Kind::Integer(number) => {
                self.next();
                Node::Const(Value::int(number))
            }
            Kind::Float(number) => {
                self.next();
                Node::Const(Value::Float(number))
            }
            Kind::Op("(") => {
                self.next();
                let inner = self.tuple(TupleRules { parentheses: true, ..TupleRules::default() })?;
                self.expect_op(")")?;
                return Ok(inner);
            }
            Kind::Op("[") => {
                self.next();
                Node::List(self.items("]", Parser::expression)?)
            }
            Kind::Op("{") => {
                self.next();
                Node::Dict(self.items("}", Parser::pair)?)
            }
            other => return self.fail_at(format!("unexpected {}", Value::str(other.describe()).repr()), line),
        };
        self.make(node, line)
    }

    /// Adjacent string literals are one.
    fn string(&mut self, first: Arc<str>) -> Node {
        let mut text = first;
        while let Kind::Str(more) = self.current() {
            text = Arc::from(format!("{text}{more}"));
            self.next();
        }
        if SyntaxOverrides::DEFAULT.finds_template(&text) {
            return Node::Embedded(Text::plain(text));
        }
        Node::Const(Value::Str(Text::plain(text)))
    }

    fn pair(&mut self) -> Parsed<(Expr, Expr)> {
        let key = self.expression()?;
        self.expect_op(":")?;
        Ok((key, self.expression()?))
    }

    /// Items between commas up to a closing bracket; the last comma may stand alone.
    fn items<T>(&mut self, close: &str, item: fn(&mut Parser) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = Vec::new();
        while !self.is_op(close) {
            if !items.is_empty() {
                self.expect_op(",")?;
            }
            if self.is_op(close) {
                break;
            }
            items.push(item(self)?);
        }
        self.expect_op(close)?;
        Ok(items)
    }

    /// An expression, or several with commas between, which are a tuple.
    pub(super) fn tuple(&mut self, rules: TupleRules<'_>) -> Parsed<Expr> {
        let mut line = self.line();
        let mut items = Vec::new();
        let mut is_tuple = false;
        loop {
            if !items.is_empty() {
                self.expect_op(",")?;
            }
            let ends = matches!(self.current(), Kind::VariableEnd | Kind::BlockEnd | Kind::Op(")"));
            if ends || rules.end.is_some_and(|word| self.is_name(word)) {
                break;
            }
            items.push(if rules.simplified {
                self.primary(rules.namespace)?
            } else if rules.no_condition {
                self.nested(Parser::or)?
            } else {
                self.expression()?
            });
            if !self.is_op(",") {
                break;
            }
            is_tuple = true;
            line = self.line();
        }
        if !is_tuple {
            match items.pop() {
                Some(only) => return Ok(only),
                None if !rules.parentheses => {
                    let got = Value::str(self.current().describe()).repr();
                    return self.fail(format!("Expected an expression, got {got}"));
                }
                None => {}
            }
        }
        self.make(Node::Tuple(items), line)
    }

    fn postfix(&mut self, mut node: Expr) -> Parsed<Expr> {
        loop {
            node = match self.current() {
                Kind::Op("." | "[") => self.subscript(node)?,
                Kind::Op("(") => self.call(node)?,
                _ => return Ok(node),
            };
        }
    }

    fn filters_and_tests(&mut self, mut node: Expr) -> Parsed<Expr> {
        loop {
            node = match self.current() {
                Kind::Op("|") => self.filter(Some(node), false)?.unwrap_or_else(unreachable_expr),
                Kind::Op("(") => self.call(node)?,
                kind if kind.is_name("is") => self.test(node)?,
                _ => return Ok(node),
            };
        }
    }

    fn subscript(&mut self, node: Expr) -> Parsed<Expr> {
        let line = self.line();
        if self.skip_op(".") {
            let attribute_line = self.line();
            return match self.next() {
                Kind::Name(name) => self.make(Node::Attr(Box::new(node), name), line),
                Kind::Integer(number) => {
                    let index = self.make(Node::Const(Value::int(number)), attribute_line)?;
                    self.make(Node::Item(Box::new(node), Box::new(index)), line)
                }
                _ => self.fail_at("expected name or number", attribute_line),
            };
        }
        self.expect_op("[")?;
        let mut parts = Vec::new();
        while !self.is_op("]") {
            if !parts.is_empty() {
                self.expect_op(",")?;
            }
            parts.push(self.subscribed()?);
        }
        self.expect_op("]")?;
        let index = match (parts.pop(), parts.is_empty()) {
            (Some(only), true) => only,
            (last, _) => {
                parts.extend(last);
                self.make(Node::Tuple(parts), line)?
            }
        };
        self.make(Node::Item(Box::new(node), Box::new(index)), line)
    }

    fn subscribed(&mut self) -> Parsed<Expr> {
        let line = self.line();
        let start = if self.skip_op(":") {
            None
        } else {
            let index = self.expression()?;
            if !self.skip_op(":") {
                return Ok(index);
            }
            Some(Box::new(index))
        };
        let ends = |parser: &Parser| matches!(parser.current(), Kind::Op("]" | "," | ":"));
        let stop = if ends(self) { None } else { Some(Box::new(self.expression()?)) };
        let step = if self.skip_op(":") && !ends(self) { Some(Box::new(self.expression()?)) } else { None };
        self.make(Node::Slice(start, stop, step), line)
    }

    fn call(&mut self, node: Expr) -> Parsed<Expr> {
        let line = self.line();
        let arguments = self.arguments()?;
        self.make(Node::Call(Box::new(node), arguments), line)
    }

    pub(super) fn arguments(&mut self) -> Parsed<Box<Arguments>> {
        let line = self.line();
        self.expect_op("(")?;
        let mut arguments = Arguments::default();
        let mut require_comma = false;
        while !self.is_op(")") {
            if require_comma {
                self.expect_op(",")?;
                if self.is_op(")") {
                    break;
                }
            }
            require_comma = true;
            let no_stars = arguments.star.is_none() && arguments.double_star.is_none();
            let allowed = if self.skip_op("*") {
                arguments.star = Some(self.expression()?);
                no_stars
            } else if self.is_op("**") {
                let first = arguments.double_star.is_none();
                self.next();
                arguments.double_star = Some(self.expression()?);
                first
            } else if let Kind::Name(name) = self.current().clone()
                && self.look().is_op("=")
            {
                self.next();
                self.next();
                let first = arguments.double_star.is_none();
                arguments.named.push((name, self.expression()?));
                first
            } else {
                let positional = no_stars && arguments.named.is_empty();
                arguments.positional.push(self.expression()?);
                positional
            };
            if !allowed {
                return self.fail_at("invalid syntax for function call expression", line);
            }
        }
        self.expect_op(")")?;
        Ok(Box::new(arguments))
    }

    fn dotted_name(&mut self) -> Parsed<Arc<str>> {
        let mut name = self.expect_name()?;
        while self.skip_op(".") {
            name = Arc::from(format!("{name}.{}", self.expect_name()?));
        }
        Ok(name)
    }

    /// Filters, one after the other; `inline` starts without a `|`.
    pub(super) fn filter(&mut self, mut node: Option<Expr>, mut inline: bool) -> Parsed<Option<Expr>> {
        while inline || self.is_op("|") {
            if !inline {
                self.next();
            }
            inline = false;
            let line = self.line();
            let name = self.dotted_name()?;
            let arguments = if self.is_op("(") { self.arguments()? } else { no_arguments() };
            node = Some(self.make(Node::Filter(node.map(Box::new), name, arguments), line)?);
        }
        Ok(node)
    }

    fn test(&mut self, node: Expr) -> Parsed<Expr> {
        let line = self.line();
        self.next();
        let negated = self.skip_name("not");
        let name = self.dotted_name()?;
        let mut arguments = no_arguments();
        match self.current() {
            Kind::Op("(") => arguments = self.arguments()?,
            Kind::Name(word) if matches!(&**word, "else" | "or" | "and") => {}
            Kind::Name(word) if &**word == "is" => return self.fail("You cannot chain multiple tests with is"),
            Kind::Name(_) | Kind::Str(_) | Kind::Integer(_) | Kind::Float(_) | Kind::Op("[" | "{") => {
                let argument = self.primary(false)?;
                let argument = self.postfix(argument)?;
                arguments.positional.push(argument);
            }
            _ => {}
        }
        let test = self.make(Node::Test(Box::new(node), name, arguments), line)?;
        if negated { self.make(Node::Not(Box::new(test)), line) } else { Ok(test) }
    }

    /// What an expression is as the target of an assignment.
    pub(super) fn target(&self, expr: &Expr) -> Parsed<Target> {
        as_target(expr)
            .map_or_else(|| self.fail_at(format!("can't assign to '{}'", node_name(&expr.node)), expr.line), Ok)
    }
}

fn as_target(expr: &Expr) -> Option<Target> {
    match &expr.node {
        Node::Name(name) => Some(Target::Name(name.clone())),
        Node::NamespaceRef(name, attribute) => Some(Target::Attribute(name.clone(), attribute.clone())),
        Node::Tuple(items) => items.iter().map(as_target).collect::<Option<Vec<_>>>().map(Target::Tuple),
        _ => None,
    }
}

/// Jinja2's name of a node, lower case, as its messages use it.
fn node_name(node: &Node) -> &'static str {
    match node {
        Node::Const(_) | Node::Embedded(_) => "const",
        Node::Name(_) => "name",
        Node::Tuple(_) => "tuple",
        Node::List(_) => "list",
        Node::Dict(_) => "dict",
        Node::Attr(..) => "getattr",
        Node::Item(..) => "getitem",
        Node::Call(..) => "call",
        Node::Filter(..) => "filter",
        Node::Test(..) => "test",
        Node::Compare(..) => "compare",
        Node::Concat(_) => "concat",
        Node::Cond { .. } => "condexpr",
        _ => "expression",
    }
}

/// Filters given an input always give a node; kept total instead of panicking.
fn unreachable_expr() -> Expr {
    Expr { node: Node::Const(Value::None), line: 0, depth: 1 }
}
