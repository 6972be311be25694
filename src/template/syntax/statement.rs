//! The rules of statements.

use super::ast::{Block, Expr, For, Macro, Node, Stmt, Target};
use super::expression::TupleRules;
use super::parser::{Parsed, Parser, Special};
use super::token::Kind;
use crate::value::{Text, Value};
use std::sync::Arc;

impl Parser {
    /// Text and statements up to one of the tags in `ends`, which becomes the current token.
    pub(super) fn subparse(&mut self, ends: &'static [&'static str]) -> Parsed<Vec<Stmt>> {
        if !ends.is_empty() {
            self.end_stack.push(ends);
        }
        let body = self.nested(|parser| parser.subparse_inner(ends));
        if !ends.is_empty() {
            self.end_stack.pop();
        }
        body
    }

    fn subparse_inner(&mut self, ends: &[&str]) -> Parsed<Vec<Stmt>> {
        let mut body = Vec::new();
        loop {
            match self.current().clone() {
                Kind::Data(text) => {
                    body.push(Stmt::Data(Text::plain(text)));
                    self.next();
                }
                Kind::VariableBegin => {
                    self.next();
                    body.push(Stmt::Emit(self.tuple(TupleRules::default())?));
                    self.expect_kind(&Kind::VariableEnd)?;
                }
                Kind::BlockBegin => {
                    self.next();
                    if ends.iter().any(|word| self.is_name(word)) {
                        return Ok(body);
                    }
                    self.statement(&mut body)?;
                    self.expect_kind(&Kind::BlockEnd)?;
                }
                _ => return Ok(body),
            }
        }
    }

    /// The body of a statement: from the end of its tag to one of the tags in `ends`.
    fn statements(&mut self, ends: &'static [&'static str], drop_end: bool) -> Parsed<Vec<Stmt>> {
        self.skip_op(":");
        self.expect_kind(&Kind::BlockEnd)?;
        let body = self.subparse(ends)?;
        if matches!(self.current(), Kind::Eof | Kind::Error(_)) {
            self.end_stack.push(ends);
            let failed = self.fail_unknown(None, self.line());
            self.end_stack.pop();
            return failed;
        }
        if drop_end {
            self.next();
        }
        Ok(body)
    }

    fn fail_unknown<T>(&self, tag: Option<&str>, line: u32) -> Parsed<T> {
        let mut message = match tag {
            None => "Unexpected end of template.".to_string(),
            Some(tag) => format!("Encountered unknown tag {}.", Value::str(tag).repr()),
        };
        if let Some(looking) = self.end_stack.last() {
            let looking: Vec<String> = looking.iter().map(|word| format!("'{word}'")).collect();
            let looking = looking.join(" or ");
            let expected = tag.is_some_and(|tag| self.end_stack.iter().any(|ends| ends.contains(&tag)));
            if expected {
                message += &format!(
                    " You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for {looking}."
                );
            } else {
                message += &format!(" Jinja was looking for the following tags: {looking}.");
            }
        }
        if let Some(innermost) = self.tag_stack.last() {
            let innermost = Value::str(&**innermost).repr();
            message += &format!(" The innermost block that needs to be closed is {innermost}.");
        }
        self.fail_at(message, line)
    }

    fn statement(&mut self, body: &mut Vec<Stmt>) -> Parsed<()> {
        let line = self.line();
        let Kind::Name(tag) = self.current().clone() else {
            return self.fail("tag name expected");
        };
        self.tag_stack.push(tag.clone());
        let statement = match &*tag {
            "for" => self.for_loop(),
            "if" => self.if_chain(),
            "block" => self.block(),
            "extends" => self.extends(),
            "print" => self.print(body),
            "macro" => self.macro_definition(),
            "include" => self.include(),
            "from" => self.import_names(),
            "import" => self.import(),
            "set" => self.set(),
            "with" => self.with(),
            "autoescape" => self.autoescape(),
            "call" => self.call_block(),
            "filter" => self.filter_block(),
            "do" if self.extensions.do_tag => {
                self.next();
                self.tuple(TupleRules::default()).map(Stmt::Do)
            }
            "break" | "continue" if self.extensions.loop_controls => {
                self.next();
                if self.loops == 0 {
                    return self.fail_at(format!("'{tag}' outside loop"), line);
                }
                Ok(if &*tag == "break" { Stmt::Break } else { Stmt::Continue })
            }
            _ => {
                self.tag_stack.pop();
                return self.fail_unknown(Some(&tag), line);
            }
        };
        self.tag_stack.pop();
        body.push(statement?);
        Ok(())
    }

    fn assign_target(&mut self, rules: TupleRules<'_>) -> Parsed<Target> {
        let expr = self.tuple(TupleRules { simplified: true, ..rules })?;
        self.target(&expr)
    }

    fn assign_name(&mut self) -> Parsed<Arc<str>> {
        let line = self.line();
        let name = self.expect_name()?;
        if matches!(&*name, "true" | "false" | "none" | "True" | "False" | "None") {
            return self.fail_at("can't assign to 'name'", line);
        }
        Ok(name)
    }

    fn set(&mut self) -> Parsed<Stmt> {
        self.next();
        let target = self.assign_target(TupleRules { namespace: true, ..TupleRules::default() })?;
        if self.skip_op("=") {
            return Ok(Stmt::Set(target, self.tuple(TupleRules::default())?));
        }
        let filter = self.filter(None, false)?;
        let body = self.statements(&["endset"], true)?;
        Ok(Stmt::SetBlock(target, filter, body))
    }

    fn for_loop(&mut self) -> Parsed<Stmt> {
        self.expect_word("for")?;
        let line = self.line();
        let target = self.assign_target(TupleRules { end: Some("in"), ..TupleRules::default() })?;
        if names_loop(&target) {
            return self.fail_at("Can't assign to special loop variable in for-loop target", line);
        }
        self.expect_word("in")?;
        let rules = TupleRules { no_condition: true, end: Some("recursive"), ..TupleRules::default() };
        let iter = self.tuple(rules)?;
        let test = if self.skip_name("if") { Some(self.expression()?) } else { None };
        let recursive = self.skip_name("recursive");
        self.special.push(Special::default());
        self.loops += 1;
        let body = self.statements(&["endfor", "else"], false);
        self.loops -= 1;
        let special = self.special.pop().unwrap_or_default();
        let body = body?;
        let ended = self.is_name("endfor");
        self.next();
        let otherwise = if ended { Vec::new() } else { self.statements(&["endfor"], true)? };
        let uses_loop = special.uses_loop || recursive;
        Ok(Stmt::For(Arc::new(For { target, iter, test, recursive, body, otherwise, uses_loop })))
    }

    fn if_chain(&mut self) -> Parsed<Stmt> {
        self.expect_word("if")?;
        let mut branches = Vec::new();
        loop {
            let test = self.tuple(TupleRules { no_condition: true, ..TupleRules::default() })?;
            branches.push((test, self.statements(&["elif", "else", "endif"], false)?));
            if self.skip_name("elif") {
                continue;
            }
            let otherwise = if self.skip_name("else") {
                self.statements(&["endif"], true)?
            } else {
                self.next();
                Vec::new()
            };
            return Ok(Stmt::If(branches, otherwise));
        }
    }

    fn with(&mut self) -> Parsed<Stmt> {
        self.next();
        let mut values = Vec::new();
        while self.current() != &Kind::BlockEnd {
            if !values.is_empty() {
                self.expect_op(",")?;
            }
            let target = self.assign_target(TupleRules::default())?;
            self.expect_op("=")?;
            values.push((target, self.expression()?));
        }
        Ok(Stmt::With(values, self.statements(&["endwith"], true)?))
    }

    fn autoescape(&mut self) -> Parsed<Stmt> {
        self.next();
        let expr = self.expression()?;
        Ok(Stmt::Autoescape(expr, self.statements(&["endautoescape"], true)?))
    }

    fn block(&mut self) -> Parsed<Stmt> {
        self.next();
        let line = self.line();
        let name = self.expect_name()?;
        let scoped = self.skip_name("scoped");
        let required = self.skip_name("required");
        if self.is_op("-") {
            return self.fail(
                "Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore \
                 instead.",
            );
        }
        let loops = std::mem::take(&mut self.loops);
        let body = self.statements(&["endblock"], true);
        self.loops = loops;
        let body = body?;
        let blank = |stmt: &Stmt| matches!(stmt, Stmt::Data(text) if text.trim().is_empty());
        if required && !body.iter().all(blank) {
            return self.fail("Required blocks can only contain comments or whitespace");
        }
        self.skip_name(&name);
        if self.blocks.iter().any(|block| block.name == name) {
            return self.fail_at(format!("block {} defined twice", Value::str(&*name).repr()), line);
        }
        if scoped {
            self.note_name("loop");
        }
        let block = Arc::new(Block { name, scoped, required, body });
        self.blocks.push(block.clone());
        Ok(Stmt::Block(block))
    }

    fn extends(&mut self) -> Parsed<Stmt> {
        self.next();
        self.extends = true;
        Ok(Stmt::Extends(self.expression()?))
    }

    fn import_context(&mut self, default: bool) -> bool {
        let word = self.is_name("with") || self.is_name("without");
        if !word || !self.look().is_name("context") {
            return default;
        }
        let with = self.is_name("with");
        self.next();
        self.next();
        with
    }

    fn include(&mut self) -> Parsed<Stmt> {
        self.next();
        let template = self.expression()?;
        let ignore_missing = self.is_name("ignore") && self.look().is_name("missing");
        if ignore_missing {
            self.next();
            self.next();
        }
        Ok(Stmt::Include { template, ignore_missing, with_context: self.import_context(true) })
    }

    fn import(&mut self) -> Parsed<Stmt> {
        self.next();
        let template = self.expression()?;
        self.expect_word("as")?;
        let target = self.assign_name()?;
        Ok(Stmt::Import { template, target, with_context: self.import_context(false) })
    }

    fn import_names(&mut self) -> Parsed<Stmt> {
        self.next();
        let template = self.expression()?;
        self.expect_word("import")?;
        let mut names = Vec::new();
        let mut with_context = None;
        let context = |parser: &mut Parser| {
            let word = parser.is_name("with") || parser.is_name("without");
            (word && parser.look().is_name("context")).then(|| parser.import_context(false))
        };
        loop {
            if !names.is_empty() {
                self.expect_op(",")?;
            }
            if !matches!(self.current(), Kind::Name(_)) {
                self.expect_name()?;
            }
            with_context = with_context.or(context(self));
            if with_context.is_some() {
                break;
            }
            let line = self.line();
            let name = self.assign_name()?;
            if name.starts_with('_') {
                return self.fail_at("names starting with an underline can not be imported", line);
            }
            let alias = if self.skip_name("as") { self.assign_name()? } else { name.clone() };
            names.push((name, alias));
            with_context = context(self);
            if with_context.is_some() || !self.is_op(",") {
                break;
            }
        }
        Ok(Stmt::FromImport { template, names, with_context: with_context.unwrap_or(false) })
    }

    fn signature(&mut self) -> Parsed<(Vec<Arc<str>>, Vec<Expr>)> {
        let (mut params, mut defaults) = (Vec::new(), Vec::new());
        self.expect_op("(")?;
        while !self.is_op(")") {
            if !params.is_empty() {
                self.expect_op(",")?;
            }
            params.push(self.assign_name()?);
            if self.skip_op("=") {
                defaults.push(self.expression()?);
            } else if !defaults.is_empty() {
                return self.fail("non-default argument follows default argument");
            }
        }
        self.expect_op(")")?;
        Ok((params, defaults))
    }

    /// The body of a macro or caller, and which special names it speaks of.
    fn macro_body(
        &mut self,
        name: Option<Arc<str>>,
        (params, defaults): (Vec<Arc<str>>, Vec<Expr>),
        end: &'static [&'static str],
    ) -> Parsed<Arc<Macro>> {
        let line = self.line();
        self.special.push(Special::default());
        let loops = std::mem::take(&mut self.loops);
        let body = self.statements(end, true);
        self.loops = loops;
        let special = self.special.pop().unwrap_or_default();
        let body = body?;
        if special.caller
            && let Some(at) = params.iter().position(|param| &**param == "caller")
            && at + defaults.len() < params.len()
        {
            return self.fail_at(
                "When defining macros or call blocks the special \"caller\" argument must be omitted or be given a default.",
                line,
            );
        }
        let Special { varargs, kwargs, caller, .. } = special;
        Ok(Arc::new(Macro { name, params, defaults, body, varargs, kwargs, caller }))
    }

    fn macro_definition(&mut self) -> Parsed<Stmt> {
        self.next();
        let name = self.assign_name()?;
        let signature = self.signature()?;
        Ok(Stmt::Macro(self.macro_body(Some(name), signature, &["endmacro"])?))
    }

    fn call_block(&mut self) -> Parsed<Stmt> {
        let line = self.line();
        self.next();
        let signature = if self.is_op("(") { self.signature()? } else { (Vec::new(), Vec::new()) };
        let call = self.expression()?;
        if !matches!(call.node, Node::Call(..)) {
            return self.fail_at("expected call", line);
        }
        Ok(Stmt::CallBlock(self.macro_body(None, signature, &["endcall"])?, call))
    }

    fn filter_block(&mut self) -> Parsed<Stmt> {
        self.next();
        let filter = self.filter(None, true)?;
        let body = self.statements(&["endfilter"], true)?;
        match filter {
            Some(filter) => Ok(Stmt::FilterBlock(filter, body)),
            None => self.unexpected("name"),
        }
    }

    /// `{% print a, b %}`: all but the last go to `body` here.
    fn print(&mut self, body: &mut Vec<Stmt>) -> Parsed<Stmt> {
        self.next();
        let mut last: Option<Expr> = None;
        while self.current() != &Kind::BlockEnd {
            if let Some(expr) = last.take() {
                self.expect_op(",")?;
                body.push(Stmt::Emit(expr));
            }
            last = Some(self.expression()?);
        }
        Ok(last.map_or(Stmt::If(Vec::new(), Vec::new()), Stmt::Emit))
    }
}

fn names_loop(target: &Target) -> bool {
    match target {
        Target::Name(name) => &**name == "loop",
        Target::Attribute(..) => false,
        Target::Tuple(targets) => targets.iter().any(names_loop),
    }
}
