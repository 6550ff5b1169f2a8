// SPDX-License-Identifier: GPL-3.0-or-later
//! Characters, strings and symbols in their readable form.

use crate::numbers::text::{NotANumber, parse};
use crate::reader::CHARACTER_NAMES;
use unicode_properties::{GeneralCategory as Category, UnicodeGeneralCategory};

/// Whether `c` is a letter, mark, number, punctuation or symbol.
fn is_graphic(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_graphic(); // almost every character that is ever written
    }
    !matches!(
        c.general_category(),
        Category::SpaceSeparator
            | Category::LineSeparator
            | Category::ParagraphSeparator
            | Category::Control
            | Category::Format
            | Category::Surrogate
            | Category::PrivateUse
            | Category::Unassigned
    )
}

/// What `write` puts behind `#\`.
pub fn character_name(c: char) -> String {
    if let Some(&(name, _)) = CHARACTER_NAMES.iter().find(|(_, named)| *named == c) {
        return name.to_owned();
    }
    match c.general_category() {
        Category::NonspacingMark | Category::SpacingMark | Category::EnclosingMark => {
            format!("\u{25cc}{c}")
        }
        _ if is_graphic(c) => c.to_string(),
        _ => format!("{:o}", c as u32),
    }
}

/// Appends a string literal.
pub fn write_string(out: &mut String, text: impl Iterator<Item = char>) {
    out.push('"');
    text.for_each(|c| write_string_char(out, c));
    out.push('"');
}

fn write_string_char(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\t' => out.push_str("\\t"),
        '\n' => out.push_str("\\n"),
        '\x0b' => out.push_str("\\v"),
        '\x0c' => out.push_str("\\f"),
        '\r' => out.push_str("\\r"),
        ' ' => out.push(' '),
        c if is_graphic(c) => out.push(c),
        c if (c as u32) < 0x100 => out.push_str(&format!("\\x{:02x}", c as u32)),
        c if (c as u32) < 0x10000 => out.push_str(&format!("\\u{:04x}", c as u32)),
        c => out.push_str(&format!("\\U{:06x}", c as u32)),
    }
}

/// Appends the literal of a string whose characters are these bytes (up to U+00FF).
pub fn write_narrow_string(out: &mut String, mut text: &[u8]) {
    let is_plain = |&b: &u8| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\';
    out.push('"');
    loop {
        // Nearly all of a text is copied in pieces.
        let plain = text.iter().position(|b| !is_plain(b)).unwrap_or(text.len());
        out.push_str(std::str::from_utf8(&text[..plain]).unwrap_or_default());
        let Some(&special) = text.get(plain) else { break };
        write_string_char(out, special as char);
        text = &text[plain + 1..];
    }
    out.push('"');
}

/// Appends a symbol, as `#{…}#` if it would not read back otherwise.
pub fn write_symbol(out: &mut String, name: &str) {
    if !needs_braces(name) {
        out.push_str(name);
        return;
    }
    out.push_str("#{");
    for c in name.chars() {
        let plain = match c {
            '(' | ')' | '[' | ']' | '{' | '}' => false,
            c => is_graphic(c) && !is_quote(c) || c.general_category() == Category::SpaceSeparator,
        };
        if plain {
            out.push(c);
        } else {
            out.push_str(&format!("\\x{:x};", c as u32));
        }
    }
    out.push_str("}#");
}

/// Initial and final quotation marks («, »), which Guile does not take for parts of symbols.
fn is_quote(c: char) -> bool {
    !c.is_ascii()
        && matches!(c.general_category(), Category::InitialPunctuation | Category::FinalPunctuation)
}

fn needs_braces(name: &str) -> bool {
    let Some(first) = name.chars().next() else { return true };
    if name == "." || matches!(first, '\'' | '`' | ',') {
        return true;
    }
    let digit = match first.is_ascii() {
        true => first.is_ascii_digit(),
        false => first.general_category() == Category::DecimalNumber,
    };
    if digit {
        return true;
    }
    if matches!(first, '+' | '-' | '.') && parse(name, 10) != Err(NotANumber::Form) {
        return true;
    }
    name.chars().any(|c| {
        matches!(c, '"' | '#' | ';' | '(' | ')' | '[' | ']' | '{' | '}')
            || !is_graphic(c)
            || is_quote(c)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names, and what Guile 3.0.11 writes for the symbols.
    #[test]
    fn symbols_as_guile_writes_them() {
        for (name, written) in [
            ("", "#{}#"),
            (".", "#{.}#"),
            ("..", ".."),
            ("+", "+"),
            ("+1", "#{+1}#"),
            ("+1a", "+1a"),
            (".1a", ".1a"),
            ("1+", "#{1+}#"),
            ("-i", "#{-i}#"),
            ("a b", "#{a b}#"),
            ("a(b", "#{a\\x28;b}#"),
            ("a'b", "a'b"),
            ("'a", "#{'a}#"),
            ("#a", "#{#a}#"),
            (":a", ":a"),
            ("\u{663}a", "#{\u{663}a}#"),
            ("«»", "#{\\xab;\\xbb;}#"),
            ("a→b", "a→b"),
        ] {
            let mut out = String::new();
            write_symbol(&mut out, name);
            assert_eq!(out, written);
        }
    }

    #[test]
    fn strings_as_guile_writes_them() {
        let mut out = String::new();
        write_narrow_string(&mut out, b"a\"b\\\n\t ~\x7f\x80\xe9");
        assert_eq!(out, "\"a\\\"b\\\\\\n\\t ~\\x7f\\x80é\"");
        out.clear();
        write_string(&mut out, "a\"\\\n\t\r\0\x07\x7f\u{80}é\u{b}\u{1b}\u{200b}\u{a0}".chars());
        assert_eq!(out, "\"a\\\"\\\\\\n\\t\\r\\x00\\a\\x7f\\x80é\\v\\x1b\\u200b\\xa0\"");
    }

    #[test]
    fn character_names_as_guile_writes_them() {
        for (c, name) in
            [(' ', "space"), ('\x7f', "delete"), ('\u{80}', "200"), ('é', "é"), ('\x01', "soh")]
        {
            assert_eq!(character_name(c), name);
        }
    }
}
