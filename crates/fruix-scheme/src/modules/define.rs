// SPDX-License-Identifier: GPL-3.0-or-later
//! Defining modules and their exports: `define-module*`, `module-export!` and their kin.

use super::{Autoload, Select};
use crate::engine::Engine;
use crate::native::Result;
use crate::value::Value;

/// The keyword arguments of `define-module*`, parsed.
pub struct DefineModule {
    /// The module's name.
    pub name: Option<Value>,
    /// `#:filename`.
    pub filename: Option<Value>,
    /// `#:pure`.
    pub pure: bool,
    /// `#:version`.
    pub version: Option<Value>,
    /// `#:imports`: names with what is wanted of them.
    pub imports: Vec<(Value, Select)>,
    /// `#:exports`.
    pub exports: Vec<Value>,
    /// `#:replacements`.
    pub replacements: Vec<Value>,
    /// `#:re-exports`.
    pub re_exports: Vec<Value>,
    /// `#:re-export-replacements`.
    pub re_export_replacements: Vec<Value>,
    /// `#:autoloads`: names with the bindings that load them.
    pub autoloads: Vec<(Value, Vec<Value>)>,
    /// `#:duplicates`.
    pub duplicates: Option<Vec<Value>>,
    /// `#:declarative?`.
    pub declarative: Value,
}

impl DefineModule {
    /// No arguments.
    #[allow(clippy::new_without_default)]
    pub fn new() -> DefineModule {
        DefineModule {
            name: None,
            filename: None,
            pure: false,
            version: None,
            imports: Vec::new(),
            exports: Vec::new(),
            replacements: Vec::new(),
            re_exports: Vec::new(),
            re_export_replacements: Vec::new(),
            autoloads: Vec::new(),
            duplicates: None,
            declarative: Value::FALSE,
        }
    }
}

impl Engine {
    /// `beautify-user-module!`: gives the module an interface and the core bindings.
    pub fn beautify_module(&mut self, module: Value) {
        let public = self.module(module).map_or(Value::FALSE, |m| m.public);
        if public == Value::FALSE || public == module {
            let interface = self.make_module();
            let kind = self.heap.intern("interface");
            let (name, version) =
                self.module(module).map_or((Value::FALSE, Value::FALSE), |m| (m.name, m.version));
            if let Some(body) = self.module_mut(interface) {
                (body.name, body.version, body.kind) = (name, version, kind);
            }
            if let Some(body) = self.module_mut(module) {
                body.public = interface;
            }
        }
        let core = self.modules.interface;
        if module != self.modules.guile {
            self.module_use(module, core);
        }
    }

    /// `module-use!`: adds an interface to those that the module sees.
    pub fn module_use(&mut self, module: Value, interface: Value) {
        if let Some(body) = self.module_mut(module)
            && module != interface
            && !body.uses.contains(&interface)
        {
            body.uses.push(interface);
            body.imports.clear();
        }
    }

    /// `make-fresh-user-module`.
    pub fn make_fresh_user_module(&mut self) -> Value {
        let module = self.make_module();
        self.beautify_module(module);
        if let Some(body) = self.module_mut(module) {
            body.declarative = Value::TRUE;
        }
        module
    }

    /// `purify-module!`: takes the core bindings away, if they are the last used.
    pub fn purify_module(&mut self, module: Value) {
        let core = self.modules.interface;
        if let Some(body) = self.module_mut(module)
            && body.uses.last() == Some(&core)
        {
            body.uses.pop();
            body.imports.clear();
        }
    }

    /// `define-module*`.
    pub fn define_module(&mut self, spec: DefineModule) -> Result {
        let name = spec.name.unwrap_or(Value::NULL);
        let module = self.resolve_module(name, false, true)?;
        self.beautify_module(module);
        if spec.pure {
            self.purify_module(module);
        }
        let mut public = Value::FALSE;
        if let Some(body) = self.module_mut(module) {
            body.declarative = spec.declarative;
            body.filename = spec.filename.unwrap_or(body.filename);
            body.version = spec.version.unwrap_or(body.version);
            public = body.public;
        }
        if let (Some(version), Some(body)) = (spec.version, self.module_mut(public)) {
            body.version = version;
        }
        self.module_export(module, &spec.exports, false)?;
        self.module_export(module, &spec.replacements, true)?;
        let mut interfaces = Vec::with_capacity(spec.imports.len());
        for (name, select) in &spec.imports {
            let interface = self.resolve_interface(*name, select)?;
            // Loading the next one may collect: hold on to it.
            interfaces.push(self.heap.keep(interface));
        }
        for interface in interfaces {
            self.module_use(module, interface);
        }
        self.module_re_export(module, &spec.re_exports, false)?;
        self.module_re_export(module, &spec.re_export_replacements, true)?;
        for (name, bindings) in spec.autoloads {
            self.module_autoload(module, name, bindings);
        }
        if let Some(body) = self.module_mut(module)
            && spec.duplicates.is_some()
        {
            body.duplicates = spec.duplicates;
        }
        Ok(module)
    }

    /// `module-autoload!` of one module.
    pub fn module_autoload(&mut self, module: Value, name: Value, bindings: Vec<Value>) {
        self.record_autoload(name);
        let interface = self.make_module();
        let kind = self.heap.intern("autoload");
        if let Some(body) = self.module_mut(interface) {
            body.name = name;
            body.kind = kind;
            body.autoload = Some(Autoload { user: module, name, bindings });
        }
        self.module_use(module, interface);
    }

    /// `module-export!`, or with `replace` `module-replace!`. A name is a symbol or a pair
    /// (internal . external).
    pub fn module_export(&mut self, module: Value, names: &[Value], replace: bool) -> Result<()> {
        for &spec in names {
            let (internal, external) = self.heap.pair(spec).unwrap_or((spec, spec));
            let variable = self.ensure_local_variable(module, internal)?;
            self.show(module, external, variable, replace);
        }
        Ok(())
    }

    /// `module-re-export!`.
    pub fn module_re_export(
        &mut self,
        module: Value,
        names: &[Value],
        replace: bool,
    ) -> Result<()> {
        for &spec in names {
            let (internal, external) = self.heap.pair(spec).unwrap_or((spec, spec));
            match self.module_variable(module, internal)? {
                None => return self.misc_error("Undefined variable:", &[internal]),
                Some(variable) if self.own_variable(module, internal) == Some(variable) => {
                    return self.misc_error("re-exporting local variable:", &[internal]);
                }
                Some(variable) => self.show(module, external, variable, replace),
            }
        }
        Ok(())
    }

    fn show(&mut self, module: Value, name: Value, variable: Value, replace: bool) {
        let public = self.module(module).map_or(Value::FALSE, |m| m.public);
        if let Some(body) = self.module_mut(public)
            && replace
        {
            body.replacements.insert(name);
        }
        self.module_add(public, name, variable);
    }
}
