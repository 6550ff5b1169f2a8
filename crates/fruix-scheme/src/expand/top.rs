// SPDX-License-Identifier: GPL-3.0-or-later
//! Forms at top level: definitions of module variables, `begin`, `eval-when`, phases.

use super::lambda::name_value;
use super::resolve::Env;
use super::syntax::{id_symbol, own_marks, same_marks};
use super::table::Action;
use super::{Ex, Form, Type, forms};
use crate::cache::step;
use crate::heap::Tag;
use crate::native::Result;
use crate::tree::{Expr, Kind};
use crate::value::Value;

/// psyntax's modes and "eval syntax expanders when".
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Mode {
    /// Whether expressions are evaluated as soon as they are expanded (`c&e`).
    now: bool,
    /// Whether what is made is to be evaluated, not compiled for later.
    eval: bool,
    compile_syntax: bool,
    load_syntax: bool,
}

impl Mode {
    /// Evaluate: `e`, `(eval)`.
    pub(super) const EVAL: Mode =
        Mode { now: false, eval: true, compile_syntax: false, load_syntax: false };
    const EVAL_NOW: Mode = Mode { now: true, ..Mode::EVAL };
    const COMPILE_NOW: Mode =
        Mode { now: true, eval: false, compile_syntax: true, load_syntax: true };
    const COMPILE: Mode =
        Mode { now: false, eval: false, compile_syntax: false, load_syntax: true };
}

/// What is expanded when all of a top-level sequence has been looked at.
enum Item {
    Ready(Expr),
    /// Name in the module of the tag, value under wrap, source.
    Definition {
        name: Value,
        m: Value,
        value: Value,
        w: Value,
        s: Value,
    },
    Form(Form),
    InstallSyntax {
        name: Value,
        m: Value,
        parameter: bool,
        value: Value,
        w: Value,
    },
}

struct Top<'e> {
    rib: Value,
    env: &'e Env,
    items: Vec<Item>,
    /// Names of macro-introduced definitions in this sequence.
    names: Vec<Value>,
}

/// Expands `e` (a syntax object or datum) in the current module, for evaluation.
pub(crate) fn expand_top(ex: &mut Ex, e: Value) -> Result<Expr> {
    let module = ex.en.modules.current;
    let m = ex.en.module_tag(module);
    let form = Form { e, w: ex.en.expander.top_wrap, s: ex.source_or(e, Value::FALSE), m };
    let unit = ex.new_unit();
    let env = Env { unit, parameters: None };
    ex.guarded(|ex| ex.top_sequence(&[e], form, &env, Mode::EVAL))
}

impl Ex<'_> {
    fn top_sequence(&mut self, body: &[Value], f: Form, env: &Env, mode: Mode) -> Result<Expr> {
        let (rib, w) = self.open_rib(f.w);
        let mut top = Top { rib, env, items: Vec::new(), names: Vec::new() };
        for &e in body {
            self.top_form(
                &mut top,
                Form { e, w, s: self.source_or(e, Value::FALSE), m: f.m },
                mode,
            )?;
        }
        let mut exprs = Vec::with_capacity(top.items.len());
        for item in top.items {
            exprs.push(match item {
                Item::Ready(expr) => expr,
                Item::Form(form) => self.expand(form.e, env, form.w, form.m)?,
                Item::Definition { name, m, value, w, s } => {
                    self.definition(name, m, value, w, s, env)?
                }
                Item::InstallSyntax { name, m, parameter, value, w } => {
                    self.install_expr(name, m, parameter, value, w, env)?
                }
            });
        }
        Ok(self.seq(f.s, exprs))
    }

    fn definition(
        &mut self,
        name: Value,
        m: Value,
        value: Value,
        w: Value,
        s: Value,
        env: &Env,
    ) -> Result<Expr> {
        if self.put_off(name, m, value, w, env)? {
            return Ok(self.void());
        }
        let mut value = self.top_value(value, env, w, m)?;
        name_value(&mut value, name);
        let module = self.definition_module(m)?;
        Ok(self.expr(s, Kind::Define { module, name, value: Box::new(value) }))
    }

    /// Puts off a definition whose value is a call of a known pure constructor; says whether it did.
    fn put_off(
        &mut self,
        name: Value,
        m: Value,
        value: Value,
        w: Value,
        env: &Env,
    ) -> Result<bool> {
        // What is evaluated late has waited already.
        let waited = self.en.in_the_past();
        let Some((head, _)) = self.uncons(value).filter(|_| !waited) else { return Ok(false) };
        if id_symbol(&self.en.heap, head).is_none() {
            return Ok(false);
        }
        let super::syntax::Name::Free(symbol) = self.id_name(head, w, m) else { return Ok(false) };
        let own = super::syntax::parts(&self.en.heap, head).map_or(Value::FALSE, |p| p.2);
        let home = self.en.module_of_tag(if own == Value::FALSE { m } else { own })?;
        let variable = self.en.variable_for_expansion(home, symbol)?.variable();
        if !variable.is_some_and(|variable| self.en.is_pure(variable, symbol)) {
            return Ok(false);
        }
        let module = self.definition_module(m)?;
        let form = Form { e: value, w, s: self.source_or(value, Value::FALSE), m };
        let env = env.clone();
        self.en.record_failure();
        self.en.defer_form(module, name, |en| Ex::new(en).late_body(&[value, name], form, &env, w))
    }

    /// The value of a top-level definition; a procedure's body may wait.
    fn top_value(&mut self, e: Value, env: &Env, w: Value, m: Value) -> Result<Expr> {
        let form = Form { e, w, s: self.source_or(e, Value::FALSE), m };
        self.check_depth(form)?;
        let typed = self.syntax_type(form, env, None, false)?;
        if matches!(&typed.t, Type::SpecialForm(special) if special.makes_procedure()) {
            self.allow_late();
        }
        self.expand_typed(typed, env)
    }

    fn definition_module(&mut self, m: Value) -> Result {
        self.en.module_of_tag(m)
    }

    fn top_form(&mut self, top: &mut Top, f: Form, mode: Mode) -> Result<()> {
        self.check_depth(f)?;
        let f = Form { m: self.expansion_module(f.m), ..f };
        let typed = self.syntax_type(f, top.env, Some(top.rib), false)?;
        let g = typed.form;
        match typed.t {
            Type::Define(id, value, w) => self.top_definition(top, f, g, (id, value, w), mode),
            Type::DefineSyntax(parameter, id, value) => {
                self.top_syntax(top, f, g, (parameter, id, value), mode)
            }
            Type::SpecialForm(special) => match &special.action {
                Action::Begin => {
                    let Some(forms) = self.operands(g.e, 0) else { return self.no_match(g) };
                    self.top_forms(top, &forms, g, g.w, mode)
                }
                Action::LocalSyntax(recursive) => {
                    let (forms, w) = forms::local_syntax(self, *recursive, g, top.env)?;
                    self.top_forms(top, &forms, g, w, mode)
                }
                Action::EvalWhen => self.top_eval_when(top, g, mode),
                Action::Module(action) => {
                    let expr = action.at_top(self, g, top.env)?;
                    top.items.push(Item::Ready(expr));
                    Ok(())
                }
                _ => self.top_expression(top, g, mode),
            },
            _ => self.top_expression(top, g, mode),
        }
    }

    fn top_forms(
        &mut self,
        top: &mut Top,
        forms: &[Value],
        g: Form,
        w: Value,
        mode: Mode,
    ) -> Result<()> {
        for &e in forms {
            self.top_form(top, Form { e, w, s: self.source_or(e, g.s), m: g.m }, mode)?;
        }
        Ok(())
    }

    /// In a top-level `begin`, the current module counts anew for each form.
    fn expansion_module(&mut self, m: Value) -> Value {
        let hygiene = self.en.heap.pair(m).is_none_or(|(kind, _)| {
            kind != self.en.expander.syms.public && kind != self.en.expander.syms.private
        });
        if !hygiene {
            return m;
        }
        let module = self.en.modules.current;
        self.en.module_tag(module)
    }

    fn top_expression(&mut self, top: &mut Top, g: Form, mode: Mode) -> Result<()> {
        let wrapped = self.source_wrap(g.e, g.w, g.s, g.m);
        let empty = self.en.expander.empty_wrap;
        if mode.now {
            let expr = self.expand(wrapped, top.env, empty, g.m)?;
            let ready = self.evaluate_now(expr)?;
            top.items.push(Item::Ready(ready));
        } else {
            top.items.push(Item::Form(Form { e: wrapped, w: empty, ..g }));
        }
        Ok(())
    }

    /// Runs an expression; gives one that runs it again.
    fn evaluate_now(&mut self, expr: Expr) -> Result<Expr> {
        let thunk = self.en.compile(expr)?;
        self.en.heap.keep(thunk);
        self.en.record_thunk(thunk);
        self.apply(thunk, &[])?;
        let callee = Box::new(self.constant(thunk));
        Ok(Expr { location: None, kind: Kind::Call(callee, Vec::new()) })
    }

    fn top_definition(
        &mut self,
        top: &mut Top,
        f: Form,
        g: Form,
        (id, value, w): (Value, Value, Value),
        mode: Mode,
    ) -> Result<()> {
        let name = self.definition_name(top, id, f)?;
        self.record_definition(top, id, name);
        if mode.now {
            let expr = self.definition(name, g.m, value, w, g.s, top.env)?;
            let ready = self.evaluate_now(expr)?;
            top.items.push(Item::Ready(ready));
            return Ok(());
        }
        // A name that is a macro now is a variable from here on.
        let module = self.definition_module(g.m)?;
        if let Some(variable) = self.en.module_variable(module, name)?
            && let Some(old) = self.en.variable_value(variable)
            && self.en.heap.slots(old, Tag::Macro).is_some_and(|slots| {
                slots[1] == self.en.expander.syms.macro_type
                    || slots[1] == self.en.expander.syms.parameter_type
                    || slots[2].is_fixnum() && self.en.own_variable(module, name).is_none()
            })
        {
            self.note_replaced(module, name)?;
            self.en.record(step::REPLACED, |to| {
                to.value(name)?;
                to.module(module)
            });
            self.en.module_define(module, name, Value::UNSPECIFIED);
        }
        let definition = Item::Definition { name, m: g.m, value, w, s: g.s };
        top.items.push(definition);
        Ok(())
    }

    fn top_syntax(
        &mut self,
        top: &mut Top,
        f: Form,
        g: Form,
        (parameter, id, value): (bool, Value, Value),
        mode: Mode,
    ) -> Result<()> {
        let name = self.definition_name(top, id, f)?;
        self.record_definition(top, id, name);
        if mode.eval || mode.compile_syntax {
            self.en.want_transformer();
            let transformer = self.eval_transformer(value, top.env, g.w, g.m)?;
            let module = self.definition_module(g.m)?;
            self.en.record_macro(name, module, parameter);
            self.install_in(name, module, parameter, transformer)?;
        }
        if !mode.eval && mode.load_syntax {
            let item = Item::InstallSyntax { name, m: g.m, parameter, value, w: g.w };
            top.items.push(item);
        }
        Ok(())
    }

    /// Binds a macro in `module`.
    pub(super) fn install_in(
        &mut self,
        name: Value,
        module: Value,
        parameter: bool,
        transformer: Value,
    ) -> Result<()> {
        let syms = &self.en.expander.syms;
        let kind = if parameter { syms.parameter_type } else { syms.macro_type };
        let keyword = self.new_keyword(name, kind, transformer, module)?;
        self.en.module_define(module, name, keyword);
        Ok(())
    }

    fn install_expr(
        &mut self,
        name: Value,
        m: Value,
        parameter: bool,
        value: Value,
        w: Value,
        env: &Env,
    ) -> Result<Expr> {
        let module = self.definition_module(m)?;
        let transformer = self.expand(value, env, w, m)?;
        let syms = &self.en.expander.syms;
        let kind = if parameter { syms.parameter_type } else { syms.macro_type };
        let args = vec![self.constant(name), self.constant(kind), transformer];
        let made = self.primitive(Value::FALSE, "make-syntax-transformer", args)?;
        Ok(Expr { location: None, kind: Kind::Define { module, name, value: Box::new(made) } })
    }

    /// The name under which a top-level definition is made: one that a macro introduced gets a hash of
    /// the form appended.
    fn definition_name(&mut self, top: &mut Top, id: Value, f: Form) -> Result {
        let symbol = id_symbol(&self.en.heap, id).unwrap_or(Value::FALSE);
        let (top_marks, _) = super::syntax::wrap_parts(&self.en.heap, self.en.expander.top_wrap);
        if same_marks(&self.en.heap, own_marks(&self.en.heap, id), top_marks) {
            return Ok(symbol);
        }
        let datum = self.strip(f.e);
        let hash = self.en.datum_hash(datum);
        let base = self.en.heap.symbol_name(symbol).unwrap_or_default();
        let base = format!("{base}-{hash:x}");
        let mut name = self.en.heap.intern(&base);
        let mut n = 1;
        while top.names.contains(&name) {
            name = self.en.heap.intern(&format!("{base}-{n}"));
            n += 1;
        }
        top.names.push(name);
        Ok(name)
    }

    fn record_definition(&mut self, top: &mut Top, id: Value, name: Value) {
        let module = self.en.modules.current;
        let tag = self.en.module_tag(module);
        let own = super::syntax::parts(&self.en.heap, id).map_or(Value::FALSE, |p| p.2);
        let own = if own == Value::FALSE { tag } else { own };
        let top_wrap = self.en.expander.top_wrap;
        let alias = self.wrap(name, top_wrap, tag);
        let label = self.en.heap.cons(own, alias);
        self.extend_rib(top.rib, id, label);
    }

    fn top_eval_when(&mut self, top: &mut Top, g: Form, mode: Mode) -> Result<()> {
        let (names, body) = forms::when_list(self, g)?;
        let has = |name: &str| names.iter().any(|n| n == name);
        let early = has("compile") || has("expand") || (mode.now && has("eval"));
        if mode.eval {
            if has("eval") {
                let mode = if has("expand") { Mode::EVAL_NOW } else { Mode::EVAL };
                return self.top_forms(top, &body, g, g.w, mode);
            }
            return if has("expand") { self.run_sequence(&body, g, top.env) } else { Ok(()) };
        }
        match (has("load"), early) {
            (true, true) => self.top_forms(top, &body, g, g.w, Mode::COMPILE_NOW),
            (true, false) => self.top_forms(top, &body, g, g.w, Mode::COMPILE),
            (false, true) => self.run_sequence(&body, g, top.env),
            (false, false) => Ok(()),
        }
    }

    fn run_sequence(&mut self, body: &[Value], g: Form, env: &Env) -> Result<()> {
        let unit = self.new_unit();
        let inner = env.in_unit(unit);
        let expr = self.top_sequence(body, g, &inner, Mode::EVAL)?;
        let thunk = self.en.compile(expr)?;
        self.en.heap.keep(thunk);
        self.en.record_thunk(thunk);
        self.apply(thunk, &[]).map(drop)
    }
}
