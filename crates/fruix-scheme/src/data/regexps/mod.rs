// SPDX-License-Identifier: GPL-3.0-or-later
//! POSIX regular expressions, basic and extended, with GNU's additions (`\w`, `\<`, back references, …).
//!
//! Matches are the leftmost longest ones; of the ways to reach such a match the one counts that makes the first
//! group start first and then as long as possible, then the second, and so on. They are the
//! engine's own so that they are the same on every system. The time is linear in the text's length times the
//! expression's size, but for expressions with back references.

mod parse;
mod run;

use crate::engine::Engine;
use crate::heap::{Foreign, Tracer};
use crate::value::Value;

/// What characters a bracket expression or class matches.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Set {
    negated: bool,
    ranges: Vec<(char, char)>,
    classes: Vec<Class>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Class {
    Alpha,
    Digit,
    Alnum,
    Upper,
    Lower,
    Space,
    Blank,
    Punct,
    Print,
    Graph,
    Cntrl,
    Xdigit,
    /// `\w`: letters, digits and the underscore.
    Word,
}

impl Class {
    fn named(name: &str) -> Option<Class> {
        Some(match name {
            "alpha" => Class::Alpha,
            "digit" => Class::Digit,
            "alnum" => Class::Alnum,
            "upper" => Class::Upper,
            "lower" => Class::Lower,
            "space" => Class::Space,
            "blank" => Class::Blank,
            "punct" => Class::Punct,
            "print" => Class::Print,
            "graph" => Class::Graph,
            "cntrl" => Class::Cntrl,
            "xdigit" => Class::Xdigit,
            _ => return None,
        })
    }

    fn contains(self, c: char) -> bool {
        match self {
            Class::Alpha => c.is_alphabetic(),
            Class::Digit => c.is_ascii_digit(),
            Class::Alnum => c.is_alphanumeric(),
            Class::Upper => c.is_uppercase(),
            Class::Lower => c.is_lowercase(),
            Class::Space => c.is_whitespace() && c != '\u{a0}' && c != '\u{85}',
            Class::Blank => c == ' ' || c == '\t',
            Class::Punct if c.is_ascii() => c.is_ascii_punctuation(),
            Class::Punct => !c.is_alphanumeric() && !c.is_whitespace() && !c.is_control(),
            Class::Print => !c.is_control(),
            Class::Graph => !c.is_control() && !c.is_whitespace(),
            Class::Cntrl => c.is_control(),
            Class::Xdigit => c.is_ascii_hexdigit(),
            Class::Word => is_word(c),
        }
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

impl Set {
    fn contains(&self, c: char, fold: bool) -> bool {
        let inside = |c: char| {
            self.ranges.iter().any(|&(low, high)| low <= c && c <= high)
                || self.classes.iter().any(|class| class.contains(c))
        };
        let found = inside(c)
            || fold
                && (c.to_lowercase().next().is_some_and(inside)
                    || c.to_uppercase().next().is_some_and(inside));
        found != self.negated
    }
}

/// A place that is between characters.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,
    WordStart,
    WordEnd,
    WordEdge,
    NoWordEdge,
}

/// What is executed.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Char(char),
    Any,
    Set(usize),
    Split(usize, usize),
    Jump(usize),
    /// Notes the position in slot `n`: start and end of group `n / 2`.
    Save(usize),
    At(Place),
    /// Goes on only if the position is not that of slot `n`: a repetition must not be empty.
    Progress(usize),
    Back(usize),
    Match,
}

/// How an expression is read and matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Extended syntax rather than basic.
    pub extended: bool,
    /// Letters match whatever their case.
    pub ignore_case: bool,
    /// Lines are matched rather than the whole text.
    pub newline: bool,
}

/// How one search differs from the expression's options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchOptions {
    /// The text's start is no line's start.
    pub not_line_start: bool,
    /// The text's end is no line's end.
    pub not_line_end: bool,
}

/// A compiled expression.
#[derive(Debug)]
pub struct Regexp {
    steps: Vec<Step>,
    sets: Vec<Set>,
    /// Number of groups, the whole included.
    groups: usize,
    /// Slots behind those of the groups: positions that `Progress` looks at.
    slots: usize,
    options: Options,
    has_back_references: bool,
    /// Characters that a match can start with; none if that is not known.
    first: Option<Vec<char>>,
}

/// Where the whole and each group matched.
pub type Groups = Vec<Option<(usize, usize)>>;

impl Regexp {
    /// Compiles `pattern`.
    ///
    /// # Errors
    /// What is wrong with it, in the words of the GNU C library.
    pub fn new(pattern: &str, options: Options) -> Result<Regexp, &'static str> {
        parse::compile(pattern, options)
    }

    /// The leftmost longest match in `text` from `start` on; what is before `start` is not seen.
    pub fn search(&self, text: &[char], start: usize, options: SearchOptions) -> Option<Groups> {
        let found = run::search(self, &text[start..], options)?;
        let shift = |(from, to)| (from + start, to + start);
        Some(found.into_iter().map(|group| group.map(shift)).collect())
    }
}

impl Foreign for Regexp {
    fn type_name(&self) -> &'static str {
        "regexp"
    }
    fn trace(&self, _: &mut Tracer) {}
    fn describe(&self, _: &Engine, value: Value) -> Option<String> {
        Some(format!("#<regexp {:x}>", value.bits()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(pattern: &str, text: &str) -> Option<Vec<String>> {
        let options = Options { extended: true, ..Options::default() };
        let regexp = Regexp::new(pattern, options).expect("a good pattern");
        let text: Vec<char> = text.chars().collect();
        let groups = regexp.search(&text, 0, SearchOptions::default())?;
        let part = |group: Option<(usize, usize)>| match group {
            Some((from, to)) => text[from..to].iter().collect(),
            None => "-".to_owned(),
        };
        Some(groups.into_iter().map(part).collect())
    }

    fn check(pattern: &str, text: &str, groups: &[&str]) {
        let found = find(pattern, text).unwrap_or_default();
        assert_eq!(found, groups, "{pattern} in {text}");
    }

    #[test]
    fn the_leftmost_longest_match_wins() {
        check("a|ab|abc", "xabcd", &["abc"]);
        // The first of the ways to the longest match, as in glibc; POSIX would have "ab", "c" and "d".
        check("(a|ab)(c|bcd)(d*)", "abcd", &["abcd", "a", "bcd", ""]);
        check("x*", "aaa", &[""]);
        check("(a*)(b*)", "aabb", &["aabb", "aa", "bb"]);
        check(
            "^(([^:]+)://)?([^/]*)(.*)$",
            "http://gnu.org/hello",
            &["http://gnu.org/hello", "http://", "http", "gnu.org", "/hello"],
        );
    }

    #[test]
    fn intervals_classes_and_words() {
        check("[[:alpha:]_]{2,3}", "1ab_c", &["ab_"]);
        check("\\<b\\w*\\>", "ab bc", &["bc"]);
        check("[]a]+", "x]a", &["]a"]);
        check("(.)\\1", "abccd", &["cc", "c"]);
        assert_eq!(find("a{3}", "aa"), None);
    }

    #[test]
    fn hostile_expressions_stay_linear() {
        let text = "a".repeat(3000);
        assert!(find("(a*)*(a*)*(a*)*b", &text).is_none());
        assert!(find("(x+x+)+y", &"x".repeat(2000)).is_none());
    }
}
