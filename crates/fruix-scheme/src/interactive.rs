// SPDX-License-Identifier: GPL-3.0-or-later
//! Reading what is typed, form by form, as it comes.

use crate::engine::Engine;
use crate::reader::{Annotate, Input, Reader};
use crate::report::Report;
use crate::value::Value;

/// What a piece of text starts with.
pub enum Typed {
    /// A form, and how many bytes of the text it takes. The form is kept by the innermost open scope.
    Form(Value, usize),
    /// Nothing but blanks and comments.
    Nothing,
    /// The beginning of a form.
    Incomplete,
    /// What is not Scheme.
    Wrong(Box<Report>),
}

impl Engine {
    /// Reads the first form of `text`, whose first line is number `line` (from 0) of what was typed.
    pub fn read_typed(&mut self, text: &str, line: u32) -> Typed {
        let file = self.sources.file(&mut self.heap, None);
        let mut input = Input::default();
        input.line = line;
        input.supply(text.as_bytes());
        let empty_wrap = self.expander.empty_wrap();
        self.reader.unclosed = None;
        let mut reader =
            Reader::new(self, input, Value::FALSE, file).annotate(Annotate::Compound, empty_wrap);
        let form = reader.read();
        let wants_more = reader.wants_more();
        let used = reader.into_input().position();
        match form {
            Ok(Value::EOF) => Typed::Nothing,
            Ok(form) => Typed::Form(self.heap.keep(form), used),
            Err(_) if wants_more => Typed::Incomplete,
            Err(exit) => Typed::Wrong(Box::new(self.report_exit(&exit))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_from_their_beginnings() {
        let mut engine = Engine::new();
        assert!(matches!(engine.read_typed("(+ 1 2) x\n", 0), Typed::Form(_, 7)));
        assert!(matches!(engine.read_typed("foo\n", 0), Typed::Form(_, 3 | 4)));
        for beginning in ["(+ 1\n", "\"abc\n", "'\n", "#|\n", "(a . \n"] {
            assert!(matches!(engine.read_typed(beginning, 0), Typed::Incomplete), "{beginning}");
        }
        assert!(matches!(engine.read_typed(" ; nothing\n", 0), Typed::Nothing));
        let Typed::Wrong(report) = engine.read_typed(")\n", 6) else { panic!("not Scheme") };
        assert_eq!(report.to_string(), "7:2: unexpected \")\"");
    }
}
