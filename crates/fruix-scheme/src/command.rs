// SPDX-License-Identifier: GPL-3.0-or-later
//! What `guile [-L DIR] [-c EXPR | FILE] [ARG …]` does, for the command line, builds and tests: the
//! options of Guile's (ice-9 command-line) that scripts and builds use.

use crate::engine::Engine;
use crate::native::Exit;
use crate::ports;
use crate::report::{Fault, Report};
use crate::value::Value;
use std::io::Read;

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// An expression (`-c`).
    Expression(String),
    /// A script.
    File(String),
    /// A script from standard input (`-`).
    StandardInput,
}

/// A parsed command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Folders to put before the library, first one first (`-L`).
    pub load_path: Vec<String>,
    /// Folders of compiled files (`-C`): what `%load-compiled-path` says; the engine reads none.
    pub compiled_path: Vec<String>,
    /// Files to load before (`-l`).
    pub loads: Vec<String>,
    /// What to call with the command line after the program (`-e`): a procedure's name, `(@@ MODULE NAME)`,
    /// or a module that has a `main`.
    pub entry: Option<String>,
    /// What to run.
    pub program: Program,
    /// The program's arguments, its own name first.
    pub arguments: Vec<String>,
}

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// To run a program.
    Run(Command),
    /// To say which version this is (`--version`).
    Version,
    /// To explain itself (`--help`).
    Help,
    /// To read from the terminal: no program was named. The folders are those of `-L`.
    Interactive(Vec<String>),
}

/// The usage, in one line.
pub const USAGE: &str = "guile [-L DIR] [-C DIR] [-l FILE] [-e PROC] [--no-auto-compile] [-q] [-c EXPR | [-s] FILE | -] [ARG ...]";

/// Options without effect here.
const IGNORED: &[&str] = &[
    "--no-auto-compile",
    "--auto-compile",
    "--fresh-auto-compile",
    "-q",
    "--debug",
    "--no-debug",
    "--r6rs",
    "--r7rs",
];

impl Request {
    /// Parses the arguments after the command's name.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub fn parse(args: &[String]) -> std::result::Result<Request, String> {
        let mut command = Command {
            load_path: Vec::new(),
            compiled_path: Vec::new(),
            loads: Vec::new(),
            entry: None,
            program: Program::StandardInput,
            arguments: Vec::new(),
        };
        let mut args: std::collections::VecDeque<String> = args.iter().cloned().collect();
        let mut name = "guile".to_owned();
        loop {
            let Some(arg) = args.pop_front() else {
                return Ok(Request::Interactive(command.load_path));
            };
            let mut operand = || args.pop_front().ok_or(format!("missing argument to '{arg}'"));
            match arg.as_str() {
                "-L" => command.load_path.push(operand()?),
                "-C" => command.compiled_path.push(operand()?),
                "-l" => command.loads.push(operand()?),
                "-e" => command.entry = Some(operand()?),
                "-x" => drop(operand()?),
                ignored if IGNORED.contains(&ignored) => {}
                "-c" => {
                    command.program = Program::Expression(operand()?);
                    break;
                }
                "-s" => {
                    name = operand()?;
                    command.program = Program::File(name.clone());
                    break;
                }
                // The options of a script's second line, as `#!… \` asks for them.
                "\\" => {
                    let script = args.front().ok_or("missing script after '\\'")?;
                    let words = second_line(script)?;
                    words.into_iter().rev().for_each(|word| args.push_front(word));
                }
                "-" => break,
                "--" => return Ok(Request::Interactive(command.load_path)),
                "-v" | "--version" => return Ok(Request::Version),
                "-h" | "--help" => return Ok(Request::Help),
                option if option.starts_with("-L") => {
                    command.load_path.push(option[2..].to_owned())
                }
                option if option.starts_with("-C") => {
                    command.compiled_path.push(option[2..].to_owned())
                }
                option if option.starts_with('-') => {
                    return Err(format!("unrecognized option '{option}'"));
                }
                file => {
                    name = file.to_owned();
                    command.program = Program::File(name.clone());
                    break;
                }
            }
        }
        command.arguments.push(name);
        command.arguments.extend(args);
        Ok(Request::Run(command))
    }
}

/// The words of a script's second line.
fn second_line(script: &str) -> std::result::Result<Vec<String>, String> {
    let text = std::fs::read(script).map_err(|error| format!("cannot read {script}: {error}"))?;
    let text = String::from_utf8_lossy(&text);
    Ok(text.lines().nth(1).unwrap_or_default().split_whitespace().map(str::to_owned).collect())
}

impl Command {
    /// The command of these arguments, if they name a program to run.
    pub fn parse(args: &[String]) -> Option<Command> {
        match Request::parse(args) {
            Ok(Request::Run(command)) => Some(command),
            _ => None,
        }
    }

    /// Runs the program in a new engine; gives the exit status. An error goes to standard error in one line.
    pub fn run(&self) -> i32 {
        let mut engine = match Engine::with_library() {
            Ok(engine) => engine,
            Err(_) => {
                eprintln!("guile: the library is broken");
                return 70;
            }
        };
        let result = self.run_with(&mut engine);
        ports::flush_all(&mut engine);
        // The process ends: freeing what it holds piece by piece would take longer than starting it.
        std::mem::forget(engine);
        status(&result)
    }

    /// Runs the program in an engine that has been booted.
    ///
    /// # Errors
    /// An exception that nothing handled, or the program's wish to end ([`Fault::Quit`]). What ports have
    /// buffered is still to be written ([`ports::flush_all`]).
    pub fn run_with(&self, engine: &mut Engine) -> std::result::Result<(), Box<Report>> {
        let process = std::process::id();
        let result = self.evaluate(engine);
        if std::process::id() != process {
            // A child that the program forked and that ran to its end. The thread that we are on is all
            // there is of it, and a thread that just returned would end it with status 0.
            ports::flush_all(engine);
            std::process::exit(status(&result));
        }
        result
    }

    fn evaluate(&self, engine: &mut Engine) -> std::result::Result<(), Box<Report>> {
        engine.set_string_list("%program-arguments", &self.arguments);
        let from_environment = |name: &str| -> Vec<String> {
            let value = std::env::var(name).unwrap_or_default();
            value.split(':').filter(|dir| !dir.is_empty()).map(str::to_owned).collect()
        };
        let load_path = [self.load_path.clone(), from_environment("GUILE_LOAD_PATH")].concat();
        engine.set_string_list("%load-path", &load_path);
        let compiled =
            [self.compiled_path.clone(), from_environment("GUILE_LOAD_COMPILED_PATH")].concat();
        if !compiled.is_empty() {
            engine.set_string_list("%load-compiled-path", &compiled);
        }
        for file in &self.loads {
            engine.call_with_text("primitive-load", file)?;
        }
        match &self.program {
            Program::Expression(text) => engine.call_with_text("%eval-text", text)?,
            Program::File(file) => engine.call_with_text("primitive-load", file)?,
            Program::StandardInput => {
                let mut bytes = Vec::new();
                if let Err(error) = std::io::stdin().lock().read_to_end(&mut bytes) {
                    let message = format!("cannot read standard input: {error}");
                    return Err(Box::new(Report::of_message(message)));
                }
                engine.call_with_text("%eval-text", &String::from_utf8_lossy(&bytes))?
            }
        };
        match &self.entry {
            Some(entry) => engine.call_with_text("%eval-text", &entry_call(entry)).map(drop),
            None => Ok(()),
        }
    }
}

/// The exit status after `result`. An error goes to standard error in one line.
fn status(result: &std::result::Result<(), Box<Report>>) -> i32 {
    match result {
        Ok(()) => 0,
        Err(report) => match report.fault {
            Fault::Quit(status) => status,
            _ => {
                eprintln!("{report}");
                1
            }
        },
    }
}

/// The call that `-e ENTRY` stands for: `(a b)` is module `(a b)`'s `main`.
fn entry_call(entry: &str) -> String {
    let inner = entry.trim().strip_prefix('(').map(str::trim_start);
    let is_module = inner.is_some_and(|inner| !inner.starts_with('@'));
    let procedure = if is_module { format!("(@@ {entry} main)") } else { entry.to_owned() };
    format!("({procedure} (command-line))")
}

impl Engine {
    /// Sets a variable of `(guile)` to a list of strings.
    pub fn set_string_list(&mut self, variable: &str, strings: &[String]) {
        let values: Vec<Value> = strings.iter().map(|text| self.heap.string(text)).collect();
        let list = self.heap.list(&values);
        let name = self.heap.intern(variable);
        self.module_define(self.modules.guile, name, list);
    }

    /// Calls a procedure of `(guile)` with a string, as [`Engine::run_reporting`] does; gives its values.
    ///
    /// # Errors
    /// An exception that nothing handled.
    pub fn call_with_text(
        &mut self,
        procedure: &str,
        text: &str,
    ) -> std::result::Result<Vec<Value>, Box<Report>> {
        let text = self.heap.string(text);
        match self.guile_value(procedure) {
            Some(procedure) => self.run_reporting(procedure, &[text]),
            None => Err(Box::new(Report::of_message("the engine has not been booted".to_owned()))),
        }
    }

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

/// Prepares the process for an engine, before there are threads. Nothing depends on it.
pub fn prepare_process() {
    crate::sys::tune_allocator();
}

/// Runs `f` on a thread with a stack that is deep enough for the expander and the reader.
pub fn on_large_stack<T: Send>(f: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(256 << 20).spawn_scoped(scope, f)?;
        thread.join().map_err(|_| std::io::Error::other("the engine's thread panicked"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> std::result::Result<Request, String> {
        Request::parse(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_end_at_the_program() {
        let Ok(Request::Run(command)) =
            parse("--no-auto-compile -L a -Lb -C c -e main -s f.scm -L x")
        else {
            panic!("a program")
        };
        assert_eq!(command.load_path, ["a", "b"]);
        assert_eq!(command.compiled_path, ["c"]);
        assert_eq!(command.program, Program::File("f.scm".to_owned()));
        assert_eq!(command.arguments, ["f.scm", "-L", "x"]);
        let Ok(Request::Run(command)) = parse("-c (exit) a") else { panic!("a program") };
        assert_eq!(command.arguments, ["guile", "a"]);
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(parse("-L"), Err("missing argument to '-L'".to_owned()));
        assert_eq!(parse("--foo x"), Err("unrecognized option '--foo'".to_owned()));
        assert_eq!(parse("-q"), Ok(Request::Interactive(Vec::new())));
        assert_eq!(parse("--version"), Ok(Request::Version));
    }

    #[test]
    fn entries_are_procedures_or_modules() {
        assert_eq!(entry_call("main"), "(main (command-line))");
        assert_eq!(entry_call("(a b)"), "((@@ (a b) main) (command-line))");
        assert_eq!(entry_call("(@@ (a) go)"), "((@@ (a) go) (command-line))");
    }
}
