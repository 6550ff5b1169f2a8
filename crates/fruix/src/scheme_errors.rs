// SPDX-License-Identifier: GPL-3.0-or-later
//! Errors of Scheme programs as people read them: one sentence with the place, the line with a caret, and
//! what to do about it.

use crate::error::{CommandError, Result};
use fruix_scheme::Engine;
use fruix_scheme::ports;
use fruix_scheme::report::{Fault, HostError, Misread, Place, Report};
use std::process::ExitCode;

/// A program's text that is in no file, such as `-e`'s.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// What to call it.
    pub name: &'a str,
    /// The text.
    pub text: &'a str,
}

/// Longest part of a source line that is shown, in characters.
const LINE_MAX: usize = 100;
/// Most frames that a backtrace shows.
const FRAMES_MAX: usize = 30;

/// A new engine with its library.
///
/// # Errors
/// The library that is part of the program is broken.
pub fn boot() -> Result<Engine> {
    Engine::with_library().map_err(|exit| {
        CommandError::new(format!("the Scheme library does not start: {exit:?}"))
            .hint("this is a defect of fruix; please report it")
    })
}

/// Ends a program's run: writes what its ports hold; gives the status it asked for, or its error.
///
/// # Errors
/// The program's.
pub fn finish<T>(
    engine: &mut Engine,
    result: std::result::Result<T, Box<Report>>,
    source: Option<Source>,
    backtrace: bool,
) -> Result<ExitCode> {
    ports::flush_all(engine);
    match result {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(report) => match report.fault {
            Fault::Quit(status) => Ok(ExitCode::from((status & 0xff) as u8)),
            _ => Err(describe(&report, source, backtrace)),
        },
    }
}

/// The error in words. `source` is where places without a file are. `backtrace` (or `FRUIX_BACKTRACE`)
/// adds the procedures that were running.
pub fn describe(report: &Report, source: Option<Source>, backtrace: bool) -> CommandError {
    let place = report.place.clone().map(|place| in_source(place, source));
    let opened = report.opened.clone().map(|place| in_source(place, source));
    let at_end = matches!(&report.fault, Fault::Read { kind: Misread::Ended, .. });
    let (words, is_programs) = match &report.fault {
        Fault::Host(error) => host_words(error),
        fault => (CommandError::new(fault), true),
    };
    let mut error = match (place.filter(|_| is_programs), &opened) {
        // What is wrong is where the list starts; that the text ends is no news.
        (Some(end), Some(opened)) if at_end => {
            let end = format!("the text ends at {}:{}", end.line, end.column);
            with_line(
                CommandError::new(format!("this list is not closed: {end}")).at(opened),
                opened,
            )
        }
        (Some(place), _) => with_line(words.at(&place), &place),
        (None, _) => words,
    };
    if let (Some(opened), false) = (&opened, at_end) {
        error = with_line(error.detail(format!("the list was opened at {opened}:")), opened);
    }
    if backtrace || std::env::var_os("FRUIX_BACKTRACE").is_some_and(|v| !v.is_empty() && v != "0") {
        error = error.detail(frames(report));
    }
    remedies(report).into_iter().fold(error, CommandError::hint)
}

/// The words of an error that natives failed with, and whether the program can be to blame for it: the state that
/// the store is in has no place in a program.
fn host_words(error: &HostError) -> (CommandError, bool) {
    use fruix_store::Error::*;
    if let Some(words) = error.error().downcast_ref::<CommandError>() {
        return (words.clone(), false);
    }
    let stores = fruix_packages::natives::store_error(error.error());
    match stores.and_then(|error| error.downcast_ref::<fruix_store::Error>()) {
        Some(error) => {
            let is_state = matches!(
                error,
                Unwritable { .. }
                    | NoSpace { .. }
                    | CorruptDatabase { .. }
                    | DatabaseBusy { .. }
                    | Database { .. }
                    | Schema { .. }
                    | CorruptDerivation { .. }
            );
            (error.into(), !is_state)
        }
        None => (CommandError::new(error), true),
    }
}

/// Gives a place that is in no file the name and the line of `source`.
fn in_source(place: Place, source: Option<Source>) -> Place {
    match source {
        Some(source) if place.file.is_none() => Place {
            file: Some(source.name.to_owned()),
            text: source.text.lines().nth(place.line as usize - 1).map(str::to_owned),
            ..place
        },
        _ => place,
    }
}

/// Adds the place's line, with a caret under the column.
fn with_line(error: CommandError, place: &Place) -> CommandError {
    let Some(text) = &place.text else { return error };
    let column = place.column as usize - 1;
    // Of a long line, the part around the column.
    let skip = if column < LINE_MAX { 0 } else { column - LINE_MAX / 2 };
    let part: String = text.chars().skip(skip).take(LINE_MAX).collect();
    if part.trim().is_empty() {
        return error;
    }
    error.detail(format!("  {}\n  {:>width$}", part.trim_end(), '^', width = column - skip + 1))
}

/// The procedures that were running, one a line.
pub fn frames(report: &Report) -> String {
    let mut lines = vec!["running, innermost first:".to_owned()];
    for frame in report.frames.iter().take(FRAMES_MAX) {
        let name = frame.name.as_deref().unwrap_or("(anonymous)");
        lines.push(match &frame.location {
            Some(location) => {
                let file = location.file.as_deref().unwrap_or("<text>");
                format!("  {file}:{}:{}  {name}", location.line + 1, location.column + 1)
            }
            None => format!("  {name}"),
        });
    }
    if report.frames.len() > FRAMES_MAX {
        lines.push(format!("  … and {} more", report.frames.len() - FRAMES_MAX));
    }
    lines.join("\n")
}

/// ``a'`, ``a' or `b'`.
fn alternatives(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}'")).collect::<Vec<_>>().join(" or ")
}

fn remedies(report: &Report) -> Vec<String> {
    let mut hints = report.advice.clone();
    match &report.fault {
        Fault::Unbound { name, similar, modules } => {
            if !similar.is_empty() {
                hints.push(format!("did you mean {}?", alternatives(similar)));
            }
            if let Some(module) = modules.first() {
                hints.push(format!(
                    "`{name}' is in {module}: did you forget (use-modules {module})?"
                ));
            }
            if similar.is_empty() && modules.is_empty() {
                hints.push("define it, or use the module that exports it".to_owned());
            }
        }
        Fault::NoModule { similar, .. } => {
            if !similar.is_empty() {
                hints.push(format!("did you mean {}?", similar.join(" or ")));
            }
            hints.push(
                "if it is a module of yours, name the folder that it is in with -L DIR".to_owned(),
            );
        }
        Fault::NoExport { module, .. } => {
            hints.push(format!("look at what {module} exports; its name may have changed"));
        }
        Fault::Read { kind: Misread::Ended, .. } => {
            hints.push("add what closes it, most often `)'".to_owned())
        }
        Fault::Read { kind: Misread::Closing, .. } => {
            hints.push("remove it, or add the opening bracket that it belongs to".to_owned());
        }
        Fault::Syntax { similar, missing, .. } => {
            if !similar.is_empty() {
                hints.push(format!("did you mean the field {}?", alternatives(similar)));
            } else if !missing.is_empty() {
                hints.push(format!("give a value to each of ({})", missing.join(" ")));
            }
        }
        Fault::NotAProcedure { .. } => {
            hints.push("are there parentheses too many around it?".to_owned());
        }
        Fault::Match { .. } => hints.push("add a pattern for it, or `_' for all others".to_owned()),
        Fault::StackOverflow => hints.push("does a procedure call itself without end?".to_owned()),
        _ => {}
    }
    hints
}
