// SPDX-License-Identifier: GPL-3.0-or-later
//! Errors that nothing handled, as facts: what went wrong, where, and what might have been meant.
//!
//! [`Engine::run_reporting`] runs a procedure below a handler of its own (`%call-reporting` in
//! `scheme/ice-9/boot/control.scm`). The handler runs where the exception was raised, so the frames are
//! still there when [`note_uncaught`] looks at them; then the stack is unwound as usual and the facts are
//! gathered here. Whoever runs the engine puts them into words.

mod fault;
mod guess;
mod host;
mod place;
mod words;

pub use fault::{Fault, Misread};
pub use guess::closest;
pub use host::HostError;
pub use place::Place;

use crate::engine::Engine;
use crate::heap::Tracer;
use crate::native::{Exit, Result};
use crate::tree::Location;
use crate::value::Value;

/// Most frames that a report keeps.
const FRAMES_MAX: usize = 200;
/// Longest text of a value in a report.
pub const VALUE_MAX: usize = 300;

/// A procedure that was running when the exception was raised.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The procedure's name, if it has one.
    pub name: Option<String>,
    /// What it was evaluating.
    pub location: Option<Location>,
    /// How deep in the stack it is.
    depth: usize,
}

/// What is known of an error that nothing handled.
#[derive(Debug)]
pub struct Report {
    /// What went wrong.
    pub fault: Fault,
    /// Where: in a file of the user's if there is one in play.
    pub place: Option<Place>,
    /// Where the list starts that was left open, if that is what went wrong.
    pub opened: Option<Place>,
    /// The procedures that were running, innermost first.
    pub frames: Vec<Frame>,
    /// What whoever raised the exception advises.
    pub advice: Vec<String>,
}

/// A file that is being loaded.
#[derive(Default)]
struct Loading {
    /// Depth of the stack where loading began.
    depth: usize,
    /// The form that is being evaluated.
    form: Option<Location>,
}

/// An exception that nothing handled.
struct Uncaught {
    exception: Value,
    module: Value,
    frames: Vec<Frame>,
    /// The forms being loaded, innermost first.
    forms: Vec<(usize, Location)>,
    unclosed: Option<Value>,
    /// Where what the program was about is defined, if someone has said so.
    subject: Option<Location>,
}

/// What an engine keeps for reports.
#[derive(Default)]
pub struct State {
    loading: Vec<Loading>,
    /// The form that failed as it was expanded: the error comes from below, when its file is left already.
    failed: Option<(usize, Location)>,
    uncaught: Option<Uncaught>,
    /// An exception on its way, as it was where it was raised.
    raised: Option<Uncaught>,
    /// Folders of modules that are not the user's own work, though they lie in files.
    library_folders: Vec<String>,
}

impl State {
    /// Notes that a file is about to be loaded; gives what [`State::leave`] wants.
    pub(crate) fn enter(&mut self, depth: usize) -> usize {
        self.loading.push(Loading { depth, form: None });
        self.loading.len() - 1
    }

    /// Notes the form that is evaluated next.
    pub(crate) fn at_form(&mut self, place: Option<Location>) {
        self.failed = None;
        if let Some(loading) = self.loading.last_mut()
            && place.is_some()
        {
            loading.form = place;
        }
    }

    /// The form that is being evaluated.
    pub(crate) fn form(&self) -> Option<&Location> {
        self.loading.last()?.form.as_ref()
    }

    /// Notes that a file has been loaded, or not (because of an error, not of a jump).
    pub(crate) fn leave(&mut self, outer: usize, failed: bool) {
        if let Some(Loading { depth, form: Some(form) }) = self.loading.pop().filter(|_| failed) {
            self.failed.get_or_insert((depth, form));
        }
        self.loading.truncate(outer);
    }

    /// Whether this exception was noted when it was raised.
    fn is_on_its_way(&self, exception: Value) -> bool {
        self.raised.as_ref().is_some_and(|raised| raised.exception == exception)
    }

    /// Reports the values to the collector.
    pub fn trace(&self, tracer: &mut Tracer) {
        for noted in self.uncaught.iter().chain(&self.raised) {
            tracer.visit_all(&[noted.exception, noted.module]);
        }
    }
}

impl Report {
    /// A report that is a message alone.
    pub fn of_message(message: String) -> Report {
        let fault = Fault::Error { message };
        Report { fault, place: None, opened: None, frames: Vec::new(), advice: Vec::new() }
    }
}

/// `(%note-uncaught EXCEPTION)`: keeps the exception and what is running, or was when it was noted before.
pub(crate) fn note_uncaught(engine: &mut Engine, exception: Value) -> Result {
    let before = engine.report.raised.take().filter(|raised| raised.exception == exception);
    let uncaught = before.unwrap_or_else(|| running(engine, exception));
    engine.report.uncaught = Some(uncaught);
    Ok(Value::UNSPECIFIED)
}

/// `(%note-raised EXCEPTION)`: keeps what is running, for exceptions that go through handlers which raise them again.
pub(crate) fn note_raised(engine: &mut Engine, exception: Value) -> Result {
    if !engine.report.is_on_its_way(exception) {
        engine.report.raised = Some(running(engine, exception));
    }
    Ok(Value::UNSPECIFIED)
}

/// `(%note-subject EXCEPTION FILE LINE COLUMN)`: the same, and that the program was about what is defined there; numbers
/// count from zero. Of several subjects the innermost counts.
pub(crate) fn note_subject(engine: &mut Engine, args: &[Value]) -> Result {
    note_raised(engine, args[0])?;
    let number = |value: Value| value.as_fixnum().and_then(|number| u32::try_from(number).ok());
    let file = engine.heap.as_string(args[1]).map(ToString::to_string);
    if let (Some(file), Some(line), Some(column)) = (file, number(args[2]), number(args[3]))
        && let Some(raised) = &mut engine.report.raised
    {
        let place = Location { file: Some(file.into()), line, column };
        raised.subject.get_or_insert(place);
    }
    Ok(Value::UNSPECIFIED)
}

fn running(engine: &mut Engine, exception: Value) -> Uncaught {
    let mut frames: Vec<Frame> = Vec::new();
    for frame in engine.backtrace().into_iter().take(FRAMES_MAX) {
        let name = engine.heap.symbol_name(frame.name).map(str::to_owned);
        let core = match &frame.location {
            Some(location) => place::is_core(location),
            None => matches!(name.as_deref(), Some("with-fluid*" | "call-with-prompt")),
        };
        if core {
            continue;
        }
        frames.push(Frame { name, location: frame.location, depth: frame.depth });
    }
    let loading = engine.report.loading.iter().rev();
    let forms = loading.filter_map(|l| Some((l.depth, l.form.clone()?)));
    // As if it were the innermost place.
    let failed = engine.report.failed.iter().map(|(_, form)| (usize::MAX, form.clone()));
    let forms = failed.chain(forms).collect();
    let module = engine.modules.current;
    let unclosed = engine.reader.unclosed;
    Uncaught { exception, module, frames, forms, unclosed, subject: None }
}

impl Engine {
    /// Runs `f`, work of loading that was put off; its form is at `place`, unless `f` says where. If `f`
    /// succeeds, an error that is on its way keeps its place: handling it may be what wanted `f` done.
    pub(crate) fn loading_late<T>(
        &mut self,
        place: Option<Location>,
        f: impl FnOnce(&mut Engine) -> Result<T>,
    ) -> Result<T> {
        let on_its_way = self.report.failed.take();
        let outer = self.report.enter(self.machine.depth());
        self.report.at_form(place);
        let result = f(self);
        let failed = matches!(&result, Err(exit) if !matches!(**exit, Exit::Unwind));
        self.report.leave(outer, failed);
        if !failed {
            self.report.failed = on_its_way;
        }
        result
    }

    /// Calls `procedure`, as [`Engine::apply_values`] does, from outside of any run of the machine.
    ///
    /// # Errors
    /// The report of an exception that was not handled; the stack is unwound then, and the engine can go on.
    pub fn run_reporting(
        &mut self,
        procedure: Value,
        args: &[Value],
    ) -> std::result::Result<Vec<Value>, Box<Report>> {
        self.reader.unclosed = None;
        self.report.uncaught = None;
        self.report.raised = None;
        self.report.failed = None;
        let scope = self.heap.open_scope();
        let values = match self.guile_value("%call-reporting") {
            Some(call) => {
                let args: Vec<Value> =
                    std::iter::once(procedure).chain(args.iter().copied()).collect();
                self.apply_values(call, &args)
            }
            None => self.apply_values(procedure, args),
        };
        let uncaught = self.report.uncaught.take();
        let result = match (uncaught, values) {
            (Some(uncaught), _) => Err(Box::new(self.report(uncaught))),
            (None, Ok(values)) => Ok(values),
            (None, Err(exit)) => Err(Box::new(self.report_exit(&exit))),
        };
        self.heap.close_scope(scope);
        result.map(|values| values.into_iter().map(|value| self.heap.keep(value)).collect())
    }

    /// The report of an error that came out of the machine by itself: Scheme had no room to handle it, or
    /// has not been booted.
    pub fn report_exit(&mut self, exit: &Exit) -> Report {
        let Exit::Error { key, subr, message, args, data } = exit else {
            return Report::of_message(self.exit_text(exit));
        };
        let key = self.heap.symbol_name(*key).unwrap_or_default().to_owned();
        let args = self.heap.list(&[*subr, *message, *args, *data]);
        let facts = fault::of_throw(self, &key, args);
        let unclosed = self.reader.unclosed.take();
        let opened = unclosed.and_then(|source| self.sources.location(&self.heap, source));
        let opened = opened.map(|location| place::place(self, &location));
        Report {
            fault: facts.fault,
            place: facts.place,
            opened,
            frames: Vec::new(),
            advice: facts.advice,
        }
    }

    /// The report of the exception that was noted last on its way (`%note-raised`).
    pub fn report_noted(&mut self) -> Option<Report> {
        let raised = self.report.raised.take()?;
        let scope = self.heap.open_scope();
        let report = self.report(raised);
        self.heap.close_scope(scope);
        Some(report)
    }

    /// Takes modules in FOLDERS for a library: an error that user's code leads to is reported at that code's place,
    /// not within the library.
    pub fn set_library_folders(&mut self, folders: Vec<String>) {
        self.report.library_folders = folders;
    }

    /// Names that are visible in the current module.
    pub fn visible_names(&self) -> Vec<String> {
        guess::visible(self, self.modules.current)
    }

    fn report(&mut self, uncaught: Uncaught) -> Report {
        let Uncaught { exception, module, frames, forms, unclosed, subject } = uncaught;
        self.heap.keep(exception);
        self.heap.keep(module);
        let facts = fault::of_exception(self, exception);
        let running = place::innermost(self, &frames, &forms);
        // Rather than some place of a library, what it was working on.
        let running = match (running, subject) {
            (Some(running), Some(subject)) if !place::is_users(self, &running) => Some(subject),
            (running, _) => running,
        };
        let module = running.as_ref().and_then(|l| place::module_of(self, l)).unwrap_or(module);
        let place = match facts.place {
            Some(place) => Some(place),
            None => running.map(|location| place::place(self, &location)),
        };
        let fault = guess::complete(self, facts.fault, module);
        let opened = match &fault {
            Fault::Read { .. } => unclosed
                .and_then(|source| self.sources.location(&self.heap, source))
                .map(|location| place::place(self, &location)),
            _ => None,
        };
        let place = match (&fault, place) {
            // The reader's place is that of its input, and it knows no file of a string.
            (Fault::Read { .. }, Some(place)) if place.file.is_none() => {
                Some(Place { file: opened.as_ref().and_then(|o| o.file.clone()), ..place })
            }
            // The place is that of the call.
            (Fault::Unbound { name, .. }, Some(place)) => Some(place.at_word(name)),
            (_, place) => place,
        };
        let mut advice = facts.advice;
        if let Fault::Unbound { name, .. } = &fault
            && let Some(module) = guess::exporter_not_loaded(self, name)
        {
            advice.push(format!(
                "{module} exports it, but has not defined it yet: do modules import each other?"
            ));
        }
        Report { fault, place, opened, frames, advice }
    }
}

#[cfg(test)]
mod tests;
