// SPDX-License-Identifier: GPL-3.0-or-later
//! Finding modules and what they show: `resolve-module`, `resolve-interface`, the settling of
//! duplicate imports.

use super::{Module, same_name};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native::Result;
use crate::value::Value;

/// What `resolve-interface` (`#:use-module`) asks of a module.
#[derive(Default, Clone)]
pub struct Select {
    /// `#:select`: names, or pairs (name there . name here).
    pub select: Option<Vec<Value>>,
    /// `#:hide`.
    pub hide: Vec<Value>,
    /// `#:prefix`, a symbol.
    pub prefix: Option<Value>,
    /// `#:renamer`, a procedure.
    pub renamer: Option<Value>,
    /// `#:version`.
    pub version: Option<Value>,
}

type Import = (Value, Value);

impl Engine {
    /// The submodule of this name.
    fn submodule(&self, module: Value, name: Value) -> Option<Value> {
        self.module(module)?.submodules.get(&name).copied()
    }

    /// `nested-ref-module` from the root: the module of this name if it exists.
    pub fn find_module(&self, name: Value) -> Option<Value> {
        let (mut module, mut rest) = (self.modules.root, name);
        while let Some((head, tail)) = self.heap.pair(rest) {
            module = self.submodule(module, head)?;
            rest = tail;
        }
        Some(module)
    }

    /// The module of this name, made with its parents if it does not exist.
    pub fn make_modules_in_root(&mut self, name: Value) -> Value {
        let (mut module, mut rest) = (self.modules.root, name);
        let mut path = Vec::new();
        while let Some((head, tail)) = self.heap.pair(rest) {
            path.push(head);
            module = match self.submodule(module, head) {
                Some(module) => module,
                None => {
                    let child = self.make_module();
                    let name = self.heap.list(&path);
                    let kind = self.heap.intern("directory");
                    if let Some(body) = self.module_mut(child) {
                        body.name = name;
                        body.kind = kind;
                    }
                    if let Some(parent) = self.module_mut(module) {
                        parent.submodules.insert(head, child);
                    }
                    child
                }
            };
            rest = tail;
        }
        module
    }

    /// `resolve-module`: the module of this name, loaded if `autoload`, else made empty if
    /// `ensure`, else `#f`.
    pub fn resolve_module(&mut self, name: Value, autoload: bool, ensure: bool) -> Result {
        let already = self.find_module(name);
        if let Some(module) = already
            && (!autoload || self.module(module).is_some_and(|m| m.public.is_true()))
        {
            return Ok(module);
        }
        if autoload {
            self.try_module_autoload(name)?;
            return self.resolve_module(name, false, ensure);
        }
        Ok(match already {
            Some(module) => module,
            None if ensure => self.make_modules_in_root(name),
            None => Value::FALSE,
        })
    }

    /// The error for a module that has no file or no interface.
    pub fn no_code_for_module<T>(&mut self, name: Value) -> Result<T> {
        let name = match self.module(name) {
            Some(module) => module.name,
            None => name,
        };
        self.misc_error("no code for module", &[name])
    }

    /// An error of Scheme's `(error MESSAGE IRRITANT …)`.
    pub fn misc_error<T>(&mut self, message: &str, irritants: &[Value]) -> Result<T> {
        let mut text = message.to_string();
        irritants.iter().for_each(|_| text.push_str(" ~S"));
        let mut error = self.error::<T>("misc-error", "", &text, irritants);
        if let Err(exit) = &mut error
            && let crate::native::Exit::Error { subr, .. } = &mut **exit
        {
            *subr = Value::FALSE;
        }
        error
    }

    /// `resolve-interface`: the public interface of the module of this name, or one made to
    /// measure.
    pub fn resolve_interface(&mut self, name: Value, select: &Select) -> Result {
        let module = self.resolve_module(name, true, false)?;
        let public = self.module(module).map_or(Value::FALSE, |m| m.public);
        if self.module(public).is_none() {
            return self.no_code_for_module(name);
        }
        if let Some(wanted) = select.version {
            let version = self.module(module).map_or(Value::FALSE, |m| m.version);
            if !self.version_matches(wanted, version) {
                return self.misc_error("incompatible module version already loaded", &[name]);
            }
        }
        let renames = select.prefix.is_some() || select.renamer.is_some();
        if select.select.is_none() && select.hide.is_empty() && !renames {
            return Ok(public);
        }
        self.custom_interface(name, public, select)
    }

    fn custom_interface(&mut self, name: Value, public: Value, select: &Select) -> Result {
        for &hidden in &select.hide {
            if self.local_variable(public, hidden)?.is_none() {
                let text = self.heap.symbol_name(hidden).unwrap_or("?").to_string();
                let module = self.name_text(name);
                return self
                    .misc_error(&format!("no binding `{text}' to hide in module {module}"), &[]);
            }
        }
        let custom = self.make_module();
        let kind = self.heap.intern("custom-interface");
        if let Some(body) = self.module_mut(custom) {
            body.name = name;
            body.kind = kind;
        }
        let chosen = match &select.select {
            Some(specs) => self.selected(name, public, specs)?,
            None => self.bindings(public).into_iter().map(|(s, v)| (s, s, v)).collect(),
        };
        for (there, here, variable) in chosen {
            if select.hide.contains(&there) {
                continue;
            }
            let here = self.renamed(here, select)?;
            if self.module(public).is_some_and(|m| m.replacements.contains(&there))
                && let Some(body) = self.module_mut(custom)
            {
                body.replacements.insert(here);
            }
            self.module_add(custom, here, variable);
        }
        Ok(custom)
    }

    fn selected(
        &mut self,
        name: Value,
        public: Value,
        specs: &[Value],
    ) -> Result<Vec<(Value, Value, Value)>> {
        let mut chosen = Vec::with_capacity(specs.len());
        for &spec in specs {
            let (there, here) = self.heap.pair(spec).unwrap_or((spec, spec));
            match self.local_variable(public, there)? {
                Some(variable) => chosen.push((there, here, variable)),
                None => {
                    return self.error(
                        "unbound-variable",
                        "resolve-interface",
                        "no binding `~A' in module ~A",
                        &[there, name],
                    );
                }
            }
        }
        Ok(chosen)
    }

    fn renamed(&mut self, name: Value, select: &Select) -> Result {
        if let Some(renamer) = select.renamer {
            return self.apply(renamer, &[name]);
        }
        let Some(prefix) = select.prefix else { return Ok(name) };
        let text = format!(
            "{}{}",
            self.heap.symbol_name(prefix).unwrap_or_default(),
            self.heap.symbol_name(name).unwrap_or_default()
        );
        Ok(self.heap.intern(&text))
    }

    /// The module's own bindings in the order of their definition.
    pub fn bindings(&self, module: Value) -> Vec<Import> {
        let obarray = self.module(module).map_or(Value::FALSE, |m| m.obarray);
        self.heap
            .as_foreign::<super::Obarray>(obarray)
            .map(|o| o.bindings.iter().map(|(&s, &v)| (s, v)).collect())
            .unwrap_or_default()
    }

    /// A module name as text: `(guix gexp)`.
    pub fn name_text(&self, name: Value) -> String {
        let parts = self.heap.list_to_vec(name).unwrap_or_default();
        let parts: Vec<&str> = parts.iter().filter_map(|&s| self.heap.symbol_name(s)).collect();
        format!("({})", parts.join(" "))
    }

    /// R6RS version references: a list of sub-version references, with `and`, `or`, `not`, `>=`, `<=`.
    fn version_matches(&self, wanted: Value, version: Value) -> bool {
        let heap = &self.heap;
        let Some((head, rest)) = heap.pair(wanted) else { return true };
        let all = |list: Value| heap.list_to_vec(list).unwrap_or_default();
        match heap.symbol_name(head) {
            Some("and") => all(rest).iter().all(|&w| self.version_matches(w, version)),
            Some("or") => all(rest).iter().any(|&w| self.version_matches(w, version)),
            Some("not") => !all(rest).iter().any(|&w| self.version_matches(w, version)),
            _ => {
                let have = all(version);
                let want = all(wanted);
                want.len() <= have.len()
                    && want.iter().zip(&have).all(|(&w, &h)| self.sub_version_matches(w, h))
            }
        }
    }

    fn sub_version_matches(&self, wanted: Value, have: Value) -> bool {
        let heap = &self.heap;
        let Some((head, rest)) = heap.pair(wanted) else { return wanted == have };
        let args = heap.list_to_vec(rest).unwrap_or_default();
        let bound = args.first().and_then(|a| a.as_fixnum());
        let have_number = have.as_fixnum();
        match heap.symbol_name(head) {
            Some(">=") => have_number >= bound,
            Some("<=") => have_number <= bound,
            Some("and") => args.iter().all(|&w| self.sub_version_matches(w, have)),
            Some("or") => args.iter().any(|&w| self.sub_version_matches(w, have)),
            Some("not") => !args.iter().any(|&w| self.sub_version_matches(w, have)),
            _ => false,
        }
    }

    /// Which of two variables that `module` imports under one name counts, as its handlers (by
    /// default `replace warn-override-core warn last`) decide.
    pub(super) fn settle_duplicate(
        &mut self,
        module: Value,
        name: Value,
        old: (Value, Value),
        new: (Value, Value),
    ) -> Result<Option<Value>> {
        let handlers = match self.module(module).and_then(|m| m.duplicates.clone()) {
            Some(handlers) => handlers,
            None => ["replace", "warn-override-core", "warn", "last"]
                .iter()
                .map(|name| self.heap.intern(name))
                .collect(),
        };
        for handler in handlers {
            let decision = match self.heap.symbol_name(handler).map(str::to_string) {
                Some(handler) => self.duplicate_handler(&handler, module, name, old, new)?,
                None => {
                    let value = |v| self.variable_value(v).unwrap_or(Value::FALSE);
                    let (value1, value2) = (value(old.1), value(new.1));
                    let args = [module, name, old.0, value1, new.0, value2, old.1, value1];
                    let found = self.apply(handler, &args)?;
                    Some(found).filter(|&v| self.heap.is(v, Tag::Variable))
                }
            };
            if decision.is_some() {
                return Ok(decision);
            }
        }
        Ok(None)
    }

    fn duplicate_handler(
        &mut self,
        handler: &str,
        module: Value,
        name: Value,
        (old_module, old): (Value, Value),
        (new_module, new): (Value, Value),
    ) -> Result<Option<Value>> {
        let replaces = |engine: &Engine, m: Value| {
            engine.module(m).is_some_and(|m: &Module| m.replacements.contains(&name))
        };
        let (old_replaces, new_replaces) = (replaces(self, old_module), replaces(self, new_module));
        Ok(match handler {
            "replace" if old_replaces => {
                if old == new || !new_replaces {
                    Some(old)
                } else {
                    None
                }
            }
            "replace" => Some(new).filter(|_| new_replaces),
            "warn-override-core" if old_module == self.modules.interface => {
                let (module, new_name) = (self.module_name(module), self.module_name(new_module));
                let text = format!(
                    "WARNING: {}: imported module {} overrides core binding `{}'\n",
                    self.name_text(module),
                    self.name_text(new_name),
                    self.heap.symbol_name(name).unwrap_or_default()
                );
                self.warn(&text)?;
                Some(new)
            }
            "warn" | "check" => {
                let name_of = self.module_name(module);
                let (a, b) = (self.module_name(old_module), self.module_name(new_module));
                if handler == "check" {
                    let mut error = self.error(
                        "misc-error",
                        "",
                        "~A: `~A' imported from both ~A and ~A",
                        &[name_of, name, a, b],
                    );
                    if let Err(exit) = &mut error
                        && let crate::native::Exit::Error { subr, .. } = &mut **exit
                    {
                        *subr = Value::FALSE;
                    }
                    return error;
                }
                let text = format!(
                    "WARNING: {}: `{}' imported from both {} and {}\n",
                    self.name_text(name_of),
                    self.heap.symbol_name(name).unwrap_or_default(),
                    self.name_text(a),
                    self.name_text(b)
                );
                self.warn(&text)?;
                None
            }
            "first" => Some(old),
            "last" => Some(new),
            _ => None,
        })
    }

    /// Writes a warning through Scheme's `%warning` (which knows `current-warning-port`), once
    /// the boot files have defined it.
    pub fn warn(&mut self, text: &str) -> Result<()> {
        if let Some(procedure) = self.guile_value("%warning") {
            let text = self.heap.string(text);
            self.apply(procedure, &[text])?;
        }
        Ok(())
    }

    /// Whether `name` is the name of this module.
    pub fn is_named(&self, module: Value, name: Value) -> bool {
        self.module(module).is_some_and(|m| same_name(&self.heap, m.name, name))
    }
}
