// SPDX-License-Identifier: GPL-3.0-or-later
//! `fruix show` and `fruix search`: packages as records of fields (Guix's manual, "Invoking guix package").

use crate::args::{CommonBuildArgs, SearchArgs, SessionArgs, ShowArgs};
use crate::error::{CommandError, Result};
use crate::{session, stores};
use fruix_packages::{Package, Session};
use regex::{Regex, RegexBuilder};
use std::process::ExitCode;
use std::sync::Arc;

/// Columns that prose is filled to.
const WIDTH: usize = 78;

/// Prints each package that is named, all of its versions.
pub fn show(args: &ShowArgs) -> Result<ExitCode> {
    let mut session = open(&args.session)?;
    for spec in &args.what {
        // Complains with a hint if there is none.
        session::package(&mut session, spec)?;
        let found = session.packages_matching(spec);
        for package in found.map_err(|error| session::words(error, None))? {
            println!("{}", record(&package, None));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the packages in which all patterns occur, the most relevant first.
pub fn search(args: &SearchArgs) -> Result<ExitCode> {
    let patterns = args.patterns.iter().map(|text| pattern(text)).collect::<Result<Vec<_>>>()?;
    let mut session = open(&args.session)?;
    let packages = session.all_packages().map_err(|error| session::words(error, None))?;
    let mut found: Vec<(usize, &Package)> = packages
        .iter()
        .map(|package| (relevance(package, &patterns), package))
        .filter(|(relevance, _)| *relevance > 0)
        .collect();
    found.sort_by(|(a, p), (b, q)| b.cmp(a).then_with(|| p.name.cmp(&q.name)));
    for (relevance, package) in found {
        println!("{}", record(package, Some(relevance)));
    }
    Ok(ExitCode::SUCCESS)
}

fn open(args: &SessionArgs) -> Result<Session> {
    let store = Arc::new(stores::open(&args.store)?);
    session::open(&store, args, &CommonBuildArgs::default())
}

fn pattern(text: &str) -> Result<Regex> {
    RegexBuilder::new(text).case_insensitive(true).build().map_err(|error| {
        CommandError::new(format!("`{text}' is not a regular expression: {error}"))
    })
}

/// How well a package fits: zero unless every pattern occurs somewhere. A name counts for more than prose, and a whole
/// name for most, as in Guix.
fn relevance(package: &Package, patterns: &[Regex]) -> usize {
    let fields = [(&package.name, 4), (&package.synopsis, 3), (&package.description, 2)];
    let mut sum = 0;
    for pattern in patterns {
        let mut score = 0;
        for (text, weight) in fields {
            let hits = pattern.find_iter(text);
            score +=
                hits.map(|hit| if hit.len() == text.len() { 5 } else { 1 }).sum::<usize>() * weight;
        }
        if score == 0 {
            return 0;
        }
        sum += score;
    }
    sum
}

/// A package's record.
fn record(package: &Package, relevance: Option<usize>) -> String {
    let mut text = String::new();
    let mut field = |name: &str, value: &str| {
        if !value.is_empty() {
            text += &fill(&format!("{name}: "), value);
        }
    };
    field("name", &package.name);
    field("version", &package.version);
    field("outputs", &package.outputs.join(" "));
    field("dependencies", &package.dependencies.join(" "));
    if !package.file.is_empty() {
        field("location", &format!("{}:{}:{}", package.file, package.line, package.column));
    }
    field("homepage", &package.home_page);
    field("license", &package.licenses.join(", "));
    field("synopsis", &package.synopsis);
    field("description", &package.description);
    if let Some(relevance) = relevance {
        field("relevance", &relevance.to_string());
    }
    text
}

/// `label` and `value` in lines of at most [`WIDTH`] columns; later lines start with `+`, as in recutils.
fn fill(label: &str, value: &str) -> String {
    let mut text = label.to_owned();
    let mut column = label.len();
    for (i, word) in value.split_whitespace().enumerate() {
        let length = word.chars().count();
        if i > 0 && column + 1 + length > WIDTH {
            text += "\n+ ";
            column = 2;
        } else if i > 0 {
            text += " ";
            column += 1;
        }
        text += word;
        column += length;
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_fields_go_on_behind_a_plus() {
        let filled = fill("synopsis: ", &"word ".repeat(30));
        assert!(filled.lines().count() > 1);
        assert!(filled.lines().skip(1).all(|line| line.starts_with("+ word")));
        assert!(filled.lines().all(|line| line.len() <= WIDTH));
    }
}
