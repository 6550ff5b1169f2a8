// SPDX-License-Identifier: GPL-3.0-or-later
//! The module system: what Guile's `boot-9.scm` and `modules.c` do, natively.
//!
//! A module is a foreign object. Its bindings are in an *obarray*, an object of its own because
//! `(guile)` shares it with its public interface. A variable is looked up in the obarray, then
//! (an autoload interface) by loading the module it stands for, then in the modules used, in order,
//! conflicts being settled by the duplicate-binding handlers; what an import resolves to is
//! cached until the module uses another one.
//!
//! Syntax objects name their module by a *tag*, `(hygiene . NAME)`, `(private . NAME)` or
//! `(public . NAME)`, as in Guile; tags that the expander makes are unique objects, so that their
//! module is found by one look-up.

mod deferred;
mod define;
mod interface;
mod search;

pub use deferred::Seen;
pub use define::DefineModule;
pub use interface::Select;
pub use search::{EMBEDDED_ROOT, Found};

use crate::engine::Engine;
use crate::heap::{Foreign, Heap, Tag, Tracer};
use crate::native::Result;
use crate::value::Value;
use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// Hashes a value's word. Values in modules never move, so a few multiplications do.
#[derive(Default)]
pub struct WordHasher(u64);

impl Hasher for WordHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&b| self.write_u64(u64::from(b)));
    }
    fn write_u64(&mut self, n: u64) {
        let mixed = (self.0 ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 29);
    }
}

/// A map by identity that remembers the order of insertion.
pub type ValueMap = IndexMap<Value, Value, BuildHasherDefault<WordHasher>>;

/// Numbers by identity.
type ValueCounts = HashMap<Value, u64, BuildHasherDefault<WordHasher>>;

/// The bindings of a module: symbol to variable.
#[derive(Default)]
pub struct Obarray {
    /// The bindings in the order of their definition.
    pub bindings: ValueMap,
}

impl Foreign for Obarray {
    fn type_name(&self) -> &'static str {
        "obarray"
    }
    fn trace(&self, tracer: &mut Tracer) {
        for (&name, &variable) in &self.bindings {
            tracer.visit(name);
            tracer.visit(variable);
        }
    }
}

/// What an autoload interface stands for.
#[derive(Clone)]
pub struct Autoload {
    /// The module that uses the interface.
    pub user: Value,
    /// The name of the module to load.
    pub name: Value,
    /// The names whose look-up loads it.
    pub bindings: Vec<Value>,
}

/// A module.
pub struct Module {
    /// The [`Obarray`].
    pub obarray: Value,
    /// The name, a list of symbols, or `#f`.
    pub name: Value,
    /// `#f` (a plain module), `directory`, `interface`, `custom-interface` or `autoload`.
    pub kind: Value,
    /// Modules whose bindings are visible here, first one first.
    pub uses: Vec<Value>,
    /// What imported names were found to be.
    pub imports: ValueMap,
    /// Names that were not found, and the [`Modules::changes`] of then.
    misses: ValueCounts,
    /// Names of duplicate-binding handlers (symbols or procedures), if set.
    pub duplicates: Option<Vec<Value>>,
    /// The interface that users of the module see, or `#f`.
    pub public: Value,
    /// The version, a list of numbers, or `#f`.
    pub version: Value,
    /// The file it was loaded from, a string or `#f`.
    pub filename: Value,
    /// Exports that replace bindings of the same name without a warning.
    pub replacements: HashSet<Value>,
    /// Modules whose name has one more element than this one's.
    pub submodules: ValueMap,
    /// What an autoload interface loads.
    pub autoload: Option<Autoload>,
    /// Guile's flag; kept but without effect.
    pub declarative: Value,
    /// The next number of `module-generate-unique-id!`.
    pub next_id: i64,
    /// `(hygiene . NAME)`, once asked for.
    pub tag: Value,
    /// A lazy binder procedure, or `#f`.
    pub binder: Value,
}

impl Foreign for Module {
    fn type_name(&self) -> &'static str {
        "module"
    }
    fn trace(&self, tracer: &mut Tracer) {
        tracer.visit_all(&self.uses);
        for map in [&self.imports, &self.submodules] {
            for (&name, &value) in map {
                tracer.visit(name);
                tracer.visit(value);
            }
        }
        if let Some(handlers) = &self.duplicates {
            tracer.visit_all(handlers);
        }
        if let Some(autoload) = &self.autoload {
            tracer.visit(autoload.user);
            tracer.visit(autoload.name);
            tracer.visit_all(&autoload.bindings);
        }
        self.replacements.iter().for_each(|&name| tracer.visit(name));
        self.misses.keys().for_each(|&name| tracer.visit(name));
        for value in [self.obarray, self.name, self.kind, self.public, self.version] {
            tracer.visit(value);
        }
        for value in [self.filename, self.declarative, self.tag, self.binder] {
            tracer.visit(value);
        }
    }
}

impl Module {
    fn new(obarray: Value) -> Module {
        Module {
            obarray,
            name: Value::FALSE,
            kind: Value::FALSE,
            uses: Vec::new(),
            imports: ValueMap::default(),
            misses: ValueCounts::default(),
            duplicates: None,
            public: Value::FALSE,
            version: Value::FALSE,
            filename: Value::FALSE,
            replacements: HashSet::new(),
            submodules: ValueMap::default(),
            autoload: None,
            declarative: Value::FALSE,
            next_id: 0,
            tag: Value::FALSE,
            binder: Value::FALSE,
        }
    }
}

/// All modules of an engine.
pub struct Modules {
    /// The module named `()`, whose submodules are all others.
    pub root: Value,
    /// `(guile)`.
    pub guile: Value,
    /// `(guile)`'s public interface, which every module uses unless it is pure.
    pub interface: Value,
    /// The current module.
    pub current: Value,
    /// Whether the boot files are being loaded.
    pub booting: bool,
    /// How often anything about any module has changed: what was not found before may be there now.
    changes: u64,
    /// Modules by the tag objects that were met.
    by_tag: HashMap<Value, Value, BuildHasherDefault<WordHasher>>,
    /// Names of modules being loaded or loaded, so that each is tried once.
    tried: HashMap<String, bool>,
    /// The variables that files of autoloaded modules define, as far as they were looked at.
    procedures: HashMap<String, HashSet<Box<str>>>,
    hygiene: Value,
}

impl Modules {
    /// The modules of a new engine: `(guile)` and `(guile-user)`, empty.
    pub fn new(heap: &mut Heap) -> Modules {
        let obarray = heap.foreign(Obarray::default());
        let other = heap.foreign(Obarray::default());
        let guile_symbol = heap.intern("guile");
        let name = heap.list(&[guile_symbol]);
        let mut interface = Module::new(obarray);
        interface.name = name;
        interface.kind = heap.intern("interface");
        let interface = heap.foreign(interface);
        if let Some(module) = heap.as_foreign_mut::<Module>(interface) {
            module.public = interface;
        }
        let mut guile = Module::new(obarray);
        guile.name = name;
        guile.public = interface;
        let guile = heap.foreign(guile);
        let mut root = Module::new(other);
        root.name = Value::NULL;
        root.submodules.insert(guile_symbol, guile);
        Modules {
            root: heap.foreign(root),
            guile,
            interface,
            current: guile,
            booting: false,
            changes: 0,
            by_tag: HashMap::default(),
            tried: HashMap::new(),
            procedures: HashMap::new(),
            hygiene: heap.intern("hygiene"),
        }
    }

    /// Reports the modules to the collector.
    pub fn trace(&self, tracer: &mut Tracer) {
        tracer.visit_all(&[self.root, self.guile, self.interface, self.current, self.hygiene]);
        for (&tag, &module) in &self.by_tag {
            tracer.visit(tag);
            tracer.visit(module);
        }
    }
}

/// Whether two module names (or tags) are the same list of symbols.
pub fn same_name(heap: &Heap, mut a: Value, mut b: Value) -> bool {
    while a != b {
        match (heap.pair(a), heap.pair(b)) {
            (Some((x, rest_a)), Some((y, rest_b))) if x == y => (a, b) = (rest_a, rest_b),
            _ => return false,
        }
    }
    true
}

impl Engine {
    /// The module behind a value.
    #[inline]
    pub fn module(&self, value: Value) -> Option<&Module> {
        self.heap.as_foreign(value)
    }

    /// The module behind a value, to be changed.
    #[inline]
    pub fn module_mut(&mut self, value: Value) -> Option<&mut Module> {
        self.modules.changes += 1;
        self.heap.as_foreign_mut(value)
    }

    /// The module behind argument `position` of procedure `who`, or its complaint.
    pub fn want_module(&mut self, who: &str, position: usize, value: Value) -> Result<()> {
        if self.module(value).is_some() { Ok(()) } else { self.wrong_type(who, position, value) }
    }

    /// A new module without a name, uses or bindings.
    pub fn make_module(&mut self) -> Value {
        let obarray = self.heap.foreign(Obarray::default());
        self.heap.foreign(Module::new(obarray))
    }

    /// The symbol's variable in the module itself, not looking at binders.
    #[inline]
    pub fn own_variable(&self, module: Value, name: Value) -> Option<Value> {
        let obarray: &Obarray = self.heap.as_foreign(self.module(module)?.obarray)?;
        obarray.bindings.get(&name).copied()
    }

    /// `module-local-variable`: the variable in the module itself, which may load what an autoload
    /// interface stands for.
    pub fn local_variable(&mut self, module: Value, name: Value) -> Result<Option<Value>> {
        if let Some(variable) = self.own_variable(module, name) {
            return Ok(Some(variable));
        }
        let Some(body) = self.module(module) else { return Ok(None) };
        if body.binder.is_true() {
            let variable = self.apply(body.binder, &[module, name, Value::FALSE])?;
            return Ok(Some(variable).filter(|&v| self.heap.is(v, Tag::Variable)));
        }
        match &body.autoload {
            Some(autoload) if autoload.bindings.contains(&name) => {
                let autoload = autoload.clone();
                let Some(interface) = self.resolve_autoload(&autoload, name)? else {
                    return Ok(None);
                };
                if let Some(user) = self.module_mut(autoload.user) {
                    user.uses.iter_mut().filter(|u| **u == module).for_each(|u| *u = interface);
                }
                let replaced =
                    self.module(interface).map(|m| m.replacements.clone()).unwrap_or_default();
                if let Some(body) = self.module_mut(module) {
                    body.replacements.extend(replaced);
                    body.autoload = None;
                    body.uses.push(interface);
                }
                Ok(self.own_variable(interface, name))
            }
            _ => Ok(None),
        }
    }

    /// The interface that an autoload stands for. As in Guile, a failure to load is a warning: Scheme's
    /// `%resolve-autoload` sees to it, once the boot files have defined it.
    fn resolve_autoload(&mut self, autoload: &Autoload, name: Value) -> Result<Option<Value>> {
        let interface = match self.guile_value("%resolve-autoload") {
            Some(procedure) => {
                let bindings = self.heap.list(&autoload.bindings);
                self.apply(procedure, &[autoload.name, bindings, name])?
            }
            None => {
                let bindings = Some(autoload.bindings.clone());
                let select = Select { select: bindings, ..Select::default() };
                self.resolve_interface(autoload.name, &select)?
            }
        };
        self.heap.keep(interface);
        Ok(Some(interface).filter(|&i| self.module(i).is_some()))
    }

    /// `module-variable`: the variable that `name` denotes in `module`.
    pub fn module_variable(&mut self, module: Value, name: Value) -> Result<Option<Value>> {
        let Some(body) = self.heap.as_foreign::<Module>(module) else { return Ok(None) };
        let obarray: Option<&Obarray> = self.heap.as_foreign(body.obarray);
        if let Some(&variable) = obarray.and_then(|o| o.bindings.get(&name)) {
            return Ok(Some(variable));
        }
        if let Some(&variable) = body.imports.get(&name) {
            return Ok(Some(variable));
        }
        if (body.autoload.is_some() || body.binder.is_true())
            && let Some(variable) = self.local_variable(module, name)?
        {
            return Ok(Some(variable));
        }
        if self.is_missed(module, name) {
            return Ok(None);
        }
        self.imported_variable(module, name)
    }

    fn imported_variable(&mut self, module: Value, name: Value) -> Result<Option<Value>> {
        let mut found: Option<(Value, Value)> = None;
        let mut i = 0;
        // An autoload may replace an element of `uses` meanwhile; so by index, looking again.
        while let Some(&interface) = self.module(module).and_then(|m| m.uses.get(i)) {
            i += 1;
            let Some(variable) = self.module_variable(interface, name)? else { continue };
            found = Some(match found {
                Some((_, old)) if old == variable => (interface, old),
                Some(old) => {
                    match self.settle_duplicate(module, name, old, (interface, variable))? {
                        Some(variable) => (interface, variable),
                        None => continue,
                    }
                }
                None => (interface, variable),
            });
        }
        // Noting what was found, or not, changes nothing for others.
        let changes = self.modules.changes;
        let Some(body) = self.heap.as_foreign_mut::<Module>(module) else { return Ok(None) };
        if body.uses.is_empty() {
            return Ok(None);
        }
        match found {
            Some((_, variable)) => {
                body.imports.insert(name, variable);
            }
            None => {
                body.misses.insert(name, changes);
            }
        }
        Ok(found.map(|(_, variable)| variable))
    }

    /// Whether `name` was looked for in `module` in vain, and nothing has changed since.
    fn is_missed(&self, module: Value, name: Value) -> bool {
        let body = self.module(module);
        body.is_some_and(|body| body.misses.get(&name) == Some(&self.modules.changes))
    }

    /// The variable for a [`crate::tree::Global`]: what the machine looks up when it first meets
    /// one. `module` is a module or a name.
    pub fn lookup_global(
        &mut self,
        module: Value,
        name: Value,
        public: bool,
    ) -> Result<Option<Value>> {
        let mut place = module;
        if self.module(module).is_none() {
            place = self.resolve_module(module, true, true)?;
        }
        if public {
            let interface = self.module(place).map_or(Value::FALSE, |m| m.public);
            if self.module(interface).is_none() {
                return self.no_code_for_module(module);
            }
            place = interface;
        }
        self.module_variable(place, name)
    }

    /// `module-add!`: makes `variable` the binding of `name`.
    pub fn module_add(&mut self, module: Value, name: Value, variable: Value) {
        let obarray = self.module(module).map_or(Value::FALSE, |m| m.obarray);
        self.modules.changes += 1;
        if let Some(obarray) = self.heap.as_foreign_mut::<Obarray>(obarray) {
            obarray.bindings.insert(name, variable);
        }
    }

    /// `module-remove!`.
    pub fn module_remove(&mut self, module: Value, name: Value) {
        let obarray = self.module(module).map_or(Value::FALSE, |m| m.obarray);
        if let Some(obarray) = self.heap.as_foreign_mut::<Obarray>(obarray) {
            obarray.bindings.shift_remove(&name);
        }
    }

    /// A new variable; slots as [`Tag::Variable`] says.
    pub fn make_variable(&mut self, value: Value, name: Value) -> Value {
        self.heap.slots_from(Tag::Variable, &[value, name])
    }

    /// The module's own variable of this name, made (unbound) if there is none.
    pub fn ensure_local_variable(&mut self, module: Value, name: Value) -> Result<Value> {
        if let Some(variable) = self.local_variable(module, name)? {
            return Ok(variable);
        }
        let variable = self.make_variable(Value::UNBOUND, name);
        self.module_add(module, name, variable);
        Ok(variable)
    }

    /// `module-define!`.
    pub fn module_define(&mut self, module: Value, name: Value, value: Value) {
        match self.own_variable(module, name) {
            Some(variable) => self.set_variable(variable, value),
            None => {
                let variable = self.make_variable(value, name);
                self.module_add(module, name, variable);
            }
        }
    }

    /// The variable's value unless it is unbound.
    #[inline]
    pub fn variable_value(&self, variable: Value) -> Option<Value> {
        let value = self.heap.slots(variable, Tag::Variable)?[0];
        if value == Value::UNBOUND { None } else { Some(value) }
    }

    /// Sets a variable's value.
    pub fn set_variable(&mut self, variable: Value, value: Value) {
        self.defer.forget(variable);
        if let Some(slots) = self.heap.slots_mut(variable, Tag::Variable) {
            slots[0] = value;
        }
    }

    /// The value of a variable of `(guile)`, if it is bound.
    pub fn guile_value(&self, name: &str) -> Option<Value> {
        let name = self.heap.find_symbol(name)?;
        self.variable_value(self.own_variable(self.modules.guile, name)?)
    }

    /// The module's name, one being made up if it has none (as Guile's `module-name` does).
    pub fn module_name(&mut self, module: Value) -> Value {
        let name = self.module(module).map_or(Value::FALSE, |m| m.name);
        if name != Value::FALSE {
            return name;
        }
        let number = self.heap.next_gensym();
        let symbol = self.heap.intern(&format!(" g{number}"));
        let name = self.heap.list(&[symbol]);
        if let Some(body) = self.module_mut(module) {
            body.name = name;
        }
        let root = self.modules.root;
        if let Some(root) = self.module_mut(root) {
            root.submodules.insert(symbol, module);
        }
        name
    }

    /// The tag `(hygiene . NAME)` of syntax objects of this module.
    pub fn module_tag(&mut self, module: Value) -> Value {
        let tag = self.module(module).map_or(Value::FALSE, |m| m.tag);
        if tag.is_pair() {
            return tag;
        }
        let name = self.module_name(module);
        let tag = self.heap.cons(self.modules.hygiene, name);
        if let Some(body) = self.module_mut(module) {
            body.tag = tag;
        }
        self.modules.by_tag.insert(tag, module);
        tag
    }

    /// The module that a tag names, loaded if need be; the current one for `#f`.
    #[inline]
    pub fn module_of_tag(&mut self, tag: Value) -> Result<Value> {
        if let Some(&module) = self.modules.by_tag.get(&tag) {
            return Ok(module);
        }
        let Some((kind, name)) = self.heap.pair(tag) else { return Ok(self.modules.current) };
        let module = self.resolve_module(name, true, true)?;
        // Only tags that stay are worth a place in the table: the module's own.
        if kind == self.modules.hygiene {
            self.module_tag(module);
        }
        Ok(module)
    }
}
