// SPDX-License-Identifier: GPL-3.0-or-later
//! The special forms: what each keyword of `(guile)` that the expander knows does.

use super::resolve::Env;
use super::{Ex, Form, Step, Type, Typed};
use super::{core, derived, forms, lambda, module_forms, quasi, syntax_case, template};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native::Result;
use crate::tree::Expr;
use crate::value::Value;

/// A keyword.
pub(super) struct Special {
    pub name: &'static str,
    pub action: Action,
}

/// What a keyword does.
pub(super) enum Action {
    /// Makes an expression.
    Core(fn(&mut Ex, Form, &Env) -> Result<Expr>),
    /// Makes another form, as a macro does.
    Rewrite(fn(&mut Ex, Form, &Env) -> Result<Value>),
    /// `@`, `@@`: a form in another module.
    ModuleRef(fn(&mut Ex, Form) -> Result<Form>),
    /// Changes a module: at top level when it is expanded, else when it is run.
    Module(module_forms::Action),
    Begin,
    Define,
    DefineSyntax,
    DefineSyntaxParameter,
    /// `let-syntax`, or (true) `letrec-syntax`.
    LocalSyntax(bool),
    EvalWhen,
    /// A keyword such as `else` that is an error by itself.
    Auxiliary,
}

use Action::{Auxiliary, Core, Module, ModuleRef, Rewrite};

const fn form(name: &'static str, action: Action) -> Special {
    Special { name, action }
}

static SPECIALS: &[Special] = &[
    form("begin", Action::Begin),
    form("define", Action::Define),
    form("define-syntax", Action::DefineSyntax),
    form("define-syntax-parameter", Action::DefineSyntaxParameter),
    form("let-syntax", Action::LocalSyntax(false)),
    form("letrec-syntax", Action::LocalSyntax(true)),
    form("eval-when", Action::EvalWhen),
    form("@", ModuleRef(forms::public_ref)),
    form("@@", ModuleRef(forms::private_ref)),
    form("quote", Core(core::quote)),
    form("quote-syntax", Core(core::quote_syntax)),
    form("if", Core(core::if_)),
    form("set!", Core(core::set)),
    form("let", Core(core::let_)),
    form("let*", Core(core::let_star)),
    form("letrec", Core(core::letrec)),
    form("letrec*", Core(core::letrec_star)),
    form("with-ellipsis", Core(core::with_ellipsis)),
    form("syntax-parameterize", Core(core::syntax_parameterize)),
    form("lambda", Core(lambda::lambda)),
    form("lambda*", Core(lambda::lambda_star)),
    form("case-lambda", Core(lambda::case_lambda)),
    form("case-lambda*", Core(lambda::case_lambda_star)),
    form("syntax", Core(template::syntax)),
    form("quasisyntax", Core(template::quasisyntax)),
    form("syntax-case", Core(syntax_case::syntax_case)),
    form("syntax-rules", Core(syntax_case::syntax_rules)),
    form("with-syntax", Core(syntax_case::with_syntax)),
    form("quasiquote", Core(quasi::quasiquote)),
    form("and", Core(derived::and)),
    form("or", Core(derived::or)),
    form("when", Core(derived::when)),
    form("unless", Core(derived::unless)),
    form("cond", Core(derived::cond)),
    form("case", Core(derived::case)),
    form("do", Core(derived::do_)),
    form("delay", Core(derived::delay)),
    form("with-fluids", Core(derived::with_fluids)),
    form("current-source-location", Core(derived::current_source_location)),
    form("current-filename", Core(derived::current_filename)),
    form("define*", Rewrite(forms::define_star)),
    form("define-public", Rewrite(forms::define_public)),
    form("define-once", Rewrite(forms::define_once)),
    form("define-syntax-rule", Rewrite(forms::define_syntax_rule)),
    form("identifier-syntax", Rewrite(forms::identifier_syntax)),
    form("include", Rewrite(forms::include)),
    form("include-from-path", Rewrite(forms::include_from_path)),
    form("syntax-error", Rewrite(forms::syntax_error)),
    form("define-module", Module(module_forms::Action::Define)),
    form("use-modules", Module(module_forms::Action::Use)),
    form("export", Module(module_forms::Action::Export)),
    form("export-syntax", Module(module_forms::Action::Export)),
    form("export!", Module(module_forms::Action::Replace)),
    form("re-export", Module(module_forms::Action::ReExport)),
    form("re-export-syntax", Module(module_forms::Action::ReExport)),
    form("else", Auxiliary),
    form("=>", Auxiliary),
    form("...", Auxiliary),
    form("_", Auxiliary),
    form("unquote", Auxiliary),
    form("unquote-splicing", Auxiliary),
    form("unsyntax", Auxiliary),
    form("unsyntax-splicing", Auxiliary),
];

/// The special form of this number.
pub(super) fn special(index: i64) -> Option<&'static Special> {
    SPECIALS.get(usize::try_from(index).ok()?)
}

/// Binds all keywords in `(guile)`, each to a macro whose binding is its number.
pub fn install(engine: &mut Engine) {
    let module = engine.modules.guile;
    let core = engine.heap.intern("core");
    let macro_type = engine.heap.intern("macro");
    for (index, special) in SPECIALS.iter().enumerate() {
        let name = engine.heap.intern(special.name);
        let kind = match special.action {
            Core(_) => core,
            Rewrite(_) | Module(_) | Auxiliary => macro_type,
            _ => name,
        };
        let slots = [name, kind, Value::fixnum(index as i64), Value::FALSE];
        let keyword = engine.heap.slots_from(Tag::Macro, &slots);
        engine.module_define(module, name, keyword);
    }
}

impl Special {
    /// Whether the form makes a procedure.
    pub(super) fn makes_procedure(&self) -> bool {
        matches!(self.name, "lambda" | "lambda*" | "case-lambda" | "case-lambda*")
    }

    /// What the keyword alone stands for, if it acts as a macro does.
    pub(super) fn alone(&'static self, ex: &mut Ex, f: Form) -> Result<Option<Value>> {
        match &self.action {
            Auxiliary => self.misuse(ex, f),
            Rewrite(_) => ex.no_match(f),
            _ => Ok(None),
        }
    }

    fn misuse<T>(&self, ex: &mut Ex, f: Form) -> Result<T> {
        let message = match self.name {
            "unquote" | "unquote-splicing" => {
                "expression not valid outside of quasiquote".to_string()
            }
            "unsyntax" | "unsyntax-splicing" => {
                "expression not valid outside of quasisyntax".to_string()
            }
            name => format!("bad use of '{name}' syntactic keyword"),
        };
        let whole = ex.wrap(f.e, f.w, f.m);
        let subform = Some(whole).filter(|_| !self.name.starts_with("un"));
        ex.violation(Some(self.name), &message, f, subform)
    }

    /// What a form with this keyword at its head is.
    pub(super) fn step(
        &'static self,
        ex: &mut Ex,
        f: Form,
        env: &Env,
        _rib: Option<Value>,
    ) -> Result<Step> {
        let t = match &self.action {
            Rewrite(rewrite) => {
                let e = rewrite(ex, f, env)?;
                return Ok(Step::Again(Form { e, w: ex.en.expander.empty_wrap, ..f }));
            }
            ModuleRef(find) => return Ok(Step::Again(find(ex, f)?)),
            Action::Define => return forms::define(ex, f).map(Step::Done),
            Action::DefineSyntax => forms::define_syntax(ex, f, false)?,
            Action::DefineSyntaxParameter => forms::define_syntax(ex, f, true)?,
            Auxiliary => return self.misuse(ex, f),
            _ => Type::SpecialForm(self),
        };
        Ok(Step::Done(Typed { t, form: f }))
    }

    /// The expression that the keyword alone or a form with it makes.
    pub(super) fn expand(&'static self, ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
        let alone = !f.e.is_pair();
        match &self.action {
            Core(expand) => expand(ex, f, env),
            _ if alone => ex.violation(None, "unexpected syntax", f, None),
            Action::Begin => forms::begin(ex, f, env),
            Action::LocalSyntax(recursive) => {
                let (forms, w) = forms::local_syntax(ex, *recursive, f, env)?;
                let exprs = ex.expand_all(&forms, env, w, f.m)?;
                Ok(ex.seq(f.s, exprs))
            }
            Action::EvalWhen => forms::eval_when(ex, f, env),
            Module(action) => action.expand(ex, f, env),
            _ => ex.violation(None, "unexpected syntax", f, None),
        }
    }
}
