// SPDX-License-Identifier: GPL-3.0-or-later
//! Control files (deb822): paragraphs of fields, as the client's configuration and all its indices have them.
//!
//! [`Reader`] goes through a file of any size line by line, with bounded memory; [`paragraphs`] is for short ones.

use std::collections::BTreeMap;
use std::io::{self, BufRead};

/// Of longer lines, in bytes, the rest is left out. The longest that are known, lists of dependencies, have a tenth.
pub const LONGEST_LINE: usize = 1 << 20;

/// One line of a control file.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A field begins: its name as written, and the first line of its value, without space around it.
    Field(&'a str, &'a str),
    /// Another line of the value, without space around it.
    More(&'a str),
    /// A line without text: a paragraph ends here, if there was one.
    Blank,
}

/// Reads a control file line by line. Comments, and lines that are none of its syntax, are passed over.
pub struct Reader<R> {
    source: R,
    bytes: Vec<u8>,
    text: String,
}

impl<R: BufRead> Reader<R> {
    /// A reader of what SOURCE yields.
    pub fn new(source: R) -> Self {
        Self { source, bytes: Vec::new(), text: String::new() }
    }

    /// The next line; nothing at the end.
    ///
    /// # Errors
    /// Those of the source. Bytes that are no UTF-8 are replaced, not refused.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            if !self.fill()? {
                return Ok(None);
            }
            let syntax = match self.bytes.first() {
                Some(b'#') => false,
                Some(b' ' | b'\t') => true,
                _ => self.bytes.contains(&b':') || self.bytes.trim_ascii().is_empty(),
            };
            if syntax {
                break;
            }
        }
        let text = match std::str::from_utf8(&self.bytes) {
            Ok(text) => text,
            Err(_) => {
                self.text = String::from_utf8_lossy(&self.bytes).into_owned();
                &self.text
            }
        };
        let content = text.trim();
        Ok(Some(match text.split_once(':') {
            _ if content.is_empty() => Line::Blank,
            _ if text.starts_with([' ', '\t']) => Line::More(content),
            Some((name, value)) => Line::Field(name.trim_end(), value.trim()),
            None => Line::More(content),
        }))
    }

    /// Read a line into the buffer; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        self.bytes.clear();
        let mut any = false;
        loop {
            let block = match self.source.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                block => block?,
            };
            if block.is_empty() {
                return Ok(any);
            }
            any = true;
            let end = block.iter().position(|&byte| byte == b'\n');
            let taken = &block[..end.unwrap_or(block.len())];
            let room = LONGEST_LINE - self.bytes.len();
            self.bytes.extend_from_slice(&taken[..taken.len().min(room)]);
            let count = taken.len() + usize::from(end.is_some());
            self.source.consume(count);
            if end.is_some() {
                return Ok(true);
            }
        }
    }
}

/// The fields of one paragraph. Their names are the same in capitals and small letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paragraph(BTreeMap<String, String>);

impl Paragraph {
    /// The value of the field NAME; its lines are joined with spaces.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(&name.to_ascii_lowercase()).map(String::as_str)
    }
}

/// The paragraphs of TEXT.
pub fn paragraphs(text: &str) -> Vec<Paragraph> {
    let mut reader = Reader::new(text.as_bytes());
    let mut all = Vec::new();
    let mut paragraph = Paragraph::default();
    let mut field = String::new();
    // Reading from memory does not fail.
    while let Ok(Some(line)) = reader.next_line() {
        match line {
            Line::Field(name, value) => {
                field = name.to_ascii_lowercase();
                paragraph.0.insert(field.clone(), value.to_owned());
            }
            Line::More(text) => {
                if let Some(value) = paragraph.0.get_mut(&field) {
                    value.push(' ');
                    value.push_str(text);
                }
            }
            Line::Blank => {
                field.clear();
                all.push(std::mem::take(&mut paragraph));
            }
        }
    }
    all.push(paragraph);
    all.retain(|paragraph| !paragraph.0.is_empty());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_go_over_lines_and_around_comments() {
        let text = "A: 1\n# no: field\n 2\nnothing\n\t3\r\nb:\n x: y\n\n\n \nA: 4";
        let all = paragraphs(text);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].get("a"), Some("1 2 3"));
        assert_eq!(all[0].get("B"), Some(" x: y"), "an empty first line counts");
        assert_eq!(all[1].get("A"), Some("4"));
        assert_eq!(all[1].get("b"), None);
    }

    #[test]
    fn what_is_too_long_is_left_out() {
        let text = format!("A: {}\nB: 1\n", "x".repeat(LONGEST_LINE));
        let all = paragraphs(&text);
        assert_eq!(all[0].get("A").map(str::len), Some(LONGEST_LINE - 3));
        assert_eq!(all[0].get("B"), Some("1"));
    }
}
