// SPDX-License-Identifier: GPL-3.0-or-later
//! The commands of GNU Guix's own tree: its command modules run on the engine, on our store.

use crate::args::{CommonBuildArgs, SessionArgs, StoreArgs};
use crate::error::Result;
use crate::guix_tree::{self, Invocation};
use crate::scheme_errors::{self, Source};
use crate::{session, stores};
use fruix_packages::Session;
use fruix_scheme::Value;
use fruix_scheme::report::{Fault, Report};
use std::process::ExitCode;
use std::sync::Arc;

/// The version of GNU Guix that the native halves of its modules are written for.
const GUIX_VERSION: &str = "1.5.0";
/// What runs a command (`scheme/fruix/frontend.scm`).
const RUN: &str = "(@ (fruix frontend) run-command)";

/// Runs the command.
pub fn run(invocation: &Invocation) -> Result<ExitCode> {
    let folder = invocation.folder.clone();
    let folder = folder.or_else(|| std::env::var_os("FRUIX_FOLDER").map(Into::into));
    let store_args = StoreArgs { folder };
    let store = Arc::new(stores::open(&store_args)?);
    let args = SessionArgs { load_path: invocation.load_path.clone(), store: store_args };
    let mut session = session::open(&store, &args, &CommonBuildArgs::default())?;
    if let Ok(folder) = stores::cache_folder() {
        session.set_cache_folder(folder);
    }
    let outcome = call(&mut session, &invocation.words);
    // What it has added is there for whoever reads its output.
    let flushed = session.flush();
    let source = invocation.expression.as_deref();
    let source = source.map(|text| Source { name: "<expression>", text });
    let other_version = other_version(invocation);
    let is_error = matches!(&outcome, Err(report) if !matches!(report.fault, Fault::Quit(_)));
    let result = scheme_errors::finish(session.engine(), outcome, source, false);
    let status =
        match (result, other_version) {
            (Err(error), Some(version)) if is_error => Err(error
                .hint(format!("the tree is GNU Guix {version}; fruix is made for {GUIX_VERSION}"))),
            (result, _) => result,
        }?;
    flushed.map_err(|error| session::words(error, None))?;
    Ok(status)
}

fn call(session: &mut Session, words: &[String]) -> std::result::Result<Vec<Value>, Box<Report>> {
    let engine = session.engine();
    let found = engine.call_with_text("%eval-text", RUN)?;
    let procedure = found.first().copied().unwrap_or(Value::FALSE);
    let scope = engine.heap.open_scope();
    let words: Vec<Value> = words.iter().map(|word| engine.heap.string(word)).collect();
    let words = engine.heap.list(&words);
    engine.heap.keep(words);
    engine.heap.keep(procedure);
    let outcome = engine.run_reporting(procedure, &[words]);
    engine.heap.close_scope(scope);
    outcome
}

/// The tree's version, if it is not the one that we know.
fn other_version(invocation: &Invocation) -> Option<String> {
    let tree = invocation.load_path.iter().find(|dir| guix_tree::is_tree(dir))?;
    guix_tree::version(tree).filter(|version| version != GUIX_VERSION)
}
