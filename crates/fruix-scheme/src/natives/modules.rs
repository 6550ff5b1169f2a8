// SPDX-License-Identifier: GPL-3.0-or-later
//! Module procedures of `(guile)` that take no procedures, and variables as objects.

use crate::engine::Engine;
use crate::heap::Tag;
use crate::modules::{DefineModule, Select};
use crate::native;
use crate::native::{Native, Result};
use crate::value::Value;

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("current-module", 0, current_module),
    native!("interaction-environment", 0, current_module),
    native!("set-current-module", 1, set_current_module),
    native!("module?", 1, is_module),
    native!("make-module", 0, 0, true, make_module),
    native!("make-fresh-user-module", 0, make_fresh_user_module),
    native!("beautify-user-module!", 1, beautify),
    native!("purify-module!", 1, purify),
    native!("module-name", 1, module_name),
    native!("set-module-name!", 2, set_name),
    native!("module-kind", 1, module_kind),
    native!("set-module-kind!", 2, set_kind),
    native!("module-version", 1, module_version),
    native!("set-module-version!", 2, set_version),
    native!("module-filename", 1, module_filename),
    native!("set-module-filename!", 2, set_filename),
    native!("module-declarative?", 1, module_declarative),
    native!("set-module-declarative?!", 2, set_declarative),
    native!("module-public-interface", 1, module_public_interface),
    native!("set-module-public-interface!", 2, set_public_interface),
    native!("module-uses", 1, module_uses),
    native!("set-module-uses!", 2, set_uses),
    native!("module-binder", 1, module_binder),
    native!("set-module-binder!", 2, set_binder),
    native!("module-duplicates-handlers", 1, duplicates_handlers),
    native!("set-module-duplicates-handlers!", 2, set_duplicates_handlers),
    native!("default-duplicate-binding-handler", 0, default_duplicates),
    native!("%module-replacements", 1, replacements),
    native!("%module-obarray->alist", 1, obarray_alist),
    native!("%module-share-obarray!", 2, share_obarray),
    native!("module-variable", 2, module_variable),
    native!("module-local-variable", 2, module_local_variable),
    native!("module-add!", 3, module_add),
    native!("module-remove!", 2, module_remove),
    native!("module-clear!", 1, module_clear),
    native!("module-define!", 3, module_define),
    native!("module-ref", 2, 1, false, module_ref),
    native!("module-set!", 3, module_set),
    native!("module-defined?", 2, module_defined),
    native!("module-bound?", 2, module_defined),
    native!("defined?", 1, 1, false, is_defined),
    native!("module-locally-bound?", 2, module_locally_bound),
    native!("module-symbol-interned?", 2, module_interned),
    native!("module-symbol-locally-interned?", 2, module_locally_interned),
    native!("module-symbol-binding", 2, 1, false, symbol_binding),
    native!("module-symbol-local-binding", 2, 1, false, symbol_local_binding),
    native!("module-ensure-local-variable!", 2, ensure_local_variable),
    native!("module-make-local-var!", 2, ensure_local_variable),
    native!("module-use!", 2, module_use),
    native!("module-use-interfaces!", 2, module_use_interfaces),
    native!("module-export!", 2, 2, false, module_export),
    native!("module-replace!", 2, module_replace),
    native!("module-re-export!", 2, 2, false, module_re_export),
    native!("module-autoload!", 1, 0, true, module_autoload),
    native!("module-ref-submodule", 2, ref_submodule),
    native!("module-define-submodule!", 3, define_submodule),
    native!("%module-submodules", 1, submodules),
    native!("module-generate-unique-id!", 1, generate_unique_id),
    native!("module-gensym", 0, 2, false, module_gensym),
    native!("resolve-module", 1, 0, true, resolve_module),
    native!("resolve-interface", 1, 0, true, resolve_interface),
    native!("define-module*", 1, 0, true, define_module_native),
    native!("process-use-modules", 1, process_use_modules),
    native!("try-module-autoload", 1, 1, false, try_module_autoload),
    native!("make-variable", 1, make_variable),
    native!("make-undefined-variable", 0, make_undefined_variable),
    native!("variable?", 1, is_variable),
    native!("variable-ref", 1, variable_ref),
    native!("variable-set!", 2, variable_set),
    native!("variable-unset!", 1, variable_unset),
    native!("variable-bound?", 1, variable_bound),
];

/// Binds the module objects that `(guile)` has.
pub fn install(engine: &mut Engine) {
    let guile = engine.modules.guile;
    let core = engine.modules.interface;
    let constants = [
        ("the-root-module", guile),
        ("the-scm-module", core),
        ("*unspecified*", Value::UNSPECIFIED),
    ];
    for (name, value) in constants {
        let name = engine.heap.intern(name);
        engine.module_define(guile, name, value);
    }
}

fn current_module(engine: &mut Engine) -> Result {
    Ok(engine.modules.current)
}

fn set_current_module(engine: &mut Engine, module: Value) -> Result {
    engine.want_module("set-current-module", 1, module)?;
    Ok(std::mem::replace(&mut engine.modules.current, module))
}

fn is_module(engine: &mut Engine, value: Value) -> Result {
    Ok(Value::bool(engine.module(value).is_some()))
}

fn make_module(engine: &mut Engine, args: &[Value]) -> Result {
    let uses = args.get(1).and_then(|&l| engine.heap.list_to_vec(l)).unwrap_or_default();
    let module = engine.make_module();
    if let Some(body) = engine.module_mut(module) {
        body.uses = uses;
        body.binder = args.get(2).copied().unwrap_or(Value::FALSE);
    }
    Ok(module)
}

fn make_fresh_user_module(engine: &mut Engine) -> Result {
    Ok(engine.make_fresh_user_module())
}

fn beautify(engine: &mut Engine, module: Value) -> Result {
    engine.want_module("beautify-user-module!", 1, module)?;
    engine.beautify_module(module);
    Ok(Value::UNSPECIFIED)
}

fn purify(engine: &mut Engine, module: Value) -> Result {
    engine.want_module("purify-module!", 1, module)?;
    engine.purify_module(module);
    Ok(Value::UNSPECIFIED)
}

fn module_name(engine: &mut Engine, module: Value) -> Result {
    engine.want_module("module-name", 1, module)?;
    Ok(engine.module_name(module))
}

/// Accessors of plain fields.
macro_rules! field {
    ($get:ident, $get_name:literal, $set:ident, $set_name:literal, $field:ident) => {
        fn $get(engine: &mut Engine, module: Value) -> Result {
            match engine.module(module) {
                Some(body) => Ok(body.$field),
                None => engine.wrong_type($get_name, 1, module),
            }
        }
        fn $set(engine: &mut Engine, module: Value, value: Value) -> Result {
            match engine.module_mut(module) {
                Some(body) => {
                    body.$field = value;
                    Ok(Value::UNSPECIFIED)
                }
                None => engine.wrong_type($set_name, 1, module),
            }
        }
    };
}

field!(module_kind, "module-kind", set_kind, "set-module-kind!", kind);
field!(module_version, "module-version", set_version, "set-module-version!", version);
field!(module_filename, "module-filename", set_filename, "set-module-filename!", filename);
field!(
    module_declarative,
    "module-declarative?",
    set_declarative,
    "set-module-declarative?!",
    declarative
);
field!(
    module_public_interface,
    "module-public-interface",
    set_public_interface,
    "set-module-public-interface!",
    public
);
field!(module_binder, "module-binder", set_binder, "set-module-binder!", binder);

fn set_name(engine: &mut Engine, module: Value, name: Value) -> Result {
    match engine.module_mut(module) {
        Some(body) => {
            body.name = name;
            body.tag = Value::FALSE;
            Ok(Value::UNSPECIFIED)
        }
        None => engine.wrong_type("set-module-name!", 1, module),
    }
}

fn module_uses(engine: &mut Engine, module: Value) -> Result {
    match engine.module(module).map(|m| m.uses.clone()) {
        Some(uses) => Ok(engine.heap.list(&uses)),
        None => engine.wrong_type("module-uses", 1, module),
    }
}

fn list_arg(engine: &mut Engine, who: &str, position: usize, list: Value) -> Result<Vec<Value>> {
    match engine.heap.list_to_vec(list) {
        Some(elements) => Ok(elements),
        None => engine.wrong_type(who, position, list),
    }
}

fn set_uses(engine: &mut Engine, module: Value, uses: Value) -> Result {
    let uses = list_arg(engine, "set-module-uses!", 2, uses)?;
    match engine.module_mut(module) {
        Some(body) => {
            body.uses = uses;
            body.imports.clear();
            Ok(Value::UNSPECIFIED)
        }
        None => engine.wrong_type("set-module-uses!", 1, module),
    }
}

fn duplicates_handlers(engine: &mut Engine, module: Value) -> Result {
    match engine.module(module).map(|m| m.duplicates.clone()) {
        Some(Some(handlers)) => Ok(engine.heap.list(&handlers)),
        Some(None) => Ok(Value::FALSE),
        None => engine.wrong_type("module-duplicates-handlers", 1, module),
    }
}

fn set_duplicates_handlers(engine: &mut Engine, module: Value, handlers: Value) -> Result {
    let handlers = engine.heap.list_to_vec(handlers);
    match engine.module_mut(module) {
        Some(body) => {
            body.duplicates = handlers;
            Ok(Value::UNSPECIFIED)
        }
        None => engine.wrong_type("set-module-duplicates-handlers!", 1, module),
    }
}

fn default_duplicates(engine: &mut Engine) -> Result {
    let names = ["replace", "warn-override-core", "warn", "last"];
    let names: Vec<Value> = names.iter().map(|name| engine.heap.intern(name)).collect();
    Ok(engine.heap.list(&names))
}

fn replacements(engine: &mut Engine, module: Value) -> Result {
    match engine.module(module).map(|m| m.replacements.iter().copied().collect::<Vec<_>>()) {
        Some(names) => Ok(engine.heap.list(&names)),
        None => engine.wrong_type("%module-replacements", 1, module),
    }
}

fn obarray_alist(engine: &mut Engine, module: Value) -> Result {
    engine.want_module("%module-obarray->alist", 1, module)?;
    let mut entries = Vec::new();
    for (name, variable) in engine.bindings(module) {
        entries.push(engine.heap.cons(name, variable));
    }
    Ok(engine.heap.list(&entries))
}

/// Makes the first module use the second one's bindings as its own.
fn share_obarray(engine: &mut Engine, module: Value, other: Value) -> Result {
    let Some(obarray) = engine.module(other).map(|m| m.obarray) else {
        return engine.wrong_type("%module-share-obarray!", 2, other);
    };
    match engine.module_mut(module) {
        Some(body) => {
            body.obarray = obarray;
            Ok(Value::UNSPECIFIED)
        }
        None => engine.wrong_type("%module-share-obarray!", 1, module),
    }
}

fn module_variable(engine: &mut Engine, module: Value, name: Value) -> Result {
    // Before the module system is used, Guile takes #f for the root module.
    if module == Value::FALSE {
        let guile = engine.modules.guile;
        return Ok(engine.module_variable(guile, name)?.unwrap_or(Value::FALSE));
    }
    engine.want_module("module-variable", 1, module)?;
    Ok(engine.module_variable(module, name)?.unwrap_or(Value::FALSE))
}

fn module_local_variable(engine: &mut Engine, module: Value, name: Value) -> Result {
    engine.want_module("module-local-variable", 1, module)?;
    Ok(engine.local_variable(module, name)?.unwrap_or(Value::FALSE))
}

fn module_add(engine: &mut Engine, module: Value, name: Value, variable: Value) -> Result {
    engine.want_module("module-add!", 1, module)?;
    if !engine.heap.is(variable, Tag::Variable) {
        return engine.misc_error("Bad variable to module-add!", &[variable]);
    }
    engine.module_add(module, name, variable);
    Ok(Value::UNSPECIFIED)
}

fn module_remove(engine: &mut Engine, module: Value, name: Value) -> Result {
    engine.want_module("module-remove!", 1, module)?;
    engine.module_remove(module, name);
    Ok(Value::UNSPECIFIED)
}

fn module_clear(engine: &mut Engine, module: Value) -> Result {
    engine.want_module("module-clear!", 1, module)?;
    for (name, _) in engine.bindings(module) {
        engine.module_remove(module, name);
    }
    Ok(Value::UNSPECIFIED)
}

fn module_define(engine: &mut Engine, module: Value, name: Value, value: Value) -> Result {
    engine.want_module("module-define!", 1, module)?;
    engine.module_define(module, name, value);
    Ok(Value::UNSPECIFIED)
}

fn no_variable<T>(engine: &mut Engine, module: Value, name: Value) -> Result<T> {
    let in_ = engine.heap.intern("in");
    engine.misc_error("No variable named", &[name, in_, module])
}

fn module_ref(engine: &mut Engine, args: &[Value]) -> Result {
    engine.want_module("module-ref", 1, args[0])?;
    let variable = engine.module_variable(args[0], args[1])?;
    let value = match variable {
        Some(variable) => engine.value_of(variable)?,
        None => None,
    };
    match (value, args.get(2)) {
        (Some(value), _) => Ok(value),
        (None, Some(&default)) => Ok(default),
        (None, None) => no_variable(engine, args[0], args[1]),
    }
}

fn module_set(engine: &mut Engine, module: Value, name: Value, value: Value) -> Result {
    engine.want_module("module-set!", 1, module)?;
    match engine.module_variable(module, name)? {
        Some(variable) => {
            engine.set_variable(variable, value);
            Ok(Value::UNSPECIFIED)
        }
        None => no_variable(engine, module, name),
    }
}

fn module_defined(engine: &mut Engine, module: Value, name: Value) -> Result {
    engine.want_module("module-defined?", 1, module)?;
    let variable = engine.module_variable(module, name)?;
    Ok(Value::bool(variable.is_some_and(|v| engine.is_bound(v))))
}

fn is_defined(engine: &mut Engine, args: &[Value]) -> Result {
    let module = args.get(1).copied().unwrap_or(engine.modules.current);
    module_defined(engine, module, args[0])
}

fn module_locally_bound(engine: &mut Engine, module: Value, name: Value) -> Result {
    engine.want_module("module-locally-bound?", 1, module)?;
    let variable = engine.local_variable(module, name)?;
    Ok(Value::bool(variable.is_some_and(|v| engine.is_bound(v))))
}

fn module_interned(engine: &mut Engine, module: Value, name: Value) -> Result {
    engine.want_module("module-symbol-interned?", 1, module)?;
    Ok(Value::bool(engine.module_variable(module, name)?.is_some()))
}

fn module_locally_interned(engine: &mut Engine, module: Value, name: Value) -> Result {
    engine.want_module("module-symbol-locally-interned?", 1, module)?;
    Ok(Value::bool(engine.own_variable(module, name).is_some()))
}

fn symbol_binding(engine: &mut Engine, args: &[Value]) -> Result {
    engine.want_module("module-symbol-binding", 1, args[0])?;
    let variable = engine.module_variable(args[0], args[1])?;
    let value = match variable {
        Some(variable) => engine.value_of(variable)?,
        None => None,
    };
    match (value, args.get(2)) {
        (Some(value), _) => Ok(value),
        (None, Some(&default)) => Ok(default),
        (None, None) => engine.misc_error("Unbound variable.", &[args[1]]),
    }
}

fn symbol_local_binding(engine: &mut Engine, args: &[Value]) -> Result {
    engine.want_module("module-symbol-local-binding", 1, args[0])?;
    let variable = engine.local_variable(args[0], args[1])?;
    let value = match variable {
        Some(variable) => engine.value_of(variable)?,
        None => None,
    };
    match (value, args.get(2)) {
        (Some(value), _) => Ok(value),
        (None, Some(&default)) => Ok(default),
        (None, None) => engine.misc_error("Locally unbound variable.", &[args[1]]),
    }
}

fn ensure_local_variable(engine: &mut Engine, module: Value, name: Value) -> Result {
    engine.want_module("module-ensure-local-variable!", 1, module)?;
    engine.ensure_local_variable(module, name)
}

fn module_use(engine: &mut Engine, module: Value, interface: Value) -> Result {
    engine.want_module("module-use!", 1, module)?;
    engine.want_module("module-use!", 2, interface)?;
    engine.module_use(module, interface);
    Ok(Value::UNSPECIFIED)
}

fn module_use_interfaces(engine: &mut Engine, module: Value, interfaces: Value) -> Result {
    engine.want_module("module-use-interfaces!", 1, module)?;
    for interface in list_arg(engine, "module-use-interfaces!", 2, interfaces)? {
        module_use(engine, module, interface)?;
    }
    Ok(Value::UNSPECIFIED)
}

/// The value of `#:NAME` in an argument list.
fn keyword_arg(engine: &Engine, args: &[Value], name: &str) -> Option<Value> {
    args.chunks(2).find_map(|pair| match pair {
        &[key, value] => {
            let symbol = engine.heap.keyword_symbol(key)?;
            (engine.heap.symbol_name(symbol)? == name).then_some(value)
        }
        _ => None,
    })
}

fn module_export(engine: &mut Engine, args: &[Value]) -> Result {
    engine.want_module("module-export!", 1, args[0])?;
    let names = list_arg(engine, "module-export!", 2, args[1])?;
    let replace = keyword_arg(engine, &args[2..], "replace?").is_some_and(Value::is_true);
    engine.module_export(args[0], &names, replace)?;
    Ok(Value::UNSPECIFIED)
}

fn module_replace(engine: &mut Engine, module: Value, names: Value) -> Result {
    engine.want_module("module-replace!", 1, module)?;
    let names = list_arg(engine, "module-replace!", 2, names)?;
    engine.module_export(module, &names, true)?;
    Ok(Value::UNSPECIFIED)
}

fn module_re_export(engine: &mut Engine, args: &[Value]) -> Result {
    engine.want_module("module-re-export!", 1, args[0])?;
    let names = list_arg(engine, "module-re-export!", 2, args[1])?;
    let replace = keyword_arg(engine, &args[2..], "replace?").is_some_and(Value::is_true);
    engine.module_re_export(args[0], &names, replace)?;
    Ok(Value::UNSPECIFIED)
}

fn module_autoload(engine: &mut Engine, args: &[Value]) -> Result {
    engine.want_module("module-autoload!", 1, args[0])?;
    for pair in args[1..].chunks(2) {
        let &[name, bindings] = pair else {
            return engine.misc_error("invalid name+binding autoload list", &[pair[0]]);
        };
        let bindings = list_arg(engine, "module-autoload!", 3, bindings)?;
        engine.module_autoload(args[0], name, bindings);
    }
    Ok(Value::TRUE)
}

fn ref_submodule(engine: &mut Engine, module: Value, name: Value) -> Result {
    match engine.module(module) {
        Some(body) => Ok(body.submodules.get(&name).copied().unwrap_or(Value::FALSE)),
        None => engine.wrong_type("module-ref-submodule", 1, module),
    }
}

/// `(%module-submodules MODULE)`: an alist of names and modules.
fn submodules(engine: &mut Engine, module: Value) -> Result {
    let Some(body) = engine.module(module) else {
        return engine.wrong_type("module-submodules", 1, module);
    };
    let children: Vec<(Value, Value)> = body.submodules.iter().map(|(&n, &m)| (n, m)).collect();
    let pairs: Vec<Value> = children.into_iter().map(|(n, m)| engine.heap.cons(n, m)).collect();
    Ok(engine.heap.list(&pairs))
}

fn define_submodule(engine: &mut Engine, module: Value, name: Value, child: Value) -> Result {
    match engine.module_mut(module) {
        Some(body) => {
            body.submodules.insert(name, child);
            Ok(Value::UNSPECIFIED)
        }
        None => engine.wrong_type("module-define-submodule!", 1, module),
    }
}

fn generate_unique_id(engine: &mut Engine, module: Value) -> Result {
    match engine.module_mut(module) {
        Some(body) => {
            body.next_id += 1;
            Ok(Value::fixnum(body.next_id - 1))
        }
        None => engine.wrong_type("module-generate-unique-id!", 1, module),
    }
}

fn module_gensym(engine: &mut Engine, args: &[Value]) -> Result {
    let heap = &engine.heap;
    let prefix = match args.first() {
        Some(&id) => match (heap.as_string(id), heap.symbol_name(id)) {
            (Some(text), _) => text.to_string(),
            (_, Some(name)) => name.to_string(),
            _ => return engine.wrong_type("module-gensym", 1, id),
        },
        None => " mg".to_string(),
    };
    let module = args.get(1).copied().unwrap_or(engine.modules.current);
    let name = engine.module_name(module);
    let hash = engine.datum_hash(name);
    let number = generate_unique_id(engine, module)?.as_fixnum().unwrap_or(0);
    Ok(engine.heap.intern(&format!("{prefix}-{hash:x}-{number:x}")))
}

fn resolve_module(engine: &mut Engine, args: &[Value]) -> Result {
    let plain: Vec<Value> =
        args.iter().copied().take_while(|&a| engine.heap.keyword_symbol(a).is_none()).collect();
    let keywords = &args[plain.len()..];
    let autoload = plain.get(1).is_none_or(|v| v.is_true());
    let ensure = keyword_arg(engine, keywords, "ensure").is_none_or(Value::is_true);
    engine.resolve_module(args[0], autoload, ensure)
}

/// The keyword arguments of `resolve-interface`.
fn select(engine: &mut Engine, args: &[Value]) -> Result<Select> {
    let mut select = Select::default();
    for pair in args.chunks(2) {
        let &[key, value] = pair else { continue };
        let name = engine.heap.keyword_symbol(key).and_then(|s| engine.heap.symbol_name(s));
        match name {
            Some("select") if value.is_true() => {
                select.select = Some(list_arg(engine, "resolve-interface", 2, value)?);
            }
            Some("hide") => select.hide = list_arg(engine, "resolve-interface", 2, value)?,
            Some("prefix") if value.is_true() => select.prefix = Some(value),
            Some("renamer") if value.is_true() => select.renamer = Some(value),
            Some("version") if value.is_true() => select.version = Some(value),
            Some("select" | "prefix" | "renamer" | "version") => {}
            _ => {
                return engine.error(
                    "keyword-argument-error",
                    "resolve-interface",
                    "Unrecognized keyword",
                    &[key],
                );
            }
        }
    }
    Ok(select)
}

fn resolve_interface(engine: &mut Engine, args: &[Value]) -> Result {
    let select = select(engine, &args[1..])?;
    engine.resolve_interface(args[0], &select)
}

/// An interface specification `(NAME KEYWORD VALUE …)`.
fn interface_spec(engine: &mut Engine, spec: Value) -> Result<(Value, Select)> {
    let parts = list_arg(engine, "resolve-interface", 1, spec)?;
    match parts.split_first() {
        Some((&name, rest)) => Ok((name, select(engine, rest)?)),
        None => engine.misc_error("no such module", &[spec]),
    }
}

/// Makes `module` use the interfaces of these specifications.
pub(crate) fn use_interfaces(engine: &mut Engine, module: Value, specs: &[Value]) -> Result<()> {
    let scope = engine.heap.open_scope();
    let result = use_interfaces_in_scope(engine, module, specs);
    engine.heap.close_scope(scope);
    result
}

fn use_interfaces_in_scope(engine: &mut Engine, module: Value, specs: &[Value]) -> Result<()> {
    engine.heap.keep(module);
    specs.iter().for_each(|&spec| {
        engine.heap.keep(spec);
    });
    let mut interfaces = Vec::with_capacity(specs.len());
    for &spec in specs {
        let (name, select) = interface_spec(engine, spec)?;
        let interface = engine.resolve_interface(name, &select)?;
        interfaces.push(engine.heap.keep(interface));
    }
    for interface in interfaces {
        engine.module_use(module, interface);
    }
    Ok(())
}

fn process_use_modules(engine: &mut Engine, specs: Value) -> Result {
    let specs = list_arg(engine, "process-use-modules", 1, specs)?;
    let module = engine.modules.current;
    use_interfaces(engine, module, &specs)?;
    Ok(Value::UNSPECIFIED)
}

fn define_module_native(engine: &mut Engine, args: &[Value]) -> Result {
    define_module(engine, args)
}

/// `define-module*`: name, then keywords and values.
pub(crate) fn define_module(engine: &mut Engine, args: &[Value]) -> Result {
    let scope = engine.heap.open_scope();
    args.iter().for_each(|&arg| {
        engine.heap.keep(arg);
    });
    let module = define_module_in_scope(engine, args);
    engine.heap.close_scope(scope);
    let module = module?;
    engine.heap.keep(module);
    Ok(module)
}

fn define_module_in_scope(engine: &mut Engine, args: &[Value]) -> Result {
    const WHO: &str = "define-module*";
    let mut spec = DefineModule { name: Some(args[0]), ..DefineModule::new() };
    for (i, pair) in args[1..].chunks(2).enumerate() {
        let &[key, value] = pair else { continue };
        let position = i * 2 + 3;
        let name = engine.heap.keyword_symbol(key).and_then(|s| engine.heap.symbol_name(s));
        match name.unwrap_or_default() {
            "filename" => spec.filename = Some(value).filter(|v| v.is_true()),
            "pure" => spec.pure = value.is_true(),
            "version" => spec.version = Some(value).filter(|v| v.is_true()),
            "declarative?" => spec.declarative = value,
            "exports" => spec.exports = list_arg(engine, WHO, position, value)?,
            "replacements" => spec.replacements = list_arg(engine, WHO, position, value)?,
            "re-exports" => spec.re_exports = list_arg(engine, WHO, position, value)?,
            "re-export-replacements" => {
                spec.re_export_replacements = list_arg(engine, WHO, position, value)?;
            }
            "duplicates" if value.is_true() => {
                spec.duplicates =
                    Some(engine.heap.list_to_vec(value).unwrap_or_else(|| vec![value]));
            }
            "imports" => {
                for import in list_arg(engine, WHO, position, value)? {
                    spec.imports.push(interface_spec(engine, import)?);
                }
            }
            "autoloads" => {
                for pair in list_arg(engine, WHO, position, value)?.chunks(2) {
                    let &[name, bindings] = pair else { continue };
                    let bindings = list_arg(engine, WHO, position, bindings)?;
                    spec.autoloads.push((name, bindings));
                }
            }
            _ => {}
        }
    }
    engine.define_module(spec)
}

fn try_module_autoload(engine: &mut Engine, args: &[Value]) -> Result {
    Ok(Value::bool(engine.try_module_autoload(args[0])?))
}

// ----- variables

fn make_variable(engine: &mut Engine, value: Value) -> Result {
    Ok(engine.make_variable(value, Value::FALSE))
}

fn make_undefined_variable(engine: &mut Engine) -> Result {
    Ok(engine.make_variable(Value::UNBOUND, Value::FALSE))
}

fn is_variable(engine: &mut Engine, value: Value) -> Result {
    Ok(Value::bool(engine.heap.is(value, Tag::Variable)))
}

fn variable_ref(engine: &mut Engine, variable: Value) -> Result {
    if !engine.heap.is(variable, Tag::Variable) {
        return engine.wrong_type("variable-ref", 1, variable);
    }
    match engine.value_of(variable)? {
        Some(value) => Ok(value),
        None => engine.error("misc-error", "variable-ref", "variable is unbound: ~S", &[variable]),
    }
}

fn variable_set(engine: &mut Engine, variable: Value, value: Value) -> Result {
    if !engine.heap.is(variable, Tag::Variable) {
        return engine.wrong_type("variable-set!", 1, variable);
    }
    engine.set_variable(variable, value);
    Ok(Value::UNSPECIFIED)
}

fn variable_unset(engine: &mut Engine, variable: Value) -> Result {
    if !engine.heap.is(variable, Tag::Variable) {
        return engine.wrong_type("variable-unset!", 1, variable);
    }
    engine.set_variable(variable, Value::UNBOUND);
    Ok(Value::UNSPECIFIED)
}

fn variable_bound(engine: &mut Engine, variable: Value) -> Result {
    if !engine.heap.is(variable, Tag::Variable) {
        return engine.wrong_type("variable-bound?", 1, variable);
    }
    Ok(Value::bool(engine.is_bound(variable)))
}
