// SPDX-License-Identifier: GPL-3.0-or-later
//! Finds where a top-level definition ends, and what it is made of, without reading it.
//!
//! It understands as much of the lexical syntax as it takes to count brackets: strings, comments,
//! characters, `#{symbols}#`. Whatever it is not sure of it leaves to the reader.

/// A definition: `(KEYWORD NAME VALUE)` or `(KEYWORD (NAME . FORMALS) BODY …)`.
#[derive(Debug, PartialEq, Eq)]
pub struct Definition<'a> {
    /// Where it starts: the offset of its opening bracket.
    pub start: usize,
    /// The offset behind its closing bracket.
    pub end: usize,
    /// `define`, `define-public` or whatever stands there.
    pub keyword: &'a str,
    /// What is defined.
    pub name: &'a str,
    /// The `let` and `let*` around the call, outermost first.
    pub around: Vec<&'a str>,
    /// What the value is.
    pub value: Defined<'a>,
}

/// The value of a definition.
#[derive(Debug, PartialEq, Eq)]
pub enum Defined<'a> {
    /// A procedure.
    Procedure,
    /// A call of this operator.
    Call(&'a str),
    /// This variable's value.
    Alias(&'a str),
}

/// The definition at the start of `text`, behind white space and comments, if there is one of that
/// shape and nothing in a call looks like an assignment (a symbol that ends in `!`).
pub fn definition(text: &[u8]) -> Option<Definition<'_>> {
    let start = blanks(text, 0)?;
    let (keyword, at) = operator(text, start)?;
    let at = blanks(text, at)?;
    if text.get(at) == Some(&b'(') {
        let (name, _) = operator(text, at)?;
        let end = datum(text, start, false)?;
        let value = Defined::Procedure;
        return Some(Definition { start, end, keyword, name, around: Vec::new(), value });
    }
    let (name, at) = symbol(text, at)?;
    let mut at = blanks(text, at)?;
    let mut around = Vec::new();
    let (value, mut end) = loop {
        if let Some((name, end)) = symbol(text, at) {
            break (Defined::Alias(name), end);
        }
        let (head, behind) = operator(text, at)?;
        if !matches!(head, "let" | "let*") {
            break (Defined::Call(head), datum(text, at, true)?);
        }
        around.push(head);
        let bindings = blanks(text, behind)?;
        if text.get(bindings) != Some(&b'(') {
            return None;
        }
        at = blanks(text, datum(text, bindings, true)?)?;
    };
    // The brackets of the `let`s and of the definition.
    for _ in 0..=around.len() {
        end = blanks(text, end)?;
        if text.get(end) != Some(&b')') {
            return None;
        }
        end += 1;
    }
    Some(Definition { start, end, keyword, name, around, value })
}

/// The value of the first field `(FIELD "TEXT")` of the record constructor in `text`, a
/// definition that [`definition`] has found; `None` if the field is not there or is not such a string.
pub fn literal_field<'a>(text: &'a [u8], field: &str) -> Option<&'a str> {
    let (_, at) = operator(text, 0)?;
    let (_, at) = symbol(text, blanks(text, at)?)?;
    let mut at = blanks(text, at)?;
    loop {
        let (head, behind) = operator(text, at)?;
        at = blanks(text, behind)?;
        if !matches!(head, "let" | "let*") {
            break;
        }
        at = blanks(text, datum(text, at, false)?)?;
    }
    loop {
        match *text.get(at)? {
            b'(' | b'[' => {}
            b')' => return None,
            // A symbol, such as the package that 'package/inherit' starts from.
            _ => {
                at = blanks(text, symbol(text, at)?.1)?;
                continue;
            }
        }
        match operator(text, at) {
            Some((name, behind)) if name == field => {
                let start = blanks(text, behind)?;
                if text.get(start) != Some(&b'"') {
                    return None;
                }
                let end = string(text, start)?;
                let value = std::str::from_utf8(&text[start + 1..end]).ok()?;
                let closed = text.get(blanks(text, end + 1)?) == Some(&b')');
                return (closed && !value.contains('\\')).then_some(value);
            }
            _ => at = blanks(text, datum(text, at, false)?)?,
        }
    }
}

/// The symbol after an opening bracket at `at`, and the offset behind it.
fn operator(text: &[u8], at: usize) -> Option<(&str, usize)> {
    if text.get(at) != Some(&b'(') {
        return None;
    }
    symbol(text, at + 1)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'[' | b']' | b'"' | b';' | b'\'' | b'`' | b',')
        || byte.is_ascii_whitespace()
}

/// A plain symbol of ASCII characters at `at`, and the offset behind it.
fn symbol(text: &[u8], at: usize) -> Option<(&str, usize)> {
    let rest = text.get(at..)?;
    let length = rest.iter().position(|&b| is_delimiter(b))?;
    let token = std::str::from_utf8(&rest[..length]).ok()?;
    let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'#' | b'|' | b'\\' | b'{' | b'}');
    // Numbers and the dot are no symbols; what starts like one may not be either.
    let first = token.bytes().next()?;
    let starts = first.is_ascii_alphabetic() || matches!(first, b'%' | b'*' | b'<' | b'=' | b'/');
    (starts && token.bytes().all(plain)).then_some((token, at + length))
}

/// The offset of what follows white space and line comments.
fn blanks(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *text.get(at)? {
            b';' => at += memchr::memchr(b'\n', &text[at..])?,
            b if b.is_ascii_whitespace() => at += 1,
            _ => return Some(at),
        }
    }
}

/// The offset behind the bracketed datum at `at`; none if it is to be `pure` and does not look so.
fn datum(text: &[u8], mut at: usize, pure: bool) -> Option<usize> {
    let mut open: Vec<u8> = Vec::new();
    loop {
        match *text.get(at)? {
            b'(' => open.push(b')'),
            b'[' => open.push(b']'),
            close @ (b')' | b']') => {
                if open.pop()? != close {
                    return None;
                }
                if open.is_empty() {
                    return Some(at + 1);
                }
            }
            b'"' => at = string(text, at)?,
            b';' => at += memchr::memchr(b'\n', &text[at..])?,
            b'!' if pure && text.get(at + 1).is_some_and(|&b| is_delimiter(b)) => return None,
            b'#' => match *text.get(at + 1)? {
                b'\\' => {
                    // The bytes behind a multibyte character's first one delimit nothing.
                    at += 2;
                }
                b'|' | b'!' | b'{' | b';' => return None,
                _ => {}
            },
            _ => {}
        }
        at += 1;
    }
}

/// The offset of the quote that ends the string at `at`.
fn string(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += 1;
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_found_with_their_ends() {
        let text =
            b"\n;; (\n(define-public a-b (package (name \")\\\"(\") #\\( ; (\n [x]))\n(next)";
        let found = definition(text).unwrap();
        assert_eq!((found.keyword, found.name), ("define-public", "a-b"));
        assert_eq!(found.value, Defined::Call("package"));
        assert_eq!(&text[found.end..], b"\n(next)");
        assert_eq!(text[found.start], b'(');
        let text = b"(define x (let ((a 1)) (let* ((b 2)) (package (name a)))))";
        let found = definition(text).unwrap();
        assert_eq!((found.around, found.end), (vec!["let", "let*"], text.len()));
        assert_eq!(found.value, Defined::Call("package"));
        let text = b"(define* (f! a #:key (b 1)) (set! a b)) ";
        let found = definition(text).unwrap();
        assert_eq!(
            (found.name, found.value, found.end),
            ("f!", Defined::Procedure, text.len() - 1)
        );
        assert_eq!(definition(b"(define a b) c").unwrap().value, Defined::Alias("b"));
    }

    #[test]
    fn a_literal_field_is_found_at_the_constructors_own_level() {
        let field = |text: &str| literal_field(text.as_bytes(), "name").map(str::to_owned);
        let inner = "(define-public p (let ((v \"1\")) (package (source (origin (name \"o\"))) ; (name \"c\")\n (name \"p\"))))";
        assert_eq!(field(inner), Some("p".to_owned()));
        assert_eq!(
            field("(define-public p (package/inherit q (name \"p\")))"),
            Some("p".to_owned())
        );
        for text in [
            "(define-public p (package (inherit q) (version \"1\")))",
            "(define-public p (package (name (f \"p\"))))",
            "(define-public p (package (name \"p\\x21;\")))",
            "(define-public p (package (name \"p\" 1)))",
            "(define-public p (hidden-package (package (name \"p\"))))",
        ] {
            assert_eq!(field(text), None, "{text}");
        }
    }

    #[test]
    fn other_shapes_are_left_to_the_reader() {
        for text in [
            "(define ((f) a) (package))",
            "(define 'a (package))",
            "(define x 1)",
            "(define x (package)) ",
            "(define x (package (set! y 1)))",
            "(define x (package)",
            "(define x (package]))",
            "(define x (package #| ( |#))",
            "(define x (package) 2)",
            "(define x (let loop () (package)))",
            "#;(define x (package))",
            "",
        ] {
            let found = definition(text.as_bytes());
            assert_eq!(found.is_some(), text == "(define x (package)) ", "{text}");
        }
    }
}
