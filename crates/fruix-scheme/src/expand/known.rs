// SPDX-License-Identifier: GPL-3.0-or-later
//! Macros whose outcome the expander knows: it makes the tree itself instead of running their
//! transformers, which for GNU Guix's packages is where the time would go.
//!
//! Whoever defines such a macro registers its transformer with what the expander has to know. The
//! transformer stays what it is; a use that is not plainly of the expected shape is left to
//! it, so that mistakes are reported in its words.

use super::constructors::Constructor;
use super::escapes::Escapes;
use super::resolve::Env;
use super::{Ex, Form};
use crate::engine::Engine;
use crate::heap::Tracer;
use crate::native::Result;
use crate::tree::Expr;
use crate::value::Value;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// What is known of a macro.
pub(super) enum Known {
    /// A record constructor that takes fields by name.
    Constructor(Constructor),
    /// A quotation with escapes.
    Escapes(Escapes),
}

/// A use of such a macro that was found to be of the expected shape.
pub(super) struct Use {
    known: Rc<Known>,
    plan: Plan,
}

/// What the look at a use found.
enum Plan {
    Constructor(super::constructors::Plan),
    Escapes(super::escapes::Plan),
}

/// The macros that are known, by their transformers.
pub(super) struct Registry {
    macros: FxHashMap<Value, Rc<Known>>,
    enabled: bool,
}

impl Default for Registry {
    fn default() -> Registry {
        Registry { macros: FxHashMap::default(), enabled: true }
    }
}

impl Registry {
    pub(super) fn trace(&self, tracer: &mut Tracer) {
        for (&transformer, known) in &self.macros {
            tracer.visit(transformer);
            match &**known {
                Known::Constructor(constructor) => constructor.trace(tracer),
                Known::Escapes(escapes) => escapes.trace(tracer),
            }
        }
    }

    /// Notes what is known of the macro with this transformer.
    pub(super) fn add(&mut self, transformer: Value, known: Known) {
        self.macros.insert(transformer, Rc::new(known));
    }
}

impl Engine {
    /// Sets whether the expander does the work of macros that it knows, or runs their transformers.
    pub fn set_known_macros(&mut self, enabled: bool) {
        self.expander.known.enabled = enabled;
    }

    /// How many macros the expander knows.
    pub fn known_macros(&self) -> usize {
        self.expander.known.macros.len()
    }
}

impl Ex<'_> {
    /// Whether `f` is a use, of the expected shape, of a macro that is known by its transformer `p`.
    #[inline]
    pub(super) fn known_use(&mut self, p: Value, f: Form) -> Result<Option<Box<Use>>> {
        let registry = &self.en.expander.known;
        let Some(known) = registry.macros.get(&p).filter(|_| registry.enabled).cloned() else {
            return Ok(None);
        };
        let plan = match &*known {
            Known::Constructor(constructor) => constructor.plan(self, f)?.map(Plan::Constructor),
            Known::Escapes(escapes) => escapes.plan(self, f)?.map(Plan::Escapes),
        };
        Ok(plan.map(|plan| Box::new(Use { known, plan })))
    }

    /// The tree of such a use.
    pub(super) fn expand_known(&mut self, found: Use, f: Form, env: &Env) -> Result<Expr> {
        match (&*found.known, found.plan) {
            (Known::Constructor(constructor), Plan::Constructor(plan)) => {
                constructor.expand(self, plan, f, env)
            }
            (Known::Escapes(escapes), Plan::Escapes(plan)) => escapes.expand(self, plan, f, env),
            _ => self.no_match(f),
        }
    }
}
