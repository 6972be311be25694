//! The scopes of a running template: variables set in it, and the blocks it knows.

use crate::error::Origin;
use crate::template::syntax::ast::{Block, Template};
use crate::value::Value;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

/// One scope: the template's own, a loop's pass, a macro's call, a `with`.
pub struct Scope {
    names: RefCell<Vec<(Arc<str>, Value)>>,
    parent: Option<Rc<Scope>>,
    is_root: bool,
    /// The template it belongs to.
    pub instance: Rc<Instance>,
}

/// A template that runs, together with the parents it extends.
#[derive(Default)]
pub struct Instance {
    /// Its name, for templates that were loaded by one.
    pub name: Option<Arc<str>>,
    /// Sees no variables but its own: imported or included without context.
    pub isolated: bool,
    /// Each block's definitions, the youngest first.
    pub blocks: RefCell<Vec<(Arc<str>, Vec<Arc<Block>>)>>,
    /// What `{% extends %}` named.
    pub parent: RefCell<Option<(Arc<Template>, Origin)>>,
    /// Its number among the evaluation's instances, once an object refers to it.
    pub id: Cell<Option<usize>>,
}

impl Instance {
    /// Takes over the blocks of a template, below those that are there.
    pub fn add_blocks(&self, template: &Template) {
        let mut blocks = self.blocks.borrow_mut();
        for block in &template.blocks {
            match blocks.iter_mut().find(|(name, _)| *name == block.name) {
                Some((_, known)) => known.push(block.clone()),
                None => blocks.push((block.name.clone(), vec![block.clone()])),
            }
        }
    }

    /// A block's definition, `depth` generations up.
    pub fn block(&self, name: &str, depth: usize) -> Option<Arc<Block>> {
        let blocks = self.blocks.borrow();
        blocks.iter().find(|(known, _)| **known == *name)?.1.get(depth).cloned()
    }
}

impl Scope {
    /// The outermost scope of a template; `around` is what an include sees of its surroundings.
    pub fn root(instance: Rc<Instance>, around: Option<Rc<Scope>>) -> Rc<Scope> {
        Rc::new(Scope { names: RefCell::default(), parent: around, is_root: true, instance })
    }

    /// A scope inside this one.
    pub fn child(self: &Rc<Scope>) -> Rc<Scope> {
        Rc::new(Scope {
            names: RefCell::default(),
            parent: Some(self.clone()),
            is_root: false,
            instance: self.instance.clone(),
        })
    }

    /// The template's outermost scope.
    pub fn template_root(self: &Rc<Scope>) -> Rc<Scope> {
        let mut scope = self;
        while !scope.is_root {
            match &scope.parent {
                Some(parent) => scope = parent,
                None => break,
            }
        }
        scope.clone()
    }

    /// A variable, from here outwards.
    pub fn get(&self, name: &str) -> Option<Value> {
        let mut scope = Some(self);
        while let Some(here) = scope {
            let names = here.names.borrow();
            if let Some((_, value)) = names.iter().rev().find(|(known, _)| **known == *name) {
                return Some(value.clone());
            }
            scope = here.parent.as_deref();
        }
        None
    }

    /// Sets a variable here.
    pub fn set(&self, name: &Arc<str>, value: Value) {
        let mut names = self.names.borrow_mut();
        match names.iter_mut().find(|(known, _)| known == name) {
            Some((_, slot)) => *slot = value,
            None => names.push((name.clone(), value)),
        }
    }

    /// What this scope itself holds.
    pub fn own(&self) -> Vec<(Arc<str>, Value)> {
        self.names.borrow().clone()
    }

    /// Forgets what this scope itself holds, to serve again.
    pub fn clear(&self) {
        self.names.borrow_mut().clear();
    }
}
