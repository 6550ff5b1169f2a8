// SPDX-License-Identifier: GPL-3.0-or-later
//! As much of Scheme's notation as download derivations use: strings, symbols and lists.

/// Lists nested deeper than this are refused.
const MAX_DEPTH: usize = 32;

/// Something that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at offset {offset}")]
pub struct DatumError {
    /// What should have been there.
    pub expected: &'static str,
    /// Where, in bytes.
    pub offset: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Datum {
    Text(String),
    Symbol(String),
    List(Vec<Datum>),
}

/// The addresses in the `url` variable of a download derivation: a printed string, a printed list
/// of strings, or (tolerated) a bare address.
pub fn parse_urls(text: &str) -> Result<Vec<String>, DatumError> {
    if !text.trim_start().starts_with(['"', '(']) {
        return Ok(vec![text.trim().to_owned()]);
    }
    let wrong = DatumError { expected: "a string or a list of strings", offset: 0 };
    match parse(text)? {
        Datum::Text(url) => Ok(vec![url]),
        Datum::List(items) => items
            .into_iter()
            .map(|item| match item {
                Datum::Text(url) => Ok(url),
                _ => Err(wrong.clone()),
            })
            .collect(),
        Datum::Symbol(_) => Err(wrong),
    }
}

/// Read the one datum that TEXT consists of.
pub(crate) fn parse(text: &str) -> Result<Datum, DatumError> {
    let mut reader = Reader { text, at: 0 };
    let mut open: Vec<Vec<Datum>> = Vec::new();
    loop {
        let datum = match reader.token()? {
            Token::Open if open.len() == MAX_DEPTH => return Err(reader.error("fewer parentheses")),
            Token::Open => {
                open.push(Vec::new());
                continue;
            }
            Token::Close => match open.pop() {
                Some(items) => Datum::List(items),
                None => return Err(reader.error("a datum")),
            },
            Token::Datum(datum) => datum,
        };
        match open.last_mut() {
            Some(list) => list.push(datum),
            None => {
                reader.skip_space();
                let done = reader.at == text.len();
                return if done { Ok(datum) } else { Err(reader.error("the end")) };
            }
        }
    }
}

enum Token {
    Open,
    Close,
    Datum(Datum),
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn error(&self, expected: &'static str) -> DatumError {
        DatumError { expected, offset: self.at }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.text[self.at..].chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn token(&mut self) -> Result<Token, DatumError> {
        self.skip_space();
        match self.next() {
            Some('(') => Ok(Token::Open),
            Some(')') => Ok(Token::Close),
            Some('"') => self.string().map(|text| Token::Datum(Datum::Text(text))),
            Some('\'' | '`' | ',' | '#' | ';' | '|') | None => Err(self.error("a datum")),
            Some(first) => {
                let start = self.at - first.len_utf8();
                let rest = &self.text[start..];
                let ends = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"');
                let length = rest.find(ends).unwrap_or(rest.len());
                self.at = start + length;
                Ok(Token::Datum(Datum::Symbol(rest[..length].to_owned())))
            }
        }
    }

    fn string(&mut self) -> Result<String, DatumError> {
        let mut text = String::new();
        loop {
            match self.next().ok_or_else(|| self.error("the end of a string"))? {
                '"' => return Ok(text),
                '\\' => match self.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some(c @ ('"' | '\\')) => text.push(c),
                    Some('x') => text.push(self.hexadecimal()?),
                    _ => return Err(self.error("an escape sequence")),
                },
                c => text.push(c),
            }
        }
    }

    /// The character `HH` that follows `\x`, as Guile prints it.
    fn hexadecimal(&mut self) -> Result<char, DatumError> {
        let digits = self.text.get(self.at..self.at + 2);
        let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.error("two hexadecimal digits"))?;
        self.at += 2;
        Ok(char::from(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let one = |text| parse_urls(text).unwrap();
        assert_eq!(one("\"mirror://gnu/a\\\"\\\\b\""), ["mirror://gnu/a\"\\b"]);
        assert_eq!(one(" (\"a\" \"b\")"), ["a", "b"]);
        assert_eq!(one("http://x/y"), ["http://x/y"]);
        assert_eq!(one("()"), Vec::<String>::new());
        for bad in
            ["(\"a\"", "\"a", "\"a\" \"b\"", "(a)", "((\"a\"))", "(\"a\"))", "\"\\q\"", "\"\\xé\""]
        {
            assert!(parse_urls(bad).is_err(), "{bad}");
        }
        assert!(parse(&"(".repeat(100_000)).is_err());
    }
}
