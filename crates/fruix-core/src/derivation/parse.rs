// SPDX-License-Identifier: GPL-3.0-or-later
//! Reads derivations, strictly and as the bytes come.

use std::collections::{BTreeMap, BTreeSet};

use super::lexer::{Lexer, Token};
use super::{Derivation, DerivationOutput, OutputContents};
use crate::hash::{Hash, HashError};
use crate::store_path::{HashMethod, StoreDir, StorePath, StorePathError};

/// How much a `.drv` file may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseLimits {
    /// The longest file, in bytes.
    pub total: u64,
    /// The longest single string, in bytes.
    pub string: usize,
}

/// 256 MiB in all, 64 MiB in one string: far beyond what Guix makes (the largest known has a few
/// megabytes), and yet no harm.
impl Default for ParseLimits {
    fn default() -> Self {
        Self { total: 256 << 20, string: 64 << 20 }
    }
}

/// What is wrong with the text of a derivation, and at which offset in bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Something else was expected.
    #[error("at offset {offset}: expected {expected}, got {got}")]
    Unexpected {
        /// Offset in bytes.
        offset: u64,
        /// What was expected.
        expected: &'static str,
        /// What was found.
        got: String,
    },
    /// The text ends too early.
    #[error("the text ends at offset {offset}, where {expected} was expected")]
    Truncated {
        /// Offset in bytes.
        offset: u64,
        /// What was expected.
        expected: &'static str,
    },
    /// A string is not UTF-8.
    #[error("at offset {offset}: a string that is not UTF-8")]
    NotUtf8 {
        /// Offset of the end of the string in bytes.
        offset: u64,
    },
    /// An item of a sorted list is not greater than the one before.
    #[error("at offset {offset}: `{item}' is out of order or repeated among the {list}")]
    Unsorted {
        /// Offset of the end of the item in bytes.
        offset: u64,
        /// Which list.
        list: &'static str,
        /// The item.
        item: String,
    },
    /// A store path is wrong.
    #[error("at offset {offset}: {error}")]
    Path {
        /// Offset of the end of the path in bytes.
        offset: u64,
        /// What is wrong with it.
        error: StorePathError,
    },
    /// The hash of an output is wrong.
    #[error("at offset {offset}: {error}")]
    Hash {
        /// Offset of the end of the hash in bytes.
        offset: u64,
        /// What is wrong with it.
        error: HashError,
    },
    /// The text or a string is longer than allowed.
    #[error("at offset {offset}: longer than {limit} bytes")]
    TooLong {
        /// Offset in bytes.
        offset: u64,
        /// The limit, in bytes.
        limit: u64,
    },
}

/// The fields of a derivation, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Outputs,
    Inputs,
    Sources,
    System,
    Builder,
    Args,
    Env,
}

impl Field {
    const fn next(self) -> Option<Self> {
        match self {
            Self::Outputs => Some(Self::Inputs),
            Self::Inputs => Some(Self::Sources),
            Self::Sources => Some(Self::System),
            Self::System => Some(Self::Builder),
            Self::Builder => Some(Self::Args),
            Self::Args => Some(Self::Env),
            Self::Env => None,
        }
    }

    const fn shape(self) -> Shape {
        match self {
            Self::Outputs => Shape::Tuples { fields: 4 },
            Self::Inputs => Shape::Inputs,
            Self::Sources | Self::Args => Shape::Strings,
            Self::System | Self::Builder => Shape::String,
            Self::Env => Shape::Tuples { fields: 2 },
        }
    }
}

/// What a field consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    String,
    Strings,
    /// A list of tuples of that many strings.
    Tuples {
        fields: usize,
    },
    /// A list of pairs of a string and a list of strings.
    Inputs,
}

/// What must come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The word `Derive(`.
    Head,
    /// A string, or the opening bracket of a list.
    FieldStart,
    /// An item, or if FIRST the closing bracket.
    Item { first: bool },
    /// A comma or the closing bracket.
    AfterItem,
    /// A string of a tuple.
    InTuple,
    /// A comma or the closing parenthesis.
    AfterTupleString,
    /// The opening bracket of the list within an input.
    InnerList,
    /// An item of the list within an input, or if FIRST its closing bracket.
    InnerItem { first: bool },
    /// A comma or the closing bracket of the list within an input.
    AfterInnerItem,
    /// The closing parenthesis of an input.
    InputEnd,
    /// A comma, or the closing parenthesis of the derivation.
    AfterField,
    /// Nothing.
    End,
}

impl State {
    const fn expected(self) -> &'static str {
        match self {
            Self::Head => "'Derive('",
            Self::FieldStart => "the next field",
            Self::Item { first: true } => "an item or ']'",
            Self::Item { first: false } => "an item",
            Self::AfterItem | Self::AfterInnerItem => "',' or ']'",
            Self::InTuple => "a string",
            Self::AfterTupleString => "',' or ')' after the right number of strings",
            Self::InnerList => "'['",
            Self::InnerItem { first: true } => "a string or ']'",
            Self::InnerItem { first: false } => "a string",
            Self::InputEnd => "')'",
            Self::AfterField => "',' or the final ')'",
            Self::End => "the end",
        }
    }
}

/// Takes the text of a derivation in pieces.
#[derive(Debug)]
pub struct DerivationParser {
    store_dir: StoreDir,
    lexer: Lexer,
    grammar: Grammar,
}

impl DerivationParser {
    /// A parser for a file whose paths are below STORE_DIR, with the default limits.
    #[must_use]
    pub fn new(store_dir: StoreDir) -> Self {
        Self::with_limits(store_dir, ParseLimits::default())
    }

    /// A parser with LIMITS.
    #[must_use]
    pub fn with_limits(store_dir: StoreDir, limits: ParseLimits) -> Self {
        Self { store_dir, lexer: Lexer::new(limits), grammar: Grammar::new() }
    }

    /// Takes the next BYTES of the text.
    ///
    /// # Errors
    /// [`ParseError`]; the parser is then of no more use.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), ParseError> {
        let (store_dir, grammar) = (&self.store_dir, &mut self.grammar);
        self.lexer.feed(bytes, &mut |offset, token| grammar.token(&At { store_dir, offset }, token))
    }

    /// The derivation, when the text is at its end.
    ///
    /// # Errors
    /// [`ParseError::Truncated`] when there should be more.
    pub fn finish(self) -> Result<Derivation, ParseError> {
        self.lexer.finish()?;
        if self.grammar.state != State::End {
            return Err(ParseError::Truncated {
                offset: self.lexer.offset(),
                expected: self.grammar.state.expected(),
            });
        }
        Ok(self.grammar.drv)
    }
}

/// Where a token was found, for messages, and what its paths are below.
struct At<'a> {
    store_dir: &'a StoreDir,
    offset: u64,
}

impl At<'_> {
    fn path(&self, text: &str) -> Result<StorePath, ParseError> {
        self.store_dir.parse(text).map_err(|error| ParseError::Path { offset: self.offset, error })
    }

    fn hash<T>(&self, result: Result<T, HashError>) -> Result<T, ParseError> {
        result.map_err(|error| ParseError::Hash { offset: self.offset, error })
    }

    fn unsorted(&self, list: &'static str, item: &str) -> ParseError {
        ParseError::Unsorted { offset: self.offset, list, item: item.to_owned() }
    }

    /// Adds to a list that must stay in ascending order.
    fn insert<K: Ord + AsRef<str>, V>(
        &self,
        map: &mut BTreeMap<K, V>,
        list: &'static str,
        key: K,
        value: V,
    ) -> Result<(), ParseError> {
        if map.last_key_value().is_some_and(|(last, _)| *last >= key) {
            return Err(self.unsorted(list, key.as_ref()));
        }
        map.insert(key, value);
        Ok(())
    }

    /// As [`At::insert`], for a set.
    fn insert_in_set<K: Ord + AsRef<str>>(
        &self,
        set: &mut BTreeSet<K>,
        list: &'static str,
        key: K,
    ) -> Result<(), ParseError> {
        if set.last().is_some_and(|last| *last >= key) {
            return Err(self.unsorted(list, key.as_ref()));
        }
        set.insert(key);
        Ok(())
    }
}

/// Puts tokens together.
#[derive(Debug)]
struct Grammar {
    state: State,
    field: Field,
    /// The strings of the tuple that is open, or the path of the input that is.
    strings: Vec<String>,
    /// The outputs of the input that is open.
    wanted: BTreeSet<String>,
    drv: Derivation,
}

impl Grammar {
    fn new() -> Self {
        Self {
            state: State::Head,
            field: Field::Outputs,
            strings: Vec::new(),
            wanted: BTreeSet::new(),
            drv: Derivation {
                outputs: BTreeMap::new(),
                inputs: BTreeMap::new(),
                sources: BTreeSet::new(),
                system: String::new(),
                builder: String::new(),
                args: Vec::new(),
                env: BTreeMap::new(),
            },
        }
    }

    fn token(&mut self, at: &At<'_>, token: Token) -> Result<(), ParseError> {
        self.state = match (self.state, token) {
            (State::Head, Token::Derive) => State::FieldStart,
            (State::FieldStart, token) => self.start_field(at, token)?,
            (State::Item { first: true } | State::AfterItem, Token::CloseList) => State::AfterField,
            (State::AfterItem, Token::Comma) => State::Item { first: false },
            (State::Item { .. }, token) => self.start_item(at, token)?,
            (State::InTuple, Token::String(text)) => {
                self.strings.push(text);
                State::AfterTupleString
            }
            (State::AfterTupleString, token) => self.continue_tuple(at, &token)?,
            (State::InnerList, Token::OpenList) => State::InnerItem { first: true },
            (State::InnerItem { .. }, Token::String(text)) => {
                at.insert_in_set(&mut self.wanted, "outputs of an input", text)?;
                State::AfterInnerItem
            }
            (State::AfterInnerItem, Token::Comma) => State::InnerItem { first: false },
            (State::InnerItem { first: true } | State::AfterInnerItem, Token::CloseList) => {
                State::InputEnd
            }
            (State::InputEnd, Token::Close) => self.end_input(at)?,
            (State::AfterField, token) => self.end_field(at, &token)?,
            (_, token) => return Err(self.unexpected(at, &token)),
        };
        Ok(())
    }

    fn start_field(&mut self, at: &At<'_>, token: Token) -> Result<State, ParseError> {
        match (self.field.shape(), token) {
            (Shape::String, Token::String(text)) => {
                match self.field {
                    Field::System => self.drv.system = text,
                    _ => self.drv.builder = text,
                }
                Ok(State::AfterField)
            }
            (Shape::Strings | Shape::Tuples { .. } | Shape::Inputs, Token::OpenList) => {
                Ok(State::Item { first: true })
            }
            (_, token) => Err(self.unexpected(at, &token)),
        }
    }

    fn end_field(&mut self, at: &At<'_>, token: &Token) -> Result<State, ParseError> {
        match (self.field.next(), token) {
            (Some(next), Token::Comma) => {
                self.field = next;
                Ok(State::FieldStart)
            }
            (None, Token::Close) => Ok(State::End),
            _ => Err(self.unexpected(at, token)),
        }
    }

    fn start_item(&mut self, at: &At<'_>, token: Token) -> Result<State, ParseError> {
        match (self.field.shape(), token) {
            (Shape::Strings, Token::String(text)) => {
                if self.field == Field::Sources {
                    at.insert_in_set(&mut self.drv.sources, "sources", at.path(&text)?)?;
                } else {
                    self.drv.args.push(text);
                }
                Ok(State::AfterItem)
            }
            (Shape::Tuples { .. } | Shape::Inputs, Token::Open) => Ok(State::InTuple),
            (_, token) => Err(self.unexpected(at, &token)),
        }
    }

    fn continue_tuple(&mut self, at: &At<'_>, token: &Token) -> Result<State, ParseError> {
        match (self.field.shape(), token) {
            (Shape::Inputs, Token::Comma) => Ok(State::InnerList),
            (Shape::Tuples { fields }, Token::Comma) if self.strings.len() < fields => {
                Ok(State::InTuple)
            }
            (Shape::Tuples { fields }, Token::Close) if self.strings.len() == fields => {
                self.end_tuple(at)?;
                Ok(State::AfterItem)
            }
            _ => Err(self.unexpected(at, token)),
        }
    }

    fn end_tuple(&mut self, at: &At<'_>) -> Result<(), ParseError> {
        let mut strings = std::mem::take(&mut self.strings).into_iter();
        let mut next = || strings.next().unwrap_or_default();
        if self.field == Field::Env {
            let (name, value) = (next(), next());
            return at.insert(&mut self.drv.env, "environment variables", name, value);
        }
        let (name, path, algorithm, hash) = (next(), next(), next(), next());
        let output = DerivationOutput {
            path: match path.as_str() {
                "" => None,
                path => Some(at.path(path)?),
            },
            contents: parse_contents(at, &algorithm, &hash)?,
        };
        at.insert(&mut self.drv.outputs, "outputs", name, output)
    }

    fn end_input(&mut self, at: &At<'_>) -> Result<State, ParseError> {
        let path = self.strings.pop().unwrap_or_default();
        let wanted = std::mem::take(&mut self.wanted);
        at.insert(&mut self.drv.inputs, "inputs", at.path(&path)?, wanted)?;
        Ok(State::AfterItem)
    }

    fn unexpected(&self, at: &At<'_>, token: &Token) -> ParseError {
        ParseError::Unexpected {
            offset: at.offset,
            expected: self.state.expected(),
            got: token.describe(),
        }
    }
}

fn parse_contents(at: &At<'_>, algorithm: &str, hash: &str) -> Result<OutputContents, ParseError> {
    if algorithm.is_empty() && hash.is_empty() {
        return Ok(OutputContents::Unknown);
    }
    let (method, algorithm) = match algorithm.strip_prefix("r:") {
        Some(rest) => (HashMethod::Recursive, rest),
        None => (HashMethod::Flat, algorithm),
    };
    let algorithm = at.hash(algorithm.parse())?;
    if hash.is_empty() {
        return Ok(OutputContents::Algorithm(method, algorithm));
    }
    let bytes = at.hash(crate::base16::decode(hash.as_bytes()).map_err(HashError::from))?;
    let parsed = at.hash(Hash::new(algorithm, &bytes))?;
    if parsed.to_base16() != hash {
        return Err(ParseError::Unexpected {
            offset: at.offset,
            expected: "a hash in lower-case base16",
            got: format!("`{hash}'"),
        });
    }
    Ok(OutputContents::Fixed(method, parsed))
}
