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

/// What comes after a line.
pub enum Step {
    /// More lines.
    More,
    /// The end, with this exit status.
    Leave(u8),
}

/// A conversation.
pub struct Session {
    engine: Engine,
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

impl Session {
    /// A conversation with an engine that has been booted.
    pub fn new(engine: Engine) -> Session {
        let (pending, transcript) = (String::new(), String::new());
        Session { engine, pending, transcript, line: 0, count: 0, last_error: None }
    }

    /// What to show before the next line.
    pub fn prompt(&mut self) -> String {
        if !self.pending.is_empty() {
            return "... ".to_owned();
        }
        let module = self.engine.modules.current;
        let name = self.engine.module_name(module);
        format!("scheme@{}> ", self.engine.name_text(name))
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
        self.engine.machine.interrupt_flag().store(false, Ordering::Relaxed);
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

    fn evaluate(&mut self, form: Value) -> Result<Vec<Value>, Box<Report>> {
        let Some(eval) = self.engine.guile_value("primitive-eval") else {
            return Err(Box::new(Report::of_message("the engine has not been booted".to_owned())));
        };
        let result = self.engine.run_reporting(eval, &[form]);
        ports::flush_all(&mut self.engine);
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
            let module = self.engine.modules.current;
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
        let quit = match (name, operand) {
            ("q" | "quit" | "exit", _) => return Step::Leave(0),
            ("h" | "help", _) => {
                println!("{HELP}");
                None
            }
            ("bt" | "backtrace", _) => {
                match &self.last_error {
                    Some(report) => println!("{}", scheme_errors::frames(report)),
                    None => println!("there was no error"),
                }
                None
            }
            (_, "") => {
                eprintln!(
                    "fruix: error: unknown command, or nothing after it: ,{command}\nhint: try ,help"
                );
                None
            }
            ("u" | "use", module) => self.run(&format!("(use-modules {module})")),
            ("m" | "module", module) => {
                self.run(&format!("(set-current-module (resolve-module '{module}))"))
            }
            ("d" | "describe", what) => {
                let document = "(@ (ice-9 documentation) object-documentation)";
                self.run(&format!(
                    "(begin (display (or ({document} {what}) \"not documented\")) (newline))"
                ))
            }
            ("pp" | "pretty-print", what) => {
                self.run(&format!("((@ (ice-9 pretty-print) pretty-print) {what})"))
            }
            ("t" | "time", what) => {
                let start = Instant::now();
                let quit = self.run(what);
                println!(";; {:.6}s real time.", start.elapsed().as_secs_f64());
                quit
            }
            _ => {
                eprintln!("fruix: error: unknown command: ,{name}\nhint: try ,help");
                None
            }
        };
        quit.unwrap_or(Step::More)
    }

    /// Evaluates a text that a command stands for.
    fn run(&mut self, text: &str) -> Option<Step> {
        let scope = self.engine.heap.open_scope();
        let step = match self.engine.read_typed(&format!("{text}\n"), self.line.saturating_sub(1)) {
            Typed::Form(form, _) => match self.evaluate(form) {
                Ok(values) => {
                    self.print(&values);
                    None
                }
                Err(report) => self.fail(report),
            },
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
