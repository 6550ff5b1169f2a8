// SPDX-License-Identifier: GPL-3.0-or-later
//! Evaluation and loading: `primitive-eval`, `macroexpand`, `primitive-load` and the search for files.
//!
//! A file is read form by form with places noted (Guile's `read-syntax`), each form is expanded in
//! the current module and run. If a program has assigned `read-syntax`, its procedure reads instead.

use crate::cache::Extents;
use crate::engine::Engine;
use crate::expand;
use crate::heap::{Foreign, Tag, Tracer};
use crate::library;
use crate::modules::Found;
use crate::native;
use crate::native::{Exit, Native, Result};
use crate::ports::{Port, restore_input, take_input};
use crate::reader::{Annotate, Reader};
use crate::value::Value;
use std::path::Path;

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("primitive-eval", 1, primitive_eval),
    native!("macroexpand", 1, 2, false, macroexpand),
    native!("primitive-load", 1, primitive_load),
    native!("%eval-text", 1, eval_text),
    native!("primitive-load-path", 1, 1, false, primitive_load_path),
    native!("load-from-path", 1, 0, false, primitive_load_path),
    native!("%search-load-path", 1, search_load_path),
    native!("search-path", 2, 2, false, search_path),
    native!("%note-uncaught", 1, crate::report::note_uncaught),
    native!("%note-raised", 1, crate::report::note_raised),
    native!("%note-subject", 4, 0, false, crate::report::note_subject),
];

/// The result of `macroexpand`: a tree, compiled.
struct Expanded(Value);

impl Foreign for Expanded {
    fn type_name(&self) -> &'static str {
        "tree-il"
    }
    fn trace(&self, tracer: &mut Tracer) {
        tracer.visit(self.0);
    }
}

/// Defines the variables that loading depends on.
pub fn install(engine: &mut Engine) {
    let guile = engine.modules.guile;
    let extensions = [engine.heap.string(".scm"), engine.heap.string("")];
    let extensions = engine.heap.list(&extensions);
    // Never empty: programs (Guix among them) take its head for granted.
    let compiled = engine.heap.string(crate::modules::EMBEDDED_ROOT.trim_end_matches('/'));
    let compiled = engine.heap.list(&[compiled]);
    for (name, value) in [
        ("%load-path", Value::NULL),
        ("%load-extensions", extensions),
        ("%load-compiled-path", compiled),
        ("%load-compiled-extensions", Value::NULL),
        ("%load-hook", Value::FALSE),
    ] {
        let name = engine.heap.intern(name);
        engine.module_define(guile, name, value);
    }
}

impl Engine {
    /// Compiles a form (datum or syntax object) in the current module; gives a thunk.
    pub fn compile_form(&mut self, form: Value) -> Result {
        let scope = self.heap.open_scope();
        self.heap.keep(form);
        let thunk = expand::expand_form(self, form).and_then(|expr| self.compile(expr));
        self.heap.close_scope(scope);
        thunk
    }

    /// Evaluates a form in the current module.
    pub fn eval_form(&mut self, form: Value) -> Result {
        let thunk = self.compile_form(form)?;
        self.apply(thunk, &[])
    }

    /// Reads and evaluates all forms of `text`; gives the last one's value.
    pub fn eval_text(&mut self, text: &str) -> Result {
        let port = self.heap.foreign(Port::from_bytes(text.as_bytes().to_vec()));
        let outer = self.set_late_bodies(false);
        let result = self.load_port(port, None);
        self.set_late_bodies(outer);
        result
    }

    /// Loads a file into the current module; `name` is how places in it are called.
    pub fn load_file(&mut self, path: &str, name: &str) -> Result {
        let outer = self.set_late_bodies(self.modules.booting);
        let result = self.load_file_in_mode(path, name);
        self.set_late_bodies(outer);
        result
    }

    pub(crate) fn load_file_in_mode(&mut self, path: &str, name: &str) -> Result {
        let bytes = match library::text(path) {
            Some(text) if path.starts_with(crate::modules::EMBEDDED_ROOT) => {
                text.as_bytes().to_vec()
            }
            _ => match std::fs::read(path) {
                Ok(bytes) => bytes,
                Err(error) => return self.cannot_open(path, &error),
            },
        };
        let filename = self.heap.string(name);
        let mut port = Port::from_bytes(bytes);
        port.filename = filename;
        let port = self.heap.foreign(port);
        self.load_port(port, Some(name))
    }

    fn cannot_open<T>(&mut self, path: &str, error: &std::io::Error) -> Result<T> {
        let key = self.heap.intern("system-error");
        let subr = self.heap.string("open-file");
        let message = self.heap.string("~A: ~S");
        let reason = match error.raw_os_error() {
            Some(code) => std::io::Error::from_raw_os_error(code).to_string(),
            None => error.to_string(),
        };
        // Rust appends the number: `No such file or directory (os error 2)`.
        let reason = reason.split(" (os error").next().unwrap_or_default().to_string();
        let reason = self.heap.string(&reason);
        let path = self.heap.string(path);
        let args = self.heap.list(&[reason, path]);
        let number = i64::from(error.raw_os_error().unwrap_or(0));
        let data = self.heap.list(&[Value::fixnum(number)]);
        Err(Box::new(Exit::Error { key, subr, message, args, data }))
    }

    pub(crate) fn load_found(&mut self, found: &Found) -> Result {
        let outer = self.set_late_bodies(true);
        let result = self.load_file_in_mode(&found.path, &found.relative);
        self.set_late_bodies(outer);
        result
    }

    fn load_port(&mut self, port: Value, name: Option<&str>) -> Result {
        let scope = self.heap.open_scope();
        self.heap.keep(port);
        let result = self.load_forms(port, name);
        self.heap.close_scope(scope);
        result.map(|value| self.heap.keep(value))
    }

    fn load_forms(&mut self, port: Value, name: Option<&str>) -> Result {
        let file = self.sources.file(&mut self.heap, name);
        let depth = self.begin_form(None);
        let result = self.loading(|engine| engine.load_each(port, file, None));
        self.end_form(depth);
        result
    }

    /// Runs what loads a file.
    pub(crate) fn loading(&mut self, f: impl FnOnce(&mut Engine) -> Result) -> Result {
        let outer = self.report.enter(self.machine.depth());
        let states = self.defer.enter();
        let result = f(self);
        self.defer.leave(states);
        let failed = matches!(&result, Err(exit) if !matches!(**exit, Exit::Unwind));
        self.report.leave(outer, failed);
        result
    }

    /// Evaluates the forms of a file; notes what they do for the entry in the cache of compiled modules.
    pub(crate) fn load_each(&mut self, port: Value, file: u32, entry: Option<u32>) -> Result {
        let mut last = Value::UNSPECIFIED;
        let mut loading = crate::defer::Loading::new(entry);
        loop {
            let scope = self.heap.open_scope();
            let thunk = self.next_undeferred(port, file, &mut loading);
            self.heap.close_scope(scope);
            match thunk? {
                Some(thunk) => last = self.apply(thunk, &[])?,
                None => return Ok(last),
            }
        }
    }

    /// The next form that is to be evaluated now, compiled.
    fn next_undeferred(
        &mut self,
        port: Value,
        file: u32,
        loading: &mut crate::defer::Loading,
    ) -> Result<Option<Value>> {
        while self.defer_next(port, file, loading)? {}
        let Some(entry) = loading.entry else { return self.next_thunk(port, file) };
        let before = self.input_place(port);
        let depth = self.begin_form(Some(entry));
        let thunk = self.next_thunk(port, file);
        if let Ok(Some(thunk)) = thunk {
            self.record_thunk(thunk);
            let (start, line, column) = before;
            let (end, ..) = self.input_place(port);
            let place = self.report.form().map(|place| (place.line, place.column));
            self.finish_form(Extents { start, end, line, column }, place);
        }
        self.end_form(depth);
        thunk
    }

    /// Where a port's input is: byte, line, column.
    fn input_place(&self, port: Value) -> (usize, u32, u32) {
        self.heap
            .as_foreign::<Port>(port)
            .map_or((0, 0, 0), |port| (port.input.position(), port.input.line, port.input.column))
    }

    pub(crate) fn next_thunk(&mut self, port: Value, file: u32) -> Result<Option<Value>> {
        let form = self.read_form(port, file)?;
        if form == Value::EOF {
            return Ok(None);
        }
        let source = self.heap.slots(form, Tag::Syntax).map(|slots| slots[3]);
        let place = source.and_then(|source| self.sources.location(&self.heap, source));
        self.report.at_form(place);
        let expr = expand::expand_module_form(self, form)?;
        self.compile(expr).map(Some)
    }

    fn read_form(&mut self, port: Value, file: u32) -> Result {
        if let Some(procedure) = self.guile_value("read-syntax")
            && self.heap.as_native(procedure).is_none()
        {
            let form = self.apply(procedure, &[port])?;
            return Ok(self.heap.keep(form));
        }
        let input = take_input(self, port);
        let empty_wrap = self.expander.empty_wrap();
        let mut reader =
            Reader::new(self, input, port, file).annotate(Annotate::Compound, empty_wrap);
        let form = reader.read();
        let input = reader.into_input();
        restore_input(self, port, input);
        form
    }

    /// All forms of a file, read with their places.
    pub(crate) fn read_all(&mut self, found: &Found) -> Result<Vec<Value>> {
        self.record_file(&found.path);
        let bytes = match library::text(&found.path) {
            Some(text) if found.path.starts_with(crate::modules::EMBEDDED_ROOT) => {
                text.as_bytes().to_vec()
            }
            _ => match std::fs::read(&found.path) {
                Ok(bytes) => bytes,
                Err(error) => return self.cannot_open(&found.path, &error),
            },
        };
        let port = self.heap.foreign(Port::from_bytes(bytes));
        let file = self.sources.file(&mut self.heap, Some(&found.relative));
        let mut forms = Vec::new();
        loop {
            match self.read_form(port, file)? {
                Value::EOF => return Ok(forms),
                form => forms.push(form),
            }
        }
    }

    /// The forms of a file named in `include`, relative to the file (as places name it) that includes it.
    pub(crate) fn read_included(&mut self, name: &str, from: Option<&str>) -> Result<Vec<Value>> {
        let relative = match from.and_then(|from| Path::new(from).parent()) {
            Some(dir) if !Path::new(name).is_absolute() => {
                dir.join(name).to_string_lossy().into_owned()
            }
            _ => name.to_string(),
        };
        if !Path::new(&relative).is_file()
            && let Some(found) = self.search_load_path(&relative)
        {
            return self.read_all(&found);
        }
        self.read_all(&Found { path: relative.clone(), relative })
    }

    /// `equal?`.
    pub(crate) fn equal(&self, a: Value, b: Value) -> bool {
        crate::data::equality::is_equal(&self.heap, a, b)
    }

    /// What `write` prints.
    pub(crate) fn datum_text(&self, datum: Value) -> String {
        crate::printer::written(self, datum)
    }

    /// A hash of a datum, the same in every run.
    pub(crate) fn datum_hash(&self, datum: Value) -> u64 {
        crate::data::equality::hash_datum(&self.heap, datum) >> 3
    }
}

fn primitive_eval(engine: &mut Engine, form: Value) -> Result {
    let thunk = match engine.heap.as_foreign::<Expanded>(form) {
        Some(expanded) => expanded.0,
        None => engine.compile_form(form)?,
    };
    Err(Box::new(Exit::TailCall(thunk, Vec::new())))
}

fn macroexpand(engine: &mut Engine, args: &[Value]) -> Result {
    let thunk = engine.compile_form(args[0])?;
    Ok(engine.heap.foreign(Expanded(thunk)))
}

fn text_arg(engine: &mut Engine, who: &str, position: usize, value: Value) -> Result<String> {
    match engine.heap.as_string(value) {
        Some(text) => Ok(text.to_string()),
        None => engine.wrong_type(who, position, value),
    }
}

/// Reads and evaluates all forms of a string.
fn eval_text(engine: &mut Engine, text: Value) -> Result {
    let text = text_arg(engine, "%eval-text", 1, text)?;
    engine.eval_text(&text)
}

fn primitive_load(engine: &mut Engine, path: Value) -> Result {
    let path = text_arg(engine, "primitive-load", 1, path)?;
    call_load_hook(engine, &path)?;
    engine.load_file(&path, &path)
}

fn call_load_hook(engine: &mut Engine, path: &str) -> Result<()> {
    if let Some(hook) = engine.guile_value("%load-hook")
        && hook.is_true()
    {
        let path = engine.heap.string(path);
        engine.apply(hook, &[path])?;
    }
    Ok(())
}

fn primitive_load_path(engine: &mut Engine, args: &[Value]) -> Result {
    let name = text_arg(engine, "primitive-load-path", 1, args[0])?;
    match (engine.search_load_path(&name), args.get(1).copied()) {
        (Some(found), _) => {
            call_load_hook(engine, &found.path)?;
            engine.load_found(&found)
        }
        (None, Some(Value::FALSE)) => Ok(Value::FALSE),
        (None, Some(missing)) if missing != Value::TRUE => {
            Err(Box::new(Exit::TailCall(missing, Vec::new())))
        }
        (None, _) => {
            let name = args[0];
            engine.misc_error_in("primitive-load-path", "Unable to find file ~S in load path", name)
        }
    }
}

impl Engine {
    fn misc_error_in<T>(&mut self, who: &str, message: &str, arg: Value) -> Result<T> {
        self.error("misc-error", who, message, &[arg])
    }
}

fn search_load_path(engine: &mut Engine, name: Value) -> Result {
    let name = text_arg(engine, "%search-load-path", 1, name)?;
    match engine.search_load_path(&name) {
        Some(found) => Ok(engine.heap.string(&found.path)),
        None => Ok(Value::FALSE),
    }
}

fn search_path(engine: &mut Engine, args: &[Value]) -> Result {
    let strings = |engine: &mut Engine, list: Value, position| {
        let Some(elements) = engine.heap.list_to_vec(list) else {
            return engine.wrong_type("search-path", position, list);
        };
        elements.into_iter().map(|s| text_arg(engine, "search-path", position, s)).collect()
    };
    let dirs: Vec<String> = strings(engine, args[0], 1)?;
    let name = text_arg(engine, "search-path", 2, args[1])?;
    let extensions: Vec<String> = match args.get(2) {
        Some(&list) if list.is_pair() => strings(engine, list, 3)?,
        _ => vec![String::new()],
    };
    match Engine::search_path(&dirs, &name, &extensions) {
        Some(found) => Ok(engine.heap.string(&found.path)),
        None => Ok(Value::FALSE),
    }
}
