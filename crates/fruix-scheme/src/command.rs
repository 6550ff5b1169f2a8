// SPDX-License-Identifier: GPL-3.0-or-later
//! What `guile [-L DIR] [-c EXPR | FILE] [ARG …]` does, for the command line and for tests.

use crate::engine::Engine;
use crate::native::{Exit, Result};
use crate::value::Value;

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// An expression (`-c`).
    Expression(String),
    /// A script.
    File(String),
}

/// A parsed command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Folders to put before the library, first one first.
    pub load_path: Vec<String>,
    /// What to run.
    pub program: Program,
    /// The program's arguments, its own name first.
    pub arguments: Vec<String>,
}

impl Command {
    /// Parses the arguments after the command's name; `None` if there is nothing to run.
    pub fn parse(args: &[String]) -> Option<Command> {
        let mut load_path = Vec::new();
        let mut args = args.iter();
        loop {
            let arg = args.next()?;
            let (program, name) = match arg.as_str() {
                "-L" => {
                    load_path.push(args.next()?.clone());
                    continue;
                }
                "--no-auto-compile" | "-q" => continue,
                // Where Guile would look for compiled files.
                "-C" => {
                    args.next()?;
                    continue;
                }
                "-c" => (Program::Expression(args.next()?.clone()), "guile"),
                "-s" | "--" => {
                    let file = args.next()?;
                    (Program::File(file.clone()), file.as_str())
                }
                option if option.starts_with("-L") => {
                    load_path.push(option[2..].to_string());
                    continue;
                }
                file => (Program::File(file.to_string()), file),
            };
            let mut arguments = vec![name.to_string()];
            arguments.extend(args.cloned());
            return Some(Command { load_path, program, arguments });
        }
    }

    /// Runs the program in a new engine; gives the exit status.
    pub fn run(&self) -> i32 {
        match self.run_in_engine() {
            Ok(code) => code,
            Err(text) => {
                eprintln!("{text}");
                1
            }
        }
    }

    fn run_in_engine(&self) -> std::result::Result<i32, String> {
        let mut engine = Engine::new();
        if let Err(exit) = engine.boot() {
            return Err(format!("while starting: {}", engine.exit_text(&exit)));
        }
        match self.run_with(&mut engine) {
            Ok(_) => Ok(0),
            Err(exit) => Err(engine.exit_text(&exit)),
        }
    }

    /// Runs the program in an engine that has been booted.
    pub fn run_with(&self, engine: &mut Engine) -> Result {
        let guile = engine.modules.guile;
        let path: Vec<Value> = self.load_path.iter().map(|dir| engine.heap.string(dir)).collect();
        let path = engine.heap.list(&path);
        let name = engine.heap.intern("%load-path");
        engine.module_define(guile, name, path);
        let arguments: Vec<Value> =
            self.arguments.iter().map(|arg| engine.heap.string(arg)).collect();
        let arguments = engine.heap.list(&arguments);
        let name = engine.heap.intern("%program-arguments");
        engine.module_define(guile, name, arguments);
        // Within a run of the machine, so that errors meet Scheme's handlers.
        let (procedure, text) = match &self.program {
            Program::Expression(text) => ("%eval-text", text),
            Program::File(file) => ("primitive-load", file),
        };
        let text = engine.heap.string(text);
        match engine.guile_value(procedure) {
            Some(procedure) => engine.apply(procedure, &[text]),
            None => engine.misc_error("the engine has not been booted", &[]),
        }
    }
}

impl Engine {
    /// An exit that nobody handled, as text.
    pub fn exit_text(&self, exit: &Exit) -> String {
        match exit {
            Exit::Error { key, subr, message, args, .. } => format!(
                "{}: {}: {} {}",
                self.datum_text(*key),
                self.datum_text(*subr),
                self.datum_text(*message),
                self.datum_text(*args)
            ),
            Exit::Raise(object) => format!("raised: {}", self.datum_text(*object)),
            Exit::TailCall(_, args) => {
                let args: Vec<String> = args.iter().map(|&arg| self.datum_text(arg)).collect();
                format!("thrown: {}", args.join(" "))
            }
            Exit::Values(_) => "values".to_string(),
            Exit::Unwind => "left".to_string(),
        }
    }
}

/// Runs `f` on a thread with a stack that is deep enough for the expander and the reader.
pub fn on_large_stack<T: Send>(f: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(256 << 20).spawn_scoped(scope, f)?;
        thread.join().map_err(|_| std::io::Error::other("the engine's thread panicked"))
    })
}
