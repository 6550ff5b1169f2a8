// SPDX-License-Identifier: GPL-3.0-or-later
//! `define-module`, `use-modules`, `export` and their kin: they take effect when they are expanded, if
//! at top level (Guile wraps them in `eval-when (expand load eval)`), else when they are run.

use super::resolve::Env;
use super::{Ex, Form};
use crate::cache::step;
use crate::heap::Heap;
use crate::native::Result;
use crate::natives::modules as natives;
use crate::tree::Expr;
use crate::value::Value;

/// Which of the forms it is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Action {
    Define,
    Use,
    Export,
    Replace,
    ReExport,
}

impl Action {
    /// At top level.
    pub(super) fn at_top(self, ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
        let args = self.arguments(ex, f, env)?;
        ex.en.record(self.step(), |to| {
            to.out.size(args.len());
            args.iter().try_for_each(|&arg| to.value(arg))
        });
        match self.apply(ex, &args)? {
            Some(module) => {
                let quoted = ex.constant(module);
                let set = ex.primitive(f.s, "set-current-module", vec![quoted])?;
                let quoted = ex.constant(module);
                Ok(ex.seq(f.s, vec![set, quoted]))
            }
            None => Ok(ex.void()),
        }
    }

    /// Does it in the current module; gives the module that is defined.
    pub(super) fn apply(self, ex: &mut Ex, args: &[Value]) -> Result<Option<Value>> {
        if self == Action::Define {
            let module = natives::define_module(ex.en, args)?;
            ex.en.modules.current = module;
            return Ok(Some(module));
        }
        let module = ex.en.modules.current;
        self.act(ex, module, args)?;
        Ok(None)
    }

    /// Its number in the cache of compiled modules.
    fn step(self) -> u8 {
        match self {
            Action::Define => step::DEFINE,
            Action::Use => step::USE,
            Action::Export => step::EXPORT,
            Action::Replace => step::REPLACE,
            Action::ReExport => step::RE_EXPORT,
        }
    }

    /// The inverse of [`Action::step`].
    pub(super) fn of_step(number: u8) -> Option<Action> {
        let all = [Self::Define, Self::Use, Self::Export, Self::Replace, Self::ReExport];
        all.into_iter().find(|action| action.step() == number)
    }

    fn act(self, ex: &mut Ex, module: Value, args: &[Value]) -> Result<()> {
        match self {
            Action::Define => Ok(()),
            Action::Use => natives::use_interfaces(ex.en, module, args),
            Action::Export => ex.en.module_export(module, args, false),
            Action::Replace => ex.en.module_export(module, args, true),
            Action::ReExport => ex.en.module_re_export(module, args, false),
        }
    }

    /// Where an expression is wanted.
    pub(super) fn expand(self, ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
        let args = self.arguments(ex, f, env)?;
        let list = ex.en.heap.list(&args);
        let list = ex.constant(list);
        let call = |ex: &mut Ex, name: &str, args| ex.primitive(f.s, name, args);
        let current = call(ex, "current-module", vec![])?;
        match self {
            Action::Define => {
                let exprs: Vec<Expr> = args.iter().map(|&a| ex.constant(a)).collect();
                let module = call(ex, "define-module*", exprs)?;
                call(ex, "set-current-module", vec![module])
            }
            Action::Use => call(ex, "process-use-modules", vec![list]),
            Action::Export => call(ex, "module-export!", vec![current, list]),
            Action::Replace => call(ex, "module-replace!", vec![current, list]),
            Action::ReExport => call(ex, "module-re-export!", vec![current, list]),
        }
    }

    /// The arguments of the procedure that does it.
    fn arguments(self, ex: &mut Ex, f: Form, env: &Env) -> Result<Vec<Value>> {
        let Some(operands) = ex.operands(f.e, 0) else { return ex.no_match(f) };
        match self {
            Action::Define => Parser { f, env }.define(ex, &operands),
            Action::Use => {
                let parser = Parser { f, env };
                operands.into_iter().map(|spec| parser.interface(ex, spec)).collect()
            }
            _ => Ok(operands.into_iter().map(|name| ex.strip(name)).collect()),
        }
    }
}

struct Parser<'e> {
    f: Form,
    env: &'e Env,
}

fn is_symbol_list(heap: &Heap, list: Value) -> bool {
    list.is_pair()
        && heap.list_to_vec(list).is_some_and(|l| l.iter().all(|&s| heap.symbol_name(s).is_some()))
}

impl Parser<'_> {
    /// The keyword that `x` is, `:name` being taken for `#:name`.
    fn keyword(&self, ex: &mut Ex, x: Value) -> Option<Value> {
        let datum = ex.strip(x);
        if ex.en.heap.keyword_symbol(datum).is_some() {
            return Some(datum);
        }
        let name = ex.en.heap.symbol_name(datum)?.strip_prefix(':')?.to_string();
        Some(ex.en.heap.keyword(&name))
    }

    fn keyword_name(&self, ex: &Ex, keyword: Value) -> String {
        let symbol = ex.en.heap.keyword_symbol(keyword);
        symbol.and_then(|s| ex.en.heap.symbol_name(s)).unwrap_or_default().to_string()
    }

    fn bad<T>(&self, ex: &mut Ex, message: &str, subform: Value) -> Result<T> {
        ex.violation(Some("define-module"), message, self.f, Some(subform))
    }

    /// An interface specification: `(NAME …)` or `((NAME …) #:select …)`, as a list.
    fn interface(&self, ex: &mut Ex, spec: Value) -> Result {
        let datum = ex.strip(spec);
        if is_symbol_list(&ex.en.heap, datum) {
            return Ok(ex.en.heap.list(&[datum]));
        }
        let Some(items) = ex.items(spec).filter(|i| !i.is_empty()) else {
            return ex.no_match(self.f);
        };
        let name = ex.strip(items[0]);
        if !is_symbol_list(&ex.en.heap, name) {
            return ex.no_match(self.f);
        }
        let mut list = vec![name];
        let mut rest = &items[1..];
        while let [key, after @ ..] = rest {
            let Some(keyword) = self.keyword(ex, *key) else {
                return self.bad(ex, "expected keyword arg", *key);
            };
            let [value, after @ ..] = after else {
                return self.bad(ex, "keyword arg without value", *key);
            };
            let value = if self.keyword_name(ex, keyword) == "renamer" {
                let unit = ex.new_unit();
                let inner = self.env.in_unit(unit);
                let expr = ex.expand(*value, &inner, self.f.w, self.f.m)?;
                ex.run(expr)?
            } else {
                ex.strip(*value)
            };
            list.extend([keyword, value]);
            rest = after;
        }
        Ok(ex.en.heap.list(&list))
    }

    fn define(&self, ex: &mut Ex, operands: &[Value]) -> Result<Vec<Value>> {
        let Some((&name, mut rest)) = operands.split_first() else { return ex.no_match(self.f) };
        let name = ex.strip(name);
        if !is_symbol_list(&ex.en.heap, name) {
            return ex.no_match(self.f);
        }
        let mut lists: Vec<(&str, Vec<Value>)> = Vec::new();
        let mut args = vec![name];
        let place = ex.en.sources.location(&ex.en.heap, self.f.s);
        if let Some(file) = place.and_then(|p| p.file) {
            let file = ex.en.heap.string(&file);
            args.extend([ex.en.heap.keyword("filename"), file]);
        }
        let mut declarative = None;
        while let [key, after @ ..] = rest {
            let Some(keyword) = self.keyword(ex, *key) else {
                return self.bad(ex, "expected keyword arg", *key);
            };
            rest = after;
            let option = self.keyword_name(ex, keyword);
            match option.as_str() {
                "no-backtrace" => continue,
                "pure" => {
                    args.extend([keyword, Value::TRUE]);
                    continue;
                }
                _ => {}
            }
            let [value, after @ ..] = after else {
                return self.bad(ex, "keyword arg without value", *key);
            };
            rest = after;
            let mut add = |name: &'static str, values: Vec<Value>| match lists
                .iter_mut()
                .find(|(n, _)| *n == name)
            {
                Some((_, list)) => list.extend(values),
                None => lists.push((name, values)),
            };
            let datum = ex.strip(*value);
            let items = ex.en.heap.list_to_vec(datum);
            match (option.as_str(), items) {
                ("use-module" | "use-syntax", _) => {
                    add("imports", vec![self.interface(ex, *value)?])
                }
                ("export" | "export-syntax", Some(items)) => add("exports", items),
                ("re-export" | "re-export-syntax", Some(items)) => add("re-exports", items),
                ("replace" | "replace-syntax", Some(items)) => add("replacements", items),
                ("re-export-and-replace", Some(items)) => add("re-export-replacements", items),
                ("autoload", _) => {
                    let [bindings, after @ ..] = after else {
                        return self.bad(ex, "keyword arg without value", *key);
                    };
                    rest = after;
                    let bindings = ex.strip(*bindings);
                    add("autoloads", vec![datum, bindings]);
                }
                ("declarative?", _) => declarative = Some(datum),
                ("version" | "duplicates" | "filename", _) => args.extend([keyword, datum]),
                _ => {
                    let form = self.f.with(*key);
                    const MESSAGE: &str = "unknown keyword or bad argument";
                    return ex.violation(Some("define-module"), MESSAGE, form, Some(*value));
                }
            }
        }
        for (name, list) in lists {
            let list = ex.en.heap.list(&list);
            args.extend([ex.en.heap.keyword(name), list]);
        }
        args.extend([ex.en.heap.keyword("declarative?"), declarative.unwrap_or(Value::TRUE)]);
        Ok(args)
    }
}
