// SPDX-License-Identifier: GPL-3.0-or-later
//! Sets of characters (SRFI-14), kept as sorted ranges of code points.

use crate::heap::{Foreign, Heap, Tracer};
use crate::value::Value;
use std::cell::OnceCell;
use unicode_properties::{GeneralCategory as Category, UnicodeGeneralCategory};

/// Ranges `[from, to)` in order, neither touching nor empty.
type Ranges = Vec<(u32, u32)>;

/// A set of characters. A standard one is computed when it is first looked into.
#[derive(Clone, Default, Debug)]
pub struct CharSet {
    standard: Option<&'static str>,
    ranges: OnceCell<Ranges>,
}

const END: u32 = 0x11_0000;

impl PartialEq for CharSet {
    fn eq(&self, other: &CharSet) -> bool {
        self.ranges() == other.ranges()
    }
}

impl CharSet {
    fn new(ranges: Ranges) -> CharSet {
        CharSet { standard: None, ranges: OnceCell::from(ranges) }
    }

    /// The standard set of this name (`char-set:…` without the prefix).
    pub fn standard(name: &'static str) -> CharSet {
        CharSet { standard: Some(name), ranges: OnceCell::new() }
    }

    /// The set of all characters that satisfy `test`.
    pub fn of(test: impl Fn(char) -> bool) -> CharSet {
        CharSet::collect((0..END).filter(|&code| char::from_u32(code).is_some_and(&test)))
    }

    /// The set of these code points, which come in order.
    fn collect(codes: impl Iterator<Item = u32>) -> CharSet {
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for code in codes {
            match ranges.last_mut() {
                Some((_, to)) if *to == code => *to += 1,
                _ => ranges.push((code, code + 1)),
            }
        }
        CharSet::new(ranges)
    }

    /// The set of the code points from `from` up to, not including, `to`.
    pub fn range(from: u32, to: u32) -> CharSet {
        if from < to { CharSet::new(vec![(from, to)]) } else { CharSet::default() }
    }

    /// The set with these characters.
    pub fn from_chars(chars: impl IntoIterator<Item = char>) -> CharSet {
        let mut codes: Vec<u32> = chars.into_iter().map(|c| c as u32).collect();
        codes.sort_unstable();
        codes.dedup();
        CharSet::collect(codes.into_iter())
    }

    /// Whether the character is in the set.
    pub fn contains(&self, c: char) -> bool {
        let code = c as u32;
        let ranges = self.ranges();
        let behind = ranges.partition_point(|&(from, _)| from <= code);
        behind > 0 && code < ranges[behind - 1].1
    }

    /// The characters in order.
    pub fn chars(&self) -> impl Iterator<Item = char> + '_ {
        self.ranges().iter().flat_map(|&(from, to)| (from..to).filter_map(char::from_u32))
    }

    /// The ranges of code points.
    pub fn ranges(&self) -> &[(u32, u32)] {
        self.ranges.get_or_init(|| self.standard.map(compute).unwrap_or_default())
    }

    /// Combines two sets: `keep` says for each code point what its membership in both means.
    fn combine(&self, other: &CharSet, keep: impl Fn(bool, bool) -> bool) -> CharSet {
        let mut edges: Vec<u32> =
            self.ranges().iter().chain(other.ranges()).flat_map(|&(from, to)| [from, to]).collect();
        edges.extend([0, END]);
        edges.sort_unstable();
        edges.dedup();
        let within = |set: &CharSet, code: u32| {
            let ranges = set.ranges();
            let behind = ranges.partition_point(|&(from, _)| from <= code);
            behind > 0 && code < ranges[behind - 1].1
        };
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for pair in edges.windows(2) {
            if keep(within(self, pair[0]), within(other, pair[0])) {
                match ranges.last_mut() {
                    Some((_, to)) if *to == pair[0] => *to = pair[1],
                    _ => ranges.push((pair[0], pair[1])),
                }
            }
        }
        CharSet::new(ranges)
    }

    /// Characters in either set.
    pub fn union(&self, other: &CharSet) -> CharSet {
        self.combine(other, |a, b| a || b)
    }

    /// Characters in both sets.
    pub fn intersection(&self, other: &CharSet) -> CharSet {
        self.combine(other, |a, b| a && b)
    }

    /// Characters in this set but not in the other.
    pub fn difference(&self, other: &CharSet) -> CharSet {
        self.combine(other, |a, b| a && !b)
    }

    /// Characters in exactly one of the sets.
    pub fn xor(&self, other: &CharSet) -> CharSet {
        self.combine(other, |a, b| a != b)
    }

    /// Characters that are not in the set.
    pub fn complement(&self) -> CharSet {
        self.combine(&CharSet::default(), |a, _| !a)
    }
}

impl Foreign for CharSet {
    fn type_name(&self) -> &'static str {
        "charset"
    }
    fn trace(&self, _: &mut Tracer) {}
}

/// Names of the standard sets.
pub const STANDARD: [&str; 18] = [
    "letter",
    "lower-case",
    "upper-case",
    "title-case",
    "digit",
    "letter+digit",
    "graphic",
    "printing",
    "whitespace",
    "iso-control",
    "punctuation",
    "symbol",
    "hex-digit",
    "blank",
    "ascii",
    "empty",
    "full",
    "designated",
];

/// The ranges of a standard set.
fn compute(name: &str) -> Ranges {
    use Category::*;
    let punctuation = |c: char| {
        matches!(
            c.general_category(),
            ConnectorPunctuation
                | DashPunctuation
                | OpenPunctuation
                | ClosePunctuation
                | InitialPunctuation
                | FinalPunctuation
                | OtherPunctuation
        )
    };
    let symbol = |c: char| {
        matches!(c.general_category(), MathSymbol | CurrencySymbol | ModifierSymbol | OtherSymbol)
    };
    let letter = |c: char| {
        matches!(
            c.general_category(),
            UppercaseLetter | LowercaseLetter | TitlecaseLetter | ModifierLetter | OtherLetter
        )
    };
    let digit = |c: char| c.general_category() == DecimalNumber;
    let blank = |c: char| c == '\t' || c.general_category() == SpaceSeparator;
    let space = |c: char| {
        ('\t'..='\r').contains(&c)
            || matches!(c.general_category(), SpaceSeparator | LineSeparator | ParagraphSeparator)
    };
    // All but separators and what has no glyph; asked for once, as a million characters are looked at.
    let graphic = |c: char| {
        !matches!(
            c.general_category(),
            SpaceSeparator
                | LineSeparator
                | ParagraphSeparator
                | Control
                | Format
                | Surrogate
                | PrivateUse
                | Unassigned
        )
    };
    let set = match name {
        "letter" => CharSet::of(letter),
        "lower-case" => CharSet::of(|c| c.is_lowercase()),
        "upper-case" => CharSet::of(|c| c.is_uppercase()),
        "title-case" => CharSet::of(|c| c.general_category() == TitlecaseLetter),
        "digit" => CharSet::of(digit),
        "letter+digit" => CharSet::of(|c| letter(c) || digit(c)),
        "graphic" => CharSet::of(graphic),
        "printing" => CharSet::of(|c| graphic(c) || space(c)),
        "whitespace" => CharSet::of(space),
        "iso-control" => CharSet::of(|c| c.general_category() == Control),
        "punctuation" => CharSet::of(punctuation),
        "symbol" => CharSet::of(symbol),
        "hex-digit" => CharSet::of(|c| c.is_ascii_hexdigit()),
        "blank" => CharSet::of(blank),
        "ascii" => CharSet::range(0, 128),
        "empty" => CharSet::default(),
        "full" => CharSet::new(vec![(0, 0xd800), (0xe000, END)]),
        "designated" => CharSet::of(|c| c.general_category() != Unassigned),
        _ => CharSet::default(),
    };
    set.ranges().to_vec()
}

/// Whether both are character sets with the same characters.
pub fn equal(heap: &Heap, a: Value, b: Value) -> bool {
    match (heap.as_foreign::<CharSet>(a), heap.as_foreign::<CharSet>(b)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_combine() {
        let vowels = CharSet::from_chars("aeiou".chars());
        let early = CharSet::range('a' as u32, 'f' as u32);
        assert_eq!(vowels.intersection(&early).chars().collect::<String>(), "ae");
        assert_eq!(early.difference(&vowels).chars().collect::<String>(), "bcd");
        assert_eq!(vowels.union(&early).chars().count(), 8);
        assert!(vowels.complement().contains('b') && !vowels.complement().contains('e'));
        assert_eq!(vowels.complement().complement(), vowels);
    }
}
