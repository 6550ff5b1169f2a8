// SPDX-License-Identifier: GPL-3.0-or-later
//! Libgcrypt's s-expressions (Rivest's, of SPKI): lists of byte strings, in the canonical form
//! (`(3:abc1:x)`) and in the advanced one (`(abc #78#)`), which keys, the access control list and the
//! signatures of archives are written in.

use std::fmt;

use data_encoding::{BASE64, HEXUPPER_PERMISSIVE};

/// How deep lists may be nested: signatures need five levels.
const DEEPEST: usize = 32;
/// How long a text may be, in bytes. An access control list of thousands of keys is shorter.
const LONGEST: usize = 1 << 20;

/// An s-expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sexp {
    /// Bytes.
    Atom(Vec<u8>),
    /// A list.
    List(Vec<Sexp>),
}

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a canonical s-expression: {reason} at byte {offset}")]
pub struct SexpError {
    /// What is wrong.
    pub reason: &'static str,
    /// Where.
    pub offset: usize,
}

impl Sexp {
    /// The atom TEXT.
    pub fn atom(text: impl Into<Vec<u8>>) -> Sexp {
        Sexp::Atom(text.into())
    }

    /// The list of NAME and ITEMS.
    pub fn list(name: &str, items: impl IntoIterator<Item = Sexp>) -> Sexp {
        Sexp::List(std::iter::once(Sexp::atom(name)).chain(items).collect())
    }

    /// Parse TEXT, which is one expression and white space.
    pub fn parse(text: &[u8]) -> Result<Sexp, SexpError> {
        if text.len() > LONGEST {
            return Err(SexpError { reason: "it is too long", offset: LONGEST });
        }
        let mut parser = Parser { text, at: 0 };
        let sexp = parser.expression()?;
        parser.skip_space();
        // Strings of C end with a null byte, and guix-daemon's texts with a new line.
        if text[parser.at..].iter().any(|byte| *byte != 0) {
            return Err(parser.error("there is more"));
        }
        Ok(sexp)
    }

    /// The bytes of an atom.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Sexp::Atom(bytes) => Some(bytes),
            Sexp::List(_) => None,
        }
    }

    /// The items of a list.
    pub fn items(&self) -> &[Sexp] {
        match self {
            Sexp::Atom(_) => &[],
            Sexp::List(items) => items,
        }
    }

    /// What a list begins with.
    pub fn name(&self) -> Option<&[u8]> {
        self.items().first().and_then(Sexp::bytes)
    }

    /// The list among the items that begins with NAME.
    pub fn get(&self, name: &str) -> Option<&Sexp> {
        self.items().iter().find(|item| item.name() == Some(name.as_bytes()))
    }

    /// The only value of the list among the items that begins with NAME.
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        match self.get(name)?.items() {
            [_, value] => value.bytes(),
            _ => None,
        }
    }

    /// The canonical form.
    pub fn to_canonical(&self) -> Vec<u8> {
        let mut text = Vec::new();
        self.print_canonical(&mut text);
        text
    }

    fn print_canonical(&self, text: &mut Vec<u8>) {
        match self {
            Sexp::Atom(bytes) => {
                text.extend_from_slice(format!("{}:", bytes.len()).as_bytes());
                text.extend_from_slice(bytes);
            }
            Sexp::List(items) => {
                text.push(b'(');
                items.iter().for_each(|item| item.print_canonical(text));
                text.push(b')');
            }
        }
    }
}

/// The advanced form, indented as libgcrypt does (`canonical-sexp->string`).
impl fmt::Display for Sexp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(self, 0, f)?;
        f.write_str("\n")
    }
}

fn print(sexp: &Sexp, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let items = match sexp {
        Sexp::Atom(bytes) => return print_atom(bytes, f),
        Sexp::List(items) => items,
    };
    if depth > 0 {
        write!(f, "\n{:depth$}", "")?;
    }
    f.write_str("(")?;
    for (number, item) in items.iter().enumerate() {
        print(item, depth + 1, f)?;
        let next_is_list = matches!(items.get(number + 1), Some(Sexp::List(_)));
        match item {
            Sexp::Atom(_) if number + 1 < items.len() => f.write_str(" ")?,
            Sexp::List(_) if !next_is_list => write!(f, "\n{:1$}", "", depth + 1)?,
            _ => {}
        }
    }
    f.write_str(")")
}

fn print_atom(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let printable = bytes.iter().all(|b| matches!(b, 0x20..0x7f));
    let token = printable
        && bytes.first().is_some_and(|b| !b.is_ascii_digit())
        && bytes.iter().all(|b| is_token(*b));
    if token {
        f.write_str(&String::from_utf8_lossy(bytes))
    } else if printable {
        let text = String::from_utf8_lossy(bytes).replace('\\', "\\\\").replace('"', "\\\"");
        write!(f, "\"{text}\"")
    } else {
        write!(f, "#{}#", HEXUPPER_PERMISSIVE.encode(bytes))
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-./_:*+=".contains(&byte)
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    fn error(&self, reason: &'static str) -> SexpError {
        SexpError { reason, offset: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace() || b == 0x0b) {
            self.at += 1;
        }
    }

    /// An expression; lists in the making are on a stack of ours.
    fn expression(&mut self) -> Result<Sexp, SexpError> {
        let mut open: Vec<Vec<Sexp>> = Vec::new();
        loop {
            self.skip_space();
            let done = match self.peek().ok_or_else(|| self.error("it ends too early"))? {
                b'(' => {
                    if open.len() >= DEEPEST {
                        return Err(self.error("lists are nested too deeply"));
                    }
                    self.at += 1;
                    open.push(Vec::new());
                    continue;
                }
                b')' => {
                    let list = open.pop().ok_or_else(|| self.error("`)' closes nothing"))?;
                    self.at += 1;
                    Sexp::List(list)
                }
                _ => Sexp::Atom(self.atom()?),
            };
            match open.last_mut() {
                Some(list) => list.push(done),
                None => return Ok(done),
            }
        }
    }

    fn atom(&mut self) -> Result<Vec<u8>, SexpError> {
        match self.peek() {
            Some(b'#') => {
                let hex: Vec<u8> = self.between(b'#')?;
                HEXUPPER_PERMISSIVE.decode(&hex).map_err(|_| self.error("bad hexadecimal digits"))
            }
            Some(b'|') => {
                let text: Vec<u8> = self.between(b'|')?;
                BASE64.decode(&text).map_err(|_| self.error("bad base64"))
            }
            Some(b'"') => self.quoted(),
            Some(b'0'..=b'9') => self.counted(),
            Some(byte) if is_token(byte) => {
                let start = self.at;
                while self.peek().is_some_and(is_token) {
                    self.at += 1;
                }
                Ok(self.text[start..self.at].to_vec())
            }
            _ => Err(self.error("unexpected byte")),
        }
    }

    /// What stands between two times MARK, without white space.
    fn between(&mut self, mark: u8) -> Result<Vec<u8>, SexpError> {
        let rest = &self.text[self.at + 1..];
        let length = rest.iter().position(|b| *b == mark);
        let length = length.ok_or_else(|| self.error("it ends too early"))?;
        self.at += length + 2;
        Ok(rest[..length].iter().copied().filter(|b| !b.is_ascii_whitespace()).collect())
    }

    fn counted(&mut self) -> Result<Vec<u8>, SexpError> {
        let mut length: usize = 0;
        let first = self.at;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            if self.at > first && self.text[first] == b'0' || self.at - first > 8 {
                return Err(self.error("bad length"));
            }
            length = length * 10 + usize::from(digit - b'0');
            self.at += 1;
        }
        match self.peek() {
            Some(b':') => self.at += 1,
            // A length may stand before the other forms; nobody writes that.
            _ => return Err(self.error("a length without `:'")),
        }
        let bytes = self.text.get(self.at..self.at + length);
        let bytes = bytes.ok_or_else(|| self.error("it ends too early"))?.to_vec();
        self.at += length;
        Ok(bytes)
    }

    fn quoted(&mut self) -> Result<Vec<u8>, SexpError> {
        let mut bytes = Vec::new();
        self.at += 1;
        loop {
            let byte = self.peek().ok_or_else(|| self.error("it ends too early"))?;
            self.at += 1;
            match byte {
                b'"' => return Ok(bytes),
                b'\\' => self.escape(&mut bytes)?,
                byte => bytes.push(byte),
            }
        }
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), SexpError> {
        let byte = self.peek().ok_or_else(|| self.error("it ends too early"))?;
        let plain = match byte {
            b'b' => 8,
            b't' => b'\t',
            b'v' => 11,
            b'n' => b'\n',
            b'f' => 12,
            b'r' => b'\r',
            b'"' | b'\'' | b'\\' => byte,
            b'x' => return self.number(1, 2, 16, bytes),
            b'0'..=b'7' => return self.number(0, 3, 8, bytes),
            b'\n' => {
                // A line that goes on.
                self.at += 1 + usize::from(self.text.get(self.at + 1) == Some(&b'\r'));
                return Ok(());
            }
            _ => return Err(self.error("unknown escape sequence")),
        };
        self.at += 1;
        bytes.push(plain);
        Ok(())
    }

    /// A byte of COUNT digits in RADIX, after SKIP bytes.
    fn number(
        &mut self,
        skip: usize,
        count: usize,
        radix: u32,
        bytes: &mut Vec<u8>,
    ) -> Result<(), SexpError> {
        let start = self.at + skip;
        let digits = self.text.get(start..start + count);
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, radix).ok());
        bytes.push(byte.ok_or_else(|| self.error("bad escape sequence"))?);
        self.at = start + count;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_written() {
        let text = b"(a #4142ff# \"x y\\n\\x41\\101\" |QUI=| (b c) () (d))";
        let sexp = Sexp::parse(text).unwrap();
        assert_eq!(sexp.to_canonical(), b"(1:a3:AB\xff6:x y\nAA2:AB(1:b1:c)()(1:d))");
        assert_eq!(Sexp::parse(&sexp.to_canonical()).unwrap(), sexp);
        assert_eq!(Sexp::parse(sexp.to_string().as_bytes()).unwrap(), sexp);
        assert_eq!(sexp.value("b"), Some(&b"c"[..]));
        assert_eq!(sexp.value("d"), None);
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let deep = "(".repeat(40);
        for text in [
            "",
            "(",
            ")",
            "(a",
            "#4#",
            "#41",
            "\"a",
            "\"\\q\"",
            "9:a",
            "01:a",
            "3abc",
            "|a|",
            "a b",
            "ä",
            "99999999999:a",
            &deep,
        ] {
            assert!(Sexp::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn it_is_laid_out_as_libgcrypt_does() {
        let sexp = Sexp::parse(b"(data(flags rfc6979)(hash sha256 #2CF2#))").unwrap();
        let expected = "(data \n (flags rfc6979)\n (hash sha256 #2CF2#)\n )\n";
        assert_eq!(sexp.to_string(), expected);
    }
}
