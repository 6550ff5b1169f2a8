// SPDX-License-Identifier: GPL-3.0-or-later
//! Errors as people read them: one sentence, then hints. Libraries report facts; here they become words.

use std::fmt::{Display, Formatter};
use std::process::ExitCode;

/// What a command failed with.
#[derive(Debug, Clone)]
pub struct CommandError {
    message: String,
    hints: Vec<String>,
    /// Lines that stand below the message as they are: a line of source with a caret, a log's end.
    details: Vec<String>,
    status: u8,
}

/// A command's outcome.
pub type Result<T = ()> = std::result::Result<T, CommandError>;

impl CommandError {
    /// A failure in one sentence.
    pub fn new(message: impl Display) -> CommandError {
        let (hints, details) = (Vec::new(), Vec::new());
        CommandError { message: message.to_string(), hints, details, status: 1 }
    }

    /// Says where: the sentence starts with it.
    pub fn at(mut self, place: impl Display) -> CommandError {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// Adds what the reader can do about it.
    pub fn hint(mut self, hint: impl Display) -> CommandError {
        self.hints.push(hint.to_string());
        self
    }

    /// Adds lines to be shown as they are.
    pub fn detail(mut self, text: impl Display) -> CommandError {
        self.details.push(text.to_string());
        self
    }

    /// Sets the exit status, which is 1 otherwise.
    pub fn status(mut self, status: u8) -> CommandError {
        self.status = status;
        self
    }

    /// Prints the error; gives the exit status.
    pub fn report(&self) -> ExitCode {
        eprintln!("fruix: error: {self}");
        ExitCode::from(self.status)
    }
}

impl Display for CommandError {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        f.write_str(&self.message)?;
        self.details.iter().try_for_each(|detail| write!(f, "\n{detail}"))?;
        self.hints.iter().try_for_each(|hint| write!(f, "\nhint: {hint}"))
    }
}

/// As such, what a native of the command fails with passes through Scheme.
impl std::error::Error for CommandError {}

impl From<fruix_store::Error> for CommandError {
    fn from(error: fruix_store::Error) -> CommandError {
        CommandError::from(&error)
    }
}

impl From<&fruix_store::Error> for CommandError {
    fn from(error: &fruix_store::Error) -> CommandError {
        use fruix_store::Error::*;
        let words = CommandError::new(error);
        match error {
            Unwritable { .. } => words.hint(
                "run as root for the system's store, or name another folder with --folder or \
                 FRUIX_FOLDER",
            ),
            NoSpace { .. } => words.hint("free some space: `fruix gc' deletes what is not in use"),
            CorruptDatabase { .. } => words.hint(
                "restore db/db.sqlite from a copy, or move the store and state folders away and \
                 build anew",
            ),
            DatabaseBusy { .. } => {
                words.hint("wait for the other process, or see who it is: `fuser'")
            }
            Alive { .. } => words.hint("see what keeps it: `fruix gc --referrers'"),
            NotAStorePath { .. } => words.hint("store paths look like /gnu/store/HASH-NAME"),
            CorruptDerivation { path, .. } => words
                .hint(format!("delete it, so that it is made anew: `fruix gc --delete {path}'")),
            _ => words,
        }
    }
}

impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> CommandError {
        CommandError::new(error)
    }
}
