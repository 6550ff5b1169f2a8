// SPDX-License-Identifier: GPL-3.0-or-later
//! A conversation with the engine: text goes in, answers are printed. It knows no terminal.

use crate::scheme_errors::{self, Source};
use fruix_scheme::interactive::Typed;
use fruix_scheme::report::{Fault, Report};
use fruix_scheme::{Engine, Value, ports};
use std::sync::atomic::Ordering;
use std::time::Instant;

const HELP: &str = "\
,help ,h              this text
,quit ,q              leave
,use MODULE ,u        use a module, such as (srfi srfi-1)
,module MODULE ,m     make a module the current one
,describe EXPR ,d     the documentation of EXPR's value
,pretty-print EXPR ,pp  print EXPR's value over several lines
,time EXPR ,t         evaluate EXPR and say how long it took
,backtrace ,bt        the procedures that were running at the last error";

const STORE_HELP: &str = "\
,build EXPR           build what EXPR gives, such as a package, and print its file names
,lower EXPR           the derivation or store file that EXPR's value is lowered to
,run-in-store EXPR    what EXPR, a value in the store monad, yields
,enter-store-monad    run all values in the store monad until ,quit
,verbosity LEVEL      show as much of builds as LEVEL says: 0 nothing, 3 whole logs
,graft? BOOLEAN       whether grafts are to be performed
,phases EXPR          the build phases of a package; also ,configure-flags and ,make-flags";

/// The module that defines the commands of [`STORE_HELP`].
const STORE_COMMANDS: &str = "(guix monad-repl)";

/// Values, or what nothing handled.
type Answer = Result<Vec<Value>, Box<Report>>;

/// What comes after a line.
pub enum Step {
    /// More lines.
    More,
    /// The end, with this exit status.
    Leave(u8),
}

/// A conversation.
pub struct Conversation<'a> {
    engine: &'a mut Engine,
    /// Whether there are packages and a store.
    packages: bool,
    /// The languages of the REPLs that were entered within this one, the innermost last.
    entered: Vec<String>,
    /// What was typed but is not complete.
    pending: String,
    /// All that was typed, for the lines in messages.
    transcript: String,
    /// Lines of the transcript before `pending`.
    line: u32,
    /// How many values were printed.
    count: u32,
    last_error: Option<Box<Report>>,
}

impl<'a> Conversation<'a> {
    /// A conversation with an engine that has been booted, and that has `packages` or not.
    pub fn new(engine: &'a mut Engine, packages: bool) -> Conversation<'a> {
        Conversation {
            engine,
            packages,
            entered: Vec::new(),
            pending: String::new(),
            transcript: String::new(),
            line: 0,
            count: 0,
            last_error: None,
        }
    }

    /// What to show before the next line.
    pub fn prompt(&mut self) -> String {
        if !self.pending.is_empty() {
            return "... ".to_owned();
        }
        let module = self.engine.current_module();
        let name = self.engine.module_name(module);
        let name = self.engine.name_text(name);
        match self.entered.last() {
            Some(language) => format!("{language}@{name} [{}]> ", self.entered.len()),
            None => format!("scheme@{name}> "),
        }
    }

    /// Leaves the innermost REPL: what Control-D and `,quit` mean.
    pub fn leave(&mut self) -> Step {
        if self.entered.pop().is_none() {
            return Step::Leave(0);
        }
        self.with_form("((@ (system repl repl) leave-repl))", |conversation, form| {
            conversation.evaluate_outside(form).err().and_then(|report| conversation.fail(report))
        })
        .unwrap_or(Step::More)
    }

    /// The names that can be typed.
    pub fn names(&self) -> Vec<String> {
        self.engine.visible_names()
    }

    /// Drops what is not complete.
    pub fn forget_input(&mut self) {
        self.line += self.pending.matches('\n').count() as u32;
        self.pending.clear();
    }

    /// Complains if the text ended within a form.
    pub fn finish_input(&mut self) {
        if self.pending.trim().is_empty() {
            return;
        }
        if let Typed::Incomplete = self.engine.read_typed(&self.pending, self.line) {
            eprintln!(
                "fruix: error: the input ends within a form that starts at line {}",
                self.line + 1
            );
        }
    }

    /// Takes a line; evaluates what is complete.
    pub fn feed(&mut self, line: &str) -> Step {
        self.engine.interrupt_flag().store(false, Ordering::Relaxed);
        self.transcript.push_str(line);
        self.transcript.push('\n');
        if self.pending.is_empty()
            && let Some(command) = line.trim_start().strip_prefix(',')
        {
            self.line += 1;
            return self.meta(command.trim());
        }
        self.pending.push_str(line);
        self.pending.push('\n');
        loop {
            let scope = self.engine.heap.open_scope();
            let typed = self.engine.read_typed(&self.pending, self.line);
            let step = self.take(typed);
            self.engine.heap.close_scope(scope);
            if let Some(step) = step {
                return step;
            }
        }
    }

    /// Handles one form; tells how to go on, if there is no other.
    fn take(&mut self, typed: Typed) -> Option<Step> {
        match typed {
            Typed::Incomplete => Some(Step::More),
            Typed::Nothing => {
                self.forget_input();
                Some(Step::More)
            }
            Typed::Wrong(report) => {
                self.forget_input();
                self.complain(report);
                Some(Step::More)
            }
            Typed::Form(form, used) => {
                let rest = self.pending.split_off(used);
                self.line += self.pending.matches('\n').count() as u32;
                self.pending = rest;
                match self.evaluate(form) {
                    Ok(values) => {
                        self.print(&values);
                        None
                    }
                    Err(report) => self.fail(report),
                }
            }
        }
    }

    /// Evaluates a form that was typed, in the innermost REPL.
    fn evaluate(&mut self, form: Value) -> Answer {
        if self.entered.is_empty() {
            return self.evaluate_outside(form);
        }
        let name = "(@ (system repl repl) evaluate-in-repl)";
        let found = self.engine.call_with_text("%eval-text", name)?;
        self.apply(found.first().copied(), form)
    }

    /// Evaluates a form in no other REPL than this one.
    fn evaluate_outside(&mut self, form: Value) -> Answer {
        self.apply(self.engine.guile_value("primitive-eval"), form)
    }

    fn apply(&mut self, procedure: Option<Value>, form: Value) -> Answer {
        let missing = || Box::new(Report::of_message("the engine has not been booted".to_owned()));
        let result = self.engine.run_reporting(procedure.ok_or_else(missing)?, &[form]);
        ports::flush_all(self.engine);
        result
    }

    fn fail(&mut self, report: Box<Report>) -> Option<Step> {
        match report.fault {
            Fault::Quit(status) => Some(Step::Leave((status & 0xff) as u8)),
            _ => {
                self.complain(report);
                None
            }
        }
    }

    fn complain(&mut self, report: Box<Report>) {
        let source = Source { name: "<stdin>", text: &self.transcript };
        scheme_errors::describe(&report, Some(source), false).report();
        self.last_error = Some(report);
    }

    /// Prints values as Guile does: `$1 = …`, and binds `$1`.
    fn print(&mut self, values: &[Value]) {
        for &value in values.iter().filter(|&&value| value != Value::UNSPECIFIED) {
            self.count += 1;
            let name = format!("${}", self.count);
            let symbol = self.engine.heap.intern(&name);
            let module = self.engine.current_module();
            self.engine.module_define(module, symbol, value);
            match self.text(value) {
                Ok(text) => println!("{name} = {text}"),
                Err(report) => self.complain(report),
            }
        }
    }

    fn text(&mut self, value: Value) -> Result<String, Box<Report>> {
        let Some(write) = self.engine.guile_value("object->string") else {
            return Ok(String::new());
        };
        let values = self.engine.run_reporting(write, &[value])?;
        let text = values.first().and_then(|&text| self.engine.heap.as_string(text));
        Ok(text.map(ToString::to_string).unwrap_or_default())
    }

    /// A line that starts with a comma.
    fn meta(&mut self, command: &str) -> Step {
        let (name, operand) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let operand = operand.trim();
        let quit = match name {
            "q" | "quit" | "exit" => return self.leave(),
            "h" | "help" => {
                println!("{HELP}");
                if self.packages {
                    println!("{STORE_HELP}");
                }
                None
            }
            "bt" | "backtrace" => {
                match &self.last_error {
                    Some(report) => println!("{}", scheme_errors::frames(report)),
                    None => println!("there was no error"),
                }
                None
            }
            "u" | "use" => self.run(&format!("(use-modules {operand})")),
            "m" | "module" => {
                self.run(&format!("(set-current-module (resolve-module '{operand}))"))
            }
            "d" | "describe" => {
                let document = "(@ (ice-9 documentation) object-documentation)";
                self.run(&format!(
                    "(begin (display (or ({document} {operand}) \"not documented\")) (newline))"
                ))
            }
            "pp" | "pretty-print" => {
                self.run(&format!("((@ (ice-9 pretty-print) pretty-print) {operand})"))
            }
            "t" | "time" => {
                let start = Instant::now();
                let quit = self.run(operand);
                println!(";; {:.6}s real time.", start.elapsed().as_secs_f64());
                quit
            }
            _ => self.defined_command(name, operand),
        };
        quit.unwrap_or(Step::More)
    }

    /// A command that a module has defined with `define-meta-command`.
    fn defined_command(&mut self, name: &str, operand: &str) -> Option<Step> {
        let load = if self.packages {
            format!("(resolve-interface '{STORE_COMMANDS})")
        } else {
            String::new()
        };
        let text =
            format!("(begin {load} ((@ (system repl repl) command-in-repl) '{name} '({operand})))");
        self.with_form(&text, |conversation, form| match conversation.evaluate_outside(form) {
            Ok(values) => {
                let entered =
                    values.first().and_then(|&value| conversation.engine.heap.as_string(value));
                conversation.entered.extend(entered.map(ToString::to_string));
                None
            }
            Err(report) => conversation.fail(report),
        })
    }

    /// Evaluates a text that a command stands for.
    fn run(&mut self, text: &str) -> Option<Step> {
        self.with_form(text, |conversation, form| match conversation.evaluate(form) {
            Ok(values) => {
                conversation.print(&values);
                None
            }
            Err(report) => conversation.fail(report),
        })
    }

    /// Reads the only form of `text` and goes on with it.
    fn with_form(
        &mut self,
        text: &str,
        proceed: impl FnOnce(&mut Self, Value) -> Option<Step>,
    ) -> Option<Step> {
        let scope = self.engine.heap.open_scope();
        let step = match self.engine.read_typed(&format!("{text}\n"), self.line.saturating_sub(1)) {
            Typed::Form(form, _) => proceed(self, form),
            Typed::Wrong(report) => {
                self.complain(report);
                None
            }
            Typed::Nothing | Typed::Incomplete => {
                eprintln!("fruix: error: a command and its expression have to be on one line");
                None
            }
        };
        self.engine.heap.close_scope(scope);
        step
    }
}
