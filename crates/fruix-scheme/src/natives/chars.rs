// SPDX-License-Identifier: GPL-3.0-or-later
//! Characters, symbols and keywords (Guile's manual, "Characters", "Symbols", "Keywords").

use super::args::{character, expecting, index, optional, string, symbol};
use super::strings::{downcase, upcase};
use crate::data::observed_hash;
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native;
use crate::native::{Native, Result};
use crate::numbers::Num;
use crate::value::Value;
use unicode_properties::{GeneralCategory as Category, UnicodeGeneralCategory};

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("char?", 1, |_, v| Ok(Value::bool(v.as_char().is_some()))),
    native!("char->integer", 1, |e, c| {
        Ok(Value::fixnum(character(e, "char->integer", 1, c)? as i64))
    }),
    native!("integer->char", 1, |e, n| {
        let code = index(e, "integer->char", 1, n)?;
        match u32::try_from(code).ok().and_then(char::from_u32) {
            Some(c) => Ok(Value::char(c)),
            None => e.out_of_range("integer->char", 1, n),
        }
    }),
    native!("char=?", 0, 0, true, |e, args| chain(e, "char=?", args, false, |a, b| a == b)),
    native!("char<?", 0, 0, true, |e, args| chain(e, "char<?", args, false, |a, b| a < b)),
    native!("char>?", 0, 0, true, |e, args| chain(e, "char>?", args, false, |a, b| a > b)),
    native!("char<=?", 0, 0, true, |e, args| chain(e, "char<=?", args, false, |a, b| a <= b)),
    native!("char>=?", 0, 0, true, |e, args| chain(e, "char>=?", args, false, |a, b| a >= b)),
    native!("char-ci=?", 0, 0, true, |e, args| chain(e, "char-ci=?", args, true, |a, b| a == b)),
    native!("char-ci<?", 0, 0, true, |e, args| chain(e, "char-ci<?", args, true, |a, b| a < b)),
    native!("char-ci>?", 0, 0, true, |e, args| chain(e, "char-ci>?", args, true, |a, b| a > b)),
    native!("char-ci<=?", 0, 0, true, |e, args| chain(e, "char-ci<=?", args, true, |a, b| a <= b)),
    native!("char-ci>=?", 0, 0, true, |e, args| chain(e, "char-ci>=?", args, true, |a, b| a >= b)),
    native!("char-upcase", 1, |e, c| Ok(Value::char(upcase(character(e, "char-upcase", 1, c)?)))),
    native!("char-downcase", 1, |e, c| {
        Ok(Value::char(downcase(character(e, "char-downcase", 1, c)?)))
    }),
    native!("char-titlecase", 1, |e, c| {
        Ok(Value::char(upcase(character(e, "char-titlecase", 1, c)?)))
    }),
    native!("char-alphabetic?", 1, |e, c| test(e, "char-alphabetic?", c, char::is_alphabetic)),
    native!("char-numeric?", 1, |e, c| {
        test(e, "char-numeric?", c, |c| c.general_category() == Category::DecimalNumber)
    }),
    native!("char-whitespace?", 1, |e, c| test(e, "char-whitespace?", c, char::is_whitespace)),
    native!("char-upper-case?", 1, |e, c| test(e, "char-upper-case?", c, char::is_uppercase)),
    native!("char-lower-case?", 1, |e, c| test(e, "char-lower-case?", c, char::is_lowercase)),
    native!("char-is-both?", 1, |e, c| {
        test(e, "char-is-both?", c, |c| c.is_uppercase() || c.is_lowercase())
    }),
    native!("char-general-category", 1, |e, c| {
        let name = category(character(e, "char-general-category", 1, c)?);
        Ok(e.heap.intern(name))
    }),
    native!("symbol?", 1, |e, v| Ok(Value::bool(e.heap.is(v, Tag::Symbol)))),
    native!("symbol-interned?", 1, |e, v| match e.heap.as_symbol(v).map(|s| s.interned) {
        Some(interned) => Ok(Value::bool(interned)),
        None => expecting(e, "symbol-interned?", 1, "symbol", v),
    }),
    native!("symbol-hash", 1, |e, v| match e.heap.symbol_name(v).map(observed_hash::of_str) {
        Some(hash) => Ok(Num::from_big(hash.into()).into_value(&mut e.heap)),
        None => expecting(e, "symbol-hash", 1, "symbol", v),
    }),
    native!("make-symbol", 1, |e, s| {
        let name = string(e, "make-symbol", 1, s)?;
        Ok(e.heap.uninterned_symbol(&name))
    }),
    native!("string->uninterned-symbol", 1, |e, s| {
        let name = string(e, "string->uninterned-symbol", 1, s)?;
        Ok(e.heap.uninterned_symbol(&name))
    }),
    native!("gensym", 0, 1, false, |e, args| {
        let prefix = match optional(args, 0) {
            Some(prefix) => string(e, "gensym", 1, prefix)?,
            None => " g".to_owned(),
        };
        let name = format!("{prefix}{}", e.heap.next_gensym());
        Ok(e.heap.intern(&name))
    }),
    native!("symbol-append", 0, 0, true, |e, args| {
        let mut name = String::new();
        for (i, &arg) in args.iter().enumerate() {
            name += &symbol(e, "symbol-append", i + 1, arg)?;
        }
        Ok(e.heap.intern(&name))
    }),
    native!("keyword?", 1, |e, v| Ok(Value::bool(e.heap.is(v, Tag::Keyword)))),
    native!("symbol->keyword", 1, |e, v| {
        let name = symbol(e, "symbol->keyword", 1, v)?;
        Ok(e.heap.keyword(&name))
    }),
    native!("keyword->symbol", 1, |e, v| match e.heap.keyword_symbol(v) {
        Some(symbol) => Ok(symbol),
        None => expecting(e, "keyword->symbol", 1, "keyword", v),
    }),
    native!("not", 1, |_, v| Ok(Value::bool(!v.is_true()))),
    native!("boolean?", 1, |_, v| {
        Ok(Value::bool(matches!(v, Value::TRUE | Value::FALSE | Value::NIL)))
    }),
    native!("eof-object?", 1, |_, v| Ok(Value::bool(v == Value::EOF))),
    native!("unspecified?", 1, |_, v| Ok(Value::bool(v == Value::UNSPECIFIED))),
];

fn chain(
    engine: &mut Engine,
    subr: &str,
    args: &[Value],
    ci: bool,
    holds: fn(char, char) -> bool,
) -> Result {
    let mut text = Vec::with_capacity(args.len());
    for (i, &arg) in args.iter().enumerate() {
        let c = character(engine, subr, i + 1, arg)?;
        text.push(if ci { downcase(upcase(c)) } else { c });
    }
    Ok(Value::bool(text.windows(2).all(|pair| holds(pair[0], pair[1]))))
}

fn test(engine: &mut Engine, subr: &str, c: Value, f: fn(char) -> bool) -> Result {
    Ok(Value::bool(f(character(engine, subr, 1, c)?)))
}

/// The two-letter name of the character's general category.
fn category(c: char) -> &'static str {
    match c.general_category() {
        Category::UppercaseLetter => "Lu",
        Category::LowercaseLetter => "Ll",
        Category::TitlecaseLetter => "Lt",
        Category::ModifierLetter => "Lm",
        Category::OtherLetter => "Lo",
        Category::NonspacingMark => "Mn",
        Category::SpacingMark => "Mc",
        Category::EnclosingMark => "Me",
        Category::DecimalNumber => "Nd",
        Category::LetterNumber => "Nl",
        Category::OtherNumber => "No",
        Category::ConnectorPunctuation => "Pc",
        Category::DashPunctuation => "Pd",
        Category::OpenPunctuation => "Ps",
        Category::ClosePunctuation => "Pe",
        Category::InitialPunctuation => "Pi",
        Category::FinalPunctuation => "Pf",
        Category::OtherPunctuation => "Po",
        Category::MathSymbol => "Sm",
        Category::CurrencySymbol => "Sc",
        Category::ModifierSymbol => "Sk",
        Category::OtherSymbol => "So",
        Category::SpaceSeparator => "Zs",
        Category::LineSeparator => "Zl",
        Category::ParagraphSeparator => "Zp",
        Category::Control => "Cc",
        Category::Format => "Cf",
        Category::Surrogate => "Cs",
        Category::PrivateUse => "Co",
        Category::Unassigned => "Cn",
    }
}
