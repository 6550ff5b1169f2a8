// SPDX-License-Identifier: GPL-3.0-or-later
//! What went wrong, from exception objects: Guile's throws with their keys and arguments, and conditions
//! (`&message`, and Guix's `&formatted-message`, `&fix-hint`, `&error-location`).

use super::{HostError, Place, VALUE_MAX};
use crate::data::structs;
use crate::engine::Engine;
use crate::heap::Tag;
use crate::printer;
use crate::reader;
use crate::value::Value;
use std::collections::HashMap;

/// What went wrong. Texts of values are abbreviated to [`VALUE_MAX`] characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: the program wants to end with this status.
    Quit(i32),
    /// The interrupt flag was set.
    Interrupt,
    /// Text that is not Scheme.
    Read {
        /// What the reader met.
        problem: String,
        /// What kind of problem that is.
        kind: Misread,
    },
    /// A variable without a binding.
    Unbound {
        /// Its name.
        name: String,
        /// Names like it that are visible there, the closest first.
        similar: Vec<String>,
        /// Modules that export a variable of this name.
        modules: Vec<String>,
    },
    /// A call with too many or too few arguments.
    Arity {
        /// The procedure's name, or how it prints.
        procedure: String,
        /// What it takes, such as `(x #:optional y)`, if known.
        accepts: Vec<String>,
    },
    /// An argument of a type that the procedure does not take.
    Type {
        /// The procedure.
        procedure: Option<String>,
        /// Which argument, from 1.
        position: Option<i64>,
        /// What it takes.
        expected: Option<String>,
        /// What it got.
        value: String,
    },
    /// A call of what is not a procedure.
    NotAProcedure {
        /// What was called.
        value: String,
    },
    /// An argument out of range.
    Range {
        /// The procedure.
        procedure: Option<String>,
        /// Which argument, from 1.
        position: Option<i64>,
        /// What it got.
        value: String,
    },
    /// A form that its keyword does not take.
    Syntax {
        /// The keyword, if the message does not name it.
        who: Option<String>,
        /// What is wrong.
        problem: String,
        /// The form.
        form: Option<String>,
        /// The part of it that is wrong.
        subform: Option<String>,
        /// What may have been meant, for names of fields.
        similar: Vec<String>,
        /// Fields of a record that need a value and got none.
        missing: Vec<String>,
    },
    /// A module that is nowhere.
    NoModule {
        /// Its name, with parentheses.
        name: String,
        /// Modules with names like it.
        similar: Vec<String>,
    },
    /// An interface that lacks a name that is imported from it.
    NoExport {
        /// The name.
        name: String,
        /// The module.
        module: String,
    },
    /// A value that no pattern of a `match` takes.
    Match {
        /// The value.
        value: String,
    },
    /// What the operating system says.
    System {
        /// The procedure.
        procedure: Option<String>,
        /// The message.
        message: String,
    },
    /// The stack is full.
    StackOverflow,
    /// What a native of whoever runs the engine failed with.
    Host(HostError),
    /// Any other error, in its own words.
    Error {
        /// The message with its irritants.
        message: String,
    },
    /// A throw without words.
    Thrown {
        /// The key.
        key: String,
        /// The arguments, a list's text.
        args: String,
    },
    /// An object raised that is no exception.
    Raised {
        /// The object.
        value: String,
    },
}

/// What a text that is not Scheme is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misread {
    /// It ends too early.
    Ended,
    /// It closes what was not opened.
    Closing,
    /// Anything else.
    Other,
}

impl Misread {
    /// The kind of a `read-error`, which in Guile is told by its words alone.
    fn of(problem: &str) -> Misread {
        if problem.starts_with(reader::ENDED) {
            Misread::Ended
        } else if problem.starts_with(reader::CLOSING) {
            Misread::Closing
        } else {
            Misread::Other
        }
    }
}

/// What an exception tells.
pub(super) struct Facts {
    pub fault: Fault,
    pub place: Option<Place>,
    pub advice: Vec<String>,
}

impl From<Fault> for Facts {
    fn from(fault: Fault) -> Facts {
        Facts { fault, place: None, advice: Vec::new() }
    }
}

/// How many records a value's text may ask Scheme's printers for.
const PRINTERS_MAX: usize = 4;

/// The text of a value, as `write` (else `display`) prints it, abbreviated.
pub(super) fn show(engine: &mut Engine, value: Value, write: bool) -> String {
    let mut ready = HashMap::new();
    let mut asked = 0;
    // Bytes; characters have up to four.
    let limit = VALUE_MAX * 4 + 4;
    loop {
        match printer::print_some(engine, value, write, &ready, limit) {
            Ok(text) => return abbreviate(&text),
            Err(objects) => {
                for object in objects {
                    asked += 1;
                    let text =
                        if asked <= PRINTERS_MAX { print_record(engine, object) } else { None };
                    let plain = || format!("#<{}>", structs::type_name(engine, object));
                    ready.insert(object, text.unwrap_or_else(plain));
                }
            }
        }
    }
}

fn print_record(engine: &mut Engine, object: Value) -> Option<String> {
    let print = engine.guile_value("object->string")?;
    let values = engine.run_reporting(print, &[object]).ok()?;
    engine.heap.as_string(*values.first()?).map(ToString::to_string)
}

/// The text's start, if it is longer than [`VALUE_MAX`] characters.
pub(super) fn abbreviate(text: &str) -> String {
    match text.char_indices().nth(VALUE_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// `simple-format`: the message with its arguments; those without a directive are appended.
fn format_message(engine: &mut Engine, message: Value, args: Value) -> String {
    let template = text_of(engine, message);
    let args = engine.heap.list_to_vec(args).unwrap_or_default();
    let mut args = args.into_iter();
    let mut out = String::new();
    let mut chars = template.chars();
    while let Some(c) = chars.next() {
        if c != '~' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('a' | 'A' | 'd' | 'D') => {
                out.extend(args.next().map(|arg| show(engine, arg, false)));
            }
            Some('s' | 'S') => out.extend(args.next().map(|arg| show(engine, arg, true))),
            Some('%') => out.push('\n'),
            Some('~') | None => out.push('~'),
            Some(other) => out.extend(['~', other]),
        }
    }
    for arg in args {
        out.push(' ');
        out.push_str(&show(engine, arg, true));
    }
    out
}

/// A string as it is; other values as `display` prints them.
fn text_of(engine: &mut Engine, value: Value) -> String {
    match engine.heap.as_string(value) {
        Some(text) => text.to_string(),
        None => show(engine, value, false),
    }
}

fn text_if_true(engine: &mut Engine, value: Value) -> Option<String> {
    value.is_true().then(|| text_of(engine, value))
}

/// What the exception object says.
pub(super) fn of_exception(engine: &mut Engine, exception: Value) -> Facts {
    let components = components(engine, exception);
    let field = |engine: &Engine, ty: &str, field: &str| {
        let object = *components.iter().find(|&&c| structs::type_name(engine, c) == ty)?;
        structs::fields(engine, object).into_iter().find(|(name, _)| name == field).map(|(_, v)| v)
    };
    if let Some(code) = field(engine, "&quit-exception", "code") {
        return Fault::Quit(status(code)).into();
    }
    let with_args = "&exception-with-kind-and-args";
    if let Some(kind) = field(engine, with_args, "kind") {
        let key = engine.heap.symbol_name(kind).unwrap_or_default().to_owned();
        let args = field(engine, with_args, "args").unwrap_or(Value::NULL);
        return of_throw(engine, &key, args);
    }
    if components.is_empty() {
        return Fault::Raised { value: show(engine, exception, true) }.into();
    }
    let message = field(engine, "&message", "message");
    let formatted = field(engine, "&formatted-message", "format");
    let message = match (formatted, message) {
        (Some(format), _) => {
            let args = field(engine, "&formatted-message", "arguments").unwrap_or(Value::NULL);
            format_message(engine, format, args)
        }
        (None, Some(message)) => {
            let irritants = field(engine, "&irritants", "irritants").unwrap_or(Value::NULL);
            let mut text = text_of(engine, message);
            for irritant in engine.heap.list_to_vec(irritants).unwrap_or_default() {
                text.push(' ');
                text.push_str(&show(engine, irritant, true));
            }
            text
        }
        (None, None) => {
            let names: Vec<String> = components.iter().map(|&c| show(engine, c, true)).collect();
            names.join(", ")
        }
    };
    let advice = field(engine, "&fix-hint", "hint").map(|hint| plain_text(&text_of(engine, hint)));
    let place = field(engine, "&error-location", "location").and_then(|l| location(engine, l));
    Facts { fault: Fault::Error { message }, place, advice: advice.into_iter().collect() }
}

fn status(code: Value) -> i32 {
    code.as_fixnum().map_or(i32::from(!code.is_true()), |n| (n & 0xff) as i32)
}

/// The simple exceptions that an exception object is made of.
fn components(engine: &Engine, exception: Value) -> Vec<Value> {
    if !engine.heap.is(exception, Tag::Struct) {
        return Vec::new();
    }
    if structs::type_name(engine, exception) != "&compound-exception" {
        // Records that are no exceptions can be raised as well.
        let ours = structs::type_name(engine, exception).starts_with('&');
        return if ours { vec![exception] } else { Vec::new() };
    }
    let fields = structs::fields(engine, exception);
    let list = fields.first().map_or(Value::NULL, |(_, components)| *components);
    engine.heap.list_to_vec(list).unwrap_or_default()
}

/// A `<location>` of `(guix diagnostics)`: file, line from 1, column from 0.
fn location(engine: &mut Engine, record: Value) -> Option<Place> {
    let fields: HashMap<String, Value> = structs::fields(engine, record).into_iter().collect();
    let file = engine.heap.as_string(*fields.get("file")?)?.to_string();
    let line = u32::try_from(fields.get("line")?.as_fixnum()?).ok()?.checked_sub(1)?;
    let column = u32::try_from(fields.get("column")?.as_fixnum()?).ok()?;
    let location = crate::tree::Location { file: Some(file.into()), line, column };
    Some(super::place::place(engine, &location))
}

/// Texinfo's commands as plain quotes: `@code{x}` reads ``x'`.
fn plain_text(texinfo: &str) -> String {
    let mut out = String::new();
    let mut rest = texinfo;
    while let Some(at) = rest.find('@') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let name = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let body = rest[name..].strip_prefix('{').and_then(|body| Some((body, body.find('}')?)));
        if let Some((body, end)) = body {
            out.push('`');
            out.push_str(&body[..end]);
            out.push('\'');
            rest = &body[end + 1..];
        } else {
            out.push('@');
            rest = rest.strip_prefix(['@']).unwrap_or(rest);
        }
    }
    out.push_str(rest);
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What `(throw KEY . ARGS)` says.
pub(super) fn of_throw(engine: &mut Engine, key: &str, args: Value) -> Facts {
    let list = engine.heap.list_to_vec(args).unwrap_or_default();
    match key {
        "quit" => Fault::Quit(list.first().map_or(0, |&code| status(code))).into(),
        "syntax-error" if list.len() >= 5 => syntax(engine, &list),
        "match-error" => {
            let value = list.last().copied().unwrap_or(Value::FALSE);
            Fault::Match { value: show(engine, value, true) }.into()
        }
        "read-error" if list.len() >= 3 => read(engine, &list),
        "keyword-argument-error" if list.len() >= 4 => {
            let procedure = procedure_name(engine, list[0]);
            let what = format_message(engine, list[1], list[3]);
            Fault::Error { message: format!("{procedure}: {}", lower_first(&what)) }.into()
        }
        _ if list.len() >= 3 && (engine.heap.is(list[1], Tag::String)) => {
            let data = list.get(3).copied().unwrap_or(Value::FALSE);
            of_error(engine, key, &[list[0], list[1], list[2]], data).into()
        }
        _ => Fault::Thrown { key: key.to_owned(), args: show(engine, args, true) }.into(),
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(c) => c.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// A throw in the form of `scm-error`: `parts` are the procedure, the message and its arguments.
fn of_error(engine: &mut Engine, key: &str, parts: &[Value; 3], data: Value) -> Fault {
    let [subr, message, args] = *parts;
    let list = engine.heap.list_to_vec(args).unwrap_or_default();
    let procedure = text_if_true(engine, subr);
    let template = text_of(engine, message);
    let last = list.last().copied();
    match key {
        "unbound-variable" => {
            let name = last.map(|name| show(engine, name, false)).unwrap_or_default();
            Fault::Unbound { name, similar: Vec::new(), modules: Vec::new() }
        }
        "wrong-number-of-args" => arity(engine, last.unwrap_or(Value::FALSE)),
        "wrong-type-arg" if template.starts_with("Wrong type to apply") => {
            Fault::NotAProcedure { value: show(engine, last.unwrap_or(Value::FALSE), true) }
        }
        "wrong-type-arg" => {
            let position =
                template.contains("position").then(|| list.first()?.as_fixnum()).flatten();
            let at = usize::from(position.is_some());
            let expects = template.contains("expecting") && list.len() > at + 1;
            let expected = expects.then(|| text_of(engine, list[at]));
            let value = last.or_else(|| engine.heap.pair(data).map(|(value, _)| value));
            let value = show(engine, value.unwrap_or(Value::FALSE), true);
            Fault::Type { procedure, position, expected, value }
        }
        "out-of-range" => {
            let position =
                template.starts_with("Argument").then(|| list.first()?.as_fixnum()).flatten();
            let value = show(engine, last.unwrap_or(Value::FALSE), true);
            Fault::Range { procedure, position, value }
        }
        "system-error" => {
            Fault::System { procedure, message: format_message(engine, message, args) }
        }
        "signal" if template == "User interrupt" => Fault::Interrupt,
        "stack-overflow" => Fault::StackOverflow,
        _ => {
            if let Some(error) = HostError::within(engine, data) {
                return Fault::Host(error);
            }
            let message = format_message(engine, message, args);
            plain_error(procedure, message)
        }
    }
}

/// Errors that are told by their words alone, because Guile gives them no key of their own.
fn plain_error(procedure: Option<String>, message: String) -> Fault {
    if let Some(name) = message.strip_prefix("no code for module ") {
        return Fault::NoModule { name: name.to_owned(), similar: Vec::new() };
    }
    if let Some(rest) = message.strip_prefix("no binding `")
        && let Some((name, module)) = rest.split_once("' in module ")
    {
        return Fault::NoExport { name: name.to_owned(), module: module.to_owned() };
    }
    match procedure {
        Some(procedure) => Fault::Error { message: format!("{procedure}: {message}") },
        None => Fault::Error { message },
    }
}

fn procedure_name(engine: &mut Engine, procedure: Value) -> String {
    let name = match (engine.heap.closure_code(procedure), engine.heap.as_native(procedure)) {
        (Some(code), _) => engine.heap.symbol_name(code.details().name).map(str::to_owned),
        (_, Some(native)) => Some(native.name.to_owned()),
        _ => None,
    };
    match name {
        Some(name) => name,
        None if engine.heap.closure_code(procedure).is_some() => {
            "an anonymous procedure".to_owned()
        }
        None => show(engine, procedure, true),
    }
}

fn arity(engine: &mut Engine, procedure: Value) -> Fault {
    let accepts = match (engine.heap.closure_code(procedure), engine.heap.as_native(procedure)) {
        (Some(code), _) => code.details().clauses.iter().map(|c| engine.formals(c)).collect(),
        (_, Some(native)) => {
            let mut words: Vec<&str> = vec!["_"; native.required.into()];
            if native.optional > 0 {
                words.push("#:optional");
                words.extend(vec!["_"; native.optional.into()]);
            }
            let rest = if native.rest { " . _" } else { "" };
            vec![format!("({}{rest})", words.join(" ")).replace("( . _)", "_")]
        }
        _ => Vec::new(),
    };
    Fault::Arity { procedure: procedure_name(engine, procedure), accepts }
}

/// `(WHO MESSAGE PLACE FORM SUBFORM)`.
fn syntax(engine: &mut Engine, list: &[Value]) -> Facts {
    let who = text_if_true(engine, list[0]);
    let problem = text_of(engine, list[1]);
    let field = |engine: &Engine, name: &str| {
        let entries = engine.heap.list_to_vec(list[2])?;
        let pairs = entries.iter().filter_map(|&entry| engine.heap.pair(entry));
        pairs
            .into_iter()
            .find(|&(key, _)| engine.heap.symbol_name(key) == Some(name))
            .map(|(_, v)| v)
    };
    let number = |engine: &Engine, name| {
        field(engine, name).and_then(Value::as_fixnum).and_then(|n| u32::try_from(n).ok())
    };
    let place = match (number(engine, "line"), number(engine, "column")) {
        (Some(line), Some(column)) => {
            let file = field(engine, "filename").and_then(|f| engine.heap.as_string(f));
            let file = file.map(|file| file.to_string().into());
            Some(super::place::place(engine, &crate::tree::Location { file, line, column }))
        }
        _ => None,
    };
    let form = list[3].is_true().then(|| show(engine, list[3], true));
    let subform = list[4].is_true().then(|| show(engine, list[4], true));
    let fault =
        Fault::Syntax { who, problem, form, subform, similar: Vec::new(), missing: Vec::new() };
    Facts { fault, place, advice: Vec::new() }
}

/// The reader's message starts with `FILE:LINE:COLUMN: `.
fn read(engine: &mut Engine, list: &[Value]) -> Facts {
    let message = format_message(engine, list[1], list[2]);
    let mut parts = message.splitn(2, ": ");
    let (place, problem) = (parts.next().unwrap_or_default(), parts.next());
    let mut numbers = place.rsplitn(3, ':');
    let column: Option<u32> = numbers.next().and_then(|n| n.parse().ok());
    let line: Option<u32> = numbers.next().and_then(|n| n.parse().ok());
    let file = numbers.next();
    let (Some(problem), Some(line), Some(column), Some(file)) = (problem, line, column, file)
    else {
        let kind = Misread::of(&message);
        return Fault::Read { problem: message, kind }.into();
    };
    let file = (!file.starts_with("#<")).then(|| file.into());
    let (line, column) = (line.saturating_sub(1), column.saturating_sub(1));
    let place = super::place::place(engine, &crate::tree::Location { file, line, column });
    let fault = Fault::Read { problem: problem.to_owned(), kind: Misread::of(problem) };
    Facts { fault, place: Some(place), advice: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texinfo_becomes_plain() {
        assert_eq!(
            plain_text("Did you mean @code{foo},\nor @var{bar}?"),
            "Did you mean `foo', or `bar'?"
        );
        assert_eq!(plain_text("hello@2.12 and a@@b"), "hello@2.12 and a@b");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let text = "é".repeat(VALUE_MAX + 1);
        let short = abbreviate(&text);
        assert_eq!(short.chars().count(), VALUE_MAX + 1);
        assert!(short.ends_with('…'));
    }
}
