// SPDX-License-Identifier: GPL-3.0-or-later
//! The terminal: line editing, history, completion of names.

use crate::error::{CommandError, Result};
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use std::path::PathBuf;

/// Most lines that the history keeps.
const HISTORY_MAX: usize = 2000;

/// What was typed.
pub enum Lines {
    /// A line.
    Text(String),
    /// Control-C.
    Cancelled,
    /// Control-D.
    End,
}

/// Names that the key Tab completes.
#[derive(Default)]
struct Names(Vec<String>);

impl Completer for Names {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let delimits = |c: char| c.is_whitespace() || "()[]'`,\";".contains(c);
        let start = line[..pos].rfind(delimits).map_or(0, |i| i + 1);
        let prefix = &line[start..pos];
        let from = self.0.partition_point(|name| name.as_str() < prefix);
        let matching = self.0[from..].iter().take_while(|name| name.starts_with(prefix));
        let pair = |name: &String| Pair { display: name.clone(), replacement: name.clone() };
        Ok((start, matching.map(pair).collect()))
    }
}

impl Hinter for Names {
    type Hint = String;
}
impl Highlighter for Names {}
impl Validator for Names {}
impl Helper for Names {}

/// The terminal.
pub struct Terminal {
    editor: Editor<Names, DefaultHistory>,
    history: Option<PathBuf>,
}

fn failed(error: ReadlineError) -> CommandError {
    CommandError::new(format!("cannot use the terminal: {error}"))
}

/// The history's file, in the XDG state folder.
fn history_file() -> Option<PathBuf> {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state =
        absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state.join("fruix/repl-history"))
}

impl Terminal {
    /// Opens the terminal; reads the history.
    pub fn new() -> Result<Terminal> {
        let config = Config::builder()
            .max_history_size(HISTORY_MAX)
            .map_err(failed)?
            .completion_type(CompletionType::List)
            .build();
        let mut editor = Editor::with_config(config).map_err(failed)?;
        editor.set_helper(Some(Names::default()));
        let history = history_file();
        if let Some(file) = &history {
            // Without a history there is still a terminal.
            let _ = file.parent().map(std::fs::create_dir_all);
            let _ = editor.load_history(file);
        }
        Ok(Terminal { editor, history })
    }

    /// Sets the names to complete.
    pub fn offer(&mut self, mut names: Vec<String>) {
        names.sort();
        names.dedup();
        self.editor.set_helper(Some(Names(names)));
    }

    /// Reads a line.
    pub fn read(&mut self, prompt: &str) -> Result<Lines> {
        match self.editor.readline(prompt) {
            Ok(line) => {
                if !line.trim().is_empty()
                    && self.editor.add_history_entry(&line).unwrap_or(false)
                    && let Some(file) = &self.history
                {
                    let _ = self.editor.append_history(file);
                }
                Ok(Lines::Text(line))
            }
            Err(ReadlineError::Interrupted) => Ok(Lines::Cancelled),
            Err(ReadlineError::Eof) => Ok(Lines::End),
            Err(error) => Err(failed(error)),
        }
    }
}
