// SPDX-License-Identifier: GPL-3.0-or-later
//! Opening a session in which packages are evaluated, and finding what was named on the command line.

use crate::args::{CommonBuildArgs, SessionArgs, TargetArgs};
use crate::error::{CommandError, Result};
use crate::scheme_errors::{self, Source};
use crate::{natives, stores};
use fruix_core::StorePath;
use fruix_daemon::EmbeddedStore;
use fruix_packages::session::{LoweredTarget, SessionError};
use fruix_packages::{EmbeddedPrograms, Package, Seed, Session, Target};
use fruix_seed::universe;
use fruix_store::{Layout, MemoryStore, Store};
use std::sync::Arc;

/// What the command line asks for.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// Something evaluated, and which of its outputs; all if none is named.
    Target(Box<Target>, Option<String>),
    /// A derivation or item of the store.
    Path(StorePath),
}

/// A session on `store`, with the packages of `args`; what Scheme itself builds in it is built as `common` says.
pub fn open(store: &Arc<Store>, args: &SessionArgs, common: &CommonBuildArgs) -> Result<Session> {
    let embedded = EmbeddedStore::new(Arc::new(store.session()));
    let mut session = Session::keeping_modules(
        Box::new(embedded),
        seed(store.layout().clone()),
        &args.load_path,
        stores::module_cache().as_deref(),
    )
    .map_err(|error| words(error, None))?;
    session.leave_to_system();
    let engine = session.engine();
    natives::install(engine, store.clone(), common.clone())
        .map_err(|exit| words(SessionError::Library(engine.exit_text(&exit)), None))?;
    Ok(session)
}

/// A session that makes names alone: its store keeps nothing, `store` says where names begin.
pub fn open_for_names(store: &Store, args: &SessionArgs) -> Result<Session> {
    let layout = store.layout().clone();
    let names = MemoryStore::new(layout.store_dir().clone());
    Session::new(Box::new(names), seed(layout), &args.load_path).map_err(|error| words(error, None))
}

/// The first tools. They are looked for when something needs them: what only asks the store or reads package
/// definitions needs neither a lock of them nor a package client.
fn seed(layout: Layout) -> Seed {
    let programs = EmbeddedPrograms {
        builder: fruix_programs::BUILDER.to_vec(),
        relocator: fruix_programs::RELOCATE.to_vec(),
        ld_wrapper: fruix_programs::LD_WRAPPER.to_vec(),
    };
    let programs = (!programs.builder.is_empty()).then_some(programs);
    Seed::later(programs, move || {
        let file = stores::lock_file(&layout);
        let scratch = stores::cache_folder().map_err(|error| error.to_string())?.join("apt");
        let lock = universe::lock_at(&file, &scratch).map_err(|error| error.to_string())?;
        universe::universe(&lock).map_err(|error| {
            let remedy = "delete that file, to lock the distribution's packages anew";
            format!("they cannot be made from `{}': {error}\nhint: {remedy}", file.display())
        })
    })
}

/// A session's error in words. `source` is where places without a file are.
pub fn words(error: SessionError, source: Option<Source>) -> CommandError {
    match error {
        SessionError::Scheme(report) => scheme_errors::describe(&report, source, false),
        SessionError::Store(error) => match error.downcast::<fruix_store::Error>() {
            Ok(error) => error.into(),
            Err(error) => CommandError::new(error),
        },
        error => CommandError::new(error),
    }
}

/// What the command line names: specifications, then files, then expressions.
pub fn find(session: &mut Session, store: &Store, args: &TargetArgs) -> Result<Vec<Wanted>> {
    let all = |targets: Vec<Target>| {
        targets.into_iter().map(|target| Wanted::Target(Box::new(target), None))
    };
    let mut wanted = Vec::new();
    for spec in &args.what {
        wanted.push(find_spec(session, store, spec)?);
    }
    for file in &args.file {
        if !file.exists() {
            return Err(CommandError::new(format!("there is no file `{}'", file.display())));
        }
        wanted.extend(all(session.eval_file(file).map_err(|error| words(error, None))?));
    }
    for text in &args.expression {
        let source = Source { name: "<expression>", text };
        let targets = session.eval_expression(text).map_err(|error| words(error, Some(source)))?;
        wanted.extend(all(targets));
    }
    if wanted.is_empty() {
        return Err(CommandError::new("nothing is named that could be built")
            .hint("name packages, or a file with -f, or an expression with -e"));
    }
    Ok(wanted)
}

fn find_spec(session: &mut Session, store: &Store, spec: &str) -> Result<Wanted> {
    if spec.starts_with(&format!("{}/", store.layout().store_dir())) {
        let path = store.layout().parse(spec)?;
        if path.is_derivation() && !store.is_valid_path(&path)? {
            return Err(CommandError::new(format!("there is no derivation `{spec}'")));
        }
        return Ok(Wanted::Path(path));
    }
    let (name, output) = match spec.split_once(':') {
        Some((name, output)) => (name, Some(output.to_owned())),
        None => (spec, None),
    };
    let package = package(session, name)?;
    if let Some(output) = output.as_ref().filter(|output| !package.outputs.contains(output)) {
        return Err(CommandError::new(format!("package `{name}' has no output `{output}'"))
            .hint(format!("it has {}", package.outputs.join(", "))));
    }
    Ok(Wanted::Target(Box::new(package.into()), output))
}

/// The newest package that `spec` stands for.
pub fn package(session: &mut Session, spec: &str) -> Result<Package> {
    let found = session.packages_matching(spec).map_err(|error| words(error, None))?;
    if let Some(package) = found.into_iter().next() {
        return Ok(package);
    }
    let (name, version) = spec.split_once('@').map_or((spec, None), |(n, v)| (n, Some(v)));
    let others = session.packages_matching(name).map_err(|error| words(error, None))?;
    if let (Some(version), Some(_)) = (version, others.first()) {
        let versions: Vec<&str> = others.iter().map(|p| p.version.as_str()).collect();
        return Err(CommandError::new(format!("package `{name}' has no version {version}"))
            .hint(format!("there are {}", versions.join(", "))));
    }
    let words_ = CommandError::new(format!("unknown package `{name}'"));
    let names = session.similar_names(name).map_err(|error| words(error, None))?;
    Err(match names.first() {
        Some(similar) => words_.hint(format!("did you mean `{similar}'?")),
        None => words_.hint("`fruix search' finds packages; `-L' adds folders with more of them"),
    })
}

/// Lowers a target; its derivation is in the store then.
pub fn lower(
    session: &mut Session,
    target: &Target,
    system: Option<&str>,
) -> Result<LoweredTarget> {
    session.lower(target, system).map_err(|error| words(error, None))
}
