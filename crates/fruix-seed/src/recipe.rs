// SPDX-License-Identifier: GPL-3.0-or-later
//! The recipe: the relocation table of one item, as text that travels in its derivation.
//!
//! A recipe names no store path: `@NAME@` stands for an input or an output (`@tmp@` for the build's
//! temporary directory), and is filled in when it runs. So it depends on the package alone. One step per line: the step's name and its fields, separated by tabs,
//! with `\t`, `\n` and `\\` escaped within fields. The first line is `fruix-seed 1`.

use std::collections::BTreeMap;
use std::fmt;

/// One step. Files are named by their place in the item; globs know `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The dynamic linker that programs shall ask for.
    Interpreter(String),
    /// The shell for scripts that name `/bin/sh` or bash.
    Shell(String),
    /// Leave out the files that match a glob.
    Drop(String),
    /// Put the files that match a glob into another output.
    Move(String, String),
    /// Put a file, if the package has it, at another place: old, new.
    Rename(String, String),
    /// Make a symbolic link: place, target.
    Link(String, String),
    /// Make references to a string lead to another: file glob, old, new.
    Retarget(String, String, String),
    /// Replace text in text files: glob, old, new.
    Text(String, String, String),
    /// Write a file: place, content.
    Write(String, String),
    /// Copy a program from an input: place, source.
    Copy(String, String),
    /// Fill the slot of a program that begins with a marker with a NUL-terminated text: place, marker, text.
    Fill(String, String, String),
    /// Run a program of the item, once its files are written, with an empty environment.
    Run(Vec<String>),
    /// Write the specs that GCC prints to a place of the item, with additions: the driver, the place, then pairs
    /// of the name of a spec and what to append to it.
    Specs(Vec<String>),
    /// Make a directory (absolute), together with the programs to run.
    Directory(String),
    /// Copy what a program has made to a place of the item, after that program: place, source.
    Take(String, String),
}

/// The steps, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipe {
    /// The steps.
    pub steps: Vec<Step>,
}

/// What can be wrong with a recipe.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RecipeError {
    /// The first line is another one.
    #[error("not a seed recipe: its first line is {0:?}")]
    Version(String),
    /// A line that is no step.
    #[error("recipe line {line}: unknown step or wrong number of fields: {text:?}")]
    Step {
        /// Number of the line, from 1.
        line: usize,
        /// The line.
        text: String,
    },
    /// `@NAME@` without such an input or output.
    #[error("the recipe mentions @{0}@, which is neither an input nor an output")]
    Placeholder(String),
}

const HEADER: &str = "fruix-seed 1";

fn escape(field: &str) -> String {
    field.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n")
}

fn unescape(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut chars = field.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next() {
                Some('t') => text.push('\t'),
                Some('n') => text.push('\n'),
                Some(other) => text.push(other),
                None => text.push('\\'),
            },
            other => text.push(other),
        }
    }
    text
}

impl Step {
    fn fields(&self) -> (&'static str, Vec<&String>) {
        match self {
            Step::Interpreter(a) => ("interpreter", vec![a]),
            Step::Shell(a) => ("shell", vec![a]),
            Step::Drop(a) => ("drop", vec![a]),
            Step::Move(a, b) => ("move", vec![a, b]),
            Step::Rename(a, b) => ("rename", vec![a, b]),
            Step::Link(a, b) => ("link", vec![a, b]),
            Step::Retarget(a, b, c) => ("retarget", vec![a, b, c]),
            Step::Text(a, b, c) => ("text", vec![a, b, c]),
            Step::Write(a, b) => ("write", vec![a, b]),
            Step::Copy(a, b) => ("copy", vec![a, b]),
            Step::Fill(a, b, c) => ("fill", vec![a, b, c]),
            Step::Run(words) => ("run", words.iter().collect()),
            Step::Specs(words) => ("specs", words.iter().collect()),
            Step::Directory(a) => ("directory", vec![a]),
            Step::Take(a, b) => ("take", vec![a, b]),
        }
    }

    fn parse(name: &str, fields: &[String]) -> Option<Step> {
        Some(match (name, fields) {
            ("interpreter", [a]) => Step::Interpreter(a.clone()),
            ("shell", [a]) => Step::Shell(a.clone()),
            ("drop", [a]) => Step::Drop(a.clone()),
            ("move", [a, b]) => Step::Move(a.clone(), b.clone()),
            ("rename", [a, b]) => Step::Rename(a.clone(), b.clone()),
            ("link", [a, b]) => Step::Link(a.clone(), b.clone()),
            ("retarget", [a, b, c]) => Step::Retarget(a.clone(), b.clone(), c.clone()),
            ("text", [a, b, c]) => Step::Text(a.clone(), b.clone(), c.clone()),
            ("write", [a, b]) => Step::Write(a.clone(), b.clone()),
            ("copy", [a, b]) => Step::Copy(a.clone(), b.clone()),
            ("fill", [a, b, c]) => Step::Fill(a.clone(), b.clone(), c.clone()),
            ("directory", [a]) => Step::Directory(a.clone()),
            ("take", [a, b]) => Step::Take(a.clone(), b.clone()),
            ("specs", [_, _, additions @ ..]) if additions.len().is_multiple_of(2) => {
                Step::Specs(fields.to_vec())
            }
            ("run", [_, ..]) => Step::Run(fields.to_vec()),
            _ => return None,
        })
    }

    fn map(&self, f: impl Fn(&str) -> Result<String, RecipeError>) -> Result<Step, RecipeError> {
        let (name, fields) = self.fields();
        let fields: Vec<String> = fields.into_iter().map(|x| f(x)).collect::<Result<_, _>>()?;
        Ok(Step::parse(name, &fields).unwrap_or_else(|| self.clone()))
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        for step in &self.steps {
            let (name, fields) = step.fields();
            write!(f, "{name}")?;
            for field in fields {
                write!(f, "\t{}", escape(field))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Recipe {
    type Err = RecipeError;

    fn from_str(text: &str) -> Result<Recipe, RecipeError> {
        let mut lines = text.lines().enumerate();
        match lines.next() {
            Some((_, HEADER)) => (),
            other => {
                let line = other.map(|(_, line)| line.to_owned()).unwrap_or_default();
                return Err(RecipeError::Version(line));
            }
        }
        let mut steps = Vec::new();
        for (index, line) in lines.filter(|(_, line)| !line.is_empty()) {
            let mut words = line.split('\t').map(unescape);
            let name = words.next().unwrap_or_default();
            let fields: Vec<String> = words.collect();
            let bad = || RecipeError::Step { line: index + 1, text: line.to_owned() };
            steps.push(Step::parse(&name, &fields).ok_or_else(bad)?);
        }
        Ok(Recipe { steps })
    }
}

impl Recipe {
    /// The recipe with every `@NAME@` replaced by the path of that name.
    pub fn fill(&self, names: &BTreeMap<String, String>) -> Result<Recipe, RecipeError> {
        let steps = self.steps.iter().map(|step| step.map(|text| expand(text, names)));
        Ok(Recipe { steps: steps.collect::<Result<_, _>>()? })
    }
}

fn expand(text: &str, names: &BTreeMap<String, String>) -> Result<String, RecipeError> {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('@') {
        result.push_str(before);
        let is_name = |name: &str| {
            let known = |c: char| c.is_ascii_alphanumeric() || "+-._".contains(c);
            !name.is_empty() && name.chars().all(known)
        };
        match after.split_once('@').filter(|(name, _)| is_name(name)) {
            Some((name, tail)) => {
                let path = names.get(name);
                result.push_str(path.ok_or_else(|| RecipeError::Placeholder(name.to_owned()))?);
                rest = tail;
            }
            None => {
                result.push('@');
                rest = after;
            }
        }
    }
    result.push_str(rest);
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn print_then_parse_is_the_identity(a in any::<String>(), b in any::<String>()) {
            // Line ends other than \n are no separators in a recipe, but `lines` takes \r\n for one.
            let (a, b) = (a.replace('\r', ""), b.replace('\r', ""));
            let recipe = Recipe { steps: vec![
                Step::Text(a.clone(), b.clone(), a.clone()),
                Step::Run(vec![a, b]),
            ] };
            prop_assert_eq!(recipe.to_string().parse::<Recipe>().unwrap(), recipe);
        }
    }

    #[test]
    fn placeholders() {
        let names = BTreeMap::from([("out".to_owned(), "/gnu/store/x".to_owned())]);
        assert_eq!(expand("a@b @out@/c @", &names).unwrap(), "a@b /gnu/store/x/c @");
        assert_eq!(expand("@no@", &names), Err(RecipeError::Placeholder("no".into())));
    }
}
