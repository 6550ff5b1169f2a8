// SPDX-License-Identifier: GPL-3.0-or-later
//! `fruix build` (Guix's manual, "Invoking guix build").

use crate::args::BuildArgs;
use crate::building::Building;
use crate::error::{CommandError, Result};
use crate::session::{self, Wanted};
use crate::stores;
use fruix_core::StorePath;
use fruix_daemon::{Goal, find_log};
use fruix_packages::Session;
use fruix_packages::session::LoweredTarget;
use fruix_store::Store;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Something to be built, and what of it is the result.
struct Item {
    /// A derivation, or an item that is there.
    path: StorePath,
    /// The results, with the names of their outputs.
    outputs: Vec<(String, StorePath)>,
}

/// Runs the command: evaluates, then builds (or says what it would), then prints the results.
pub fn run(args: &BuildArgs) -> Result<ExitCode> {
    let targets = &args.targets;
    let mut common = targets.common.clone();
    if args.quiet {
        common.verbosity = 0;
    }
    let store = Arc::new(stores::open(&targets.session.store)?);
    let mut session = session::open(&store, &targets.session, &common)?;
    let wanted = session::find(&mut session, &store, targets)?;
    let items = wanted
        .into_iter()
        .map(|wanted| item(&mut session, &store, wanted, args))
        .collect::<Result<Vec<Item>>>()?;
    let display = |path: &StorePath| store.layout().display(path);
    if args.derivations {
        items.iter().for_each(|item| println!("{}", display(&item.path)));
        return Ok(ExitCode::SUCCESS);
    }
    if args.log_file {
        return print_logs(&store, &items);
    }
    let mut building = Building::new(store.clone(), &common)?;
    if args.check {
        building = building.check();
    }
    let goals: Vec<Goal> = items.iter().map(goal).collect();
    if building.run(&goals)? {
        if let Some(root) = &args.root {
            register_roots(&store, root, &items)?;
        }
        for (_, output) in items.iter().flat_map(|item| &item.outputs) {
            println!("{}", display(output));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn item(session: &mut Session, store: &Store, wanted: Wanted, args: &BuildArgs) -> Result<Item> {
    let system = args.targets.common.system.as_deref();
    let (target, output) = match wanted {
        Wanted::Target(target, output) => (target, output),
        Wanted::Path(path) => return path_item(store, path),
    };
    let lowered = if args.source {
        let source = session.source(&target, system);
        source.map_err(|error| session::words(error, None))?.ok_or_else(|| {
            let name = target.package.as_ref().map_or("this", |package| &package.name);
            CommandError::new(format!("`{name}' has no source"))
        })?
    } else {
        session::lower(session, &target, system)?
    };
    let LoweredTarget { path, mut outputs } = lowered;
    if outputs.is_empty() {
        outputs.push(("out".to_owned(), path.clone()));
    }
    if let Some(output) = output {
        outputs.retain(|(name, _)| *name == output);
    }
    Ok(Item { path, outputs })
}

fn path_item(store: &Store, path: StorePath) -> Result<Item> {
    let outputs = if path.is_derivation() {
        store.query_derivation_outputs(&path)?.into_iter().collect()
    } else {
        vec![("out".to_owned(), path.clone())]
    };
    Ok(Item { path, outputs })
}

fn goal(item: &Item) -> Goal {
    if !item.path.is_derivation() {
        return Goal::Item(item.path.clone());
    }
    let outputs = item.outputs.iter().map(|(name, _)| name.clone()).collect();
    Goal::Derivation { drv: item.path.clone(), outputs }
}

fn print_logs(store: &Store, items: &[Item]) -> Result<ExitCode> {
    for item in items {
        let drv = match item.path.is_derivation() {
            true => Some(item.path.clone()),
            false => store.query_deriver(&item.path)?,
        };
        match drv.and_then(|drv| find_log(store.layout().log_dir(), &drv)) {
            Some(log) => println!("{}", log.display()),
            None => {
                let name = store.layout().display(&item.path);
                return Err(CommandError::new(format!("there is no build log for `{name}'"))
                    .hint("what came from a download or was not built here has none"));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Links `root`, `root-OUTPUT`, `root-2`, … to the results, and registers them.
fn register_roots(store: &Store, root: &Path, items: &[Item]) -> Result {
    for (i, item) in items.iter().enumerate() {
        for (output, path) in &item.outputs {
            let mut name = root.as_os_str().to_owned();
            if i > 0 {
                name.push(format!("-{}", i + 1));
            }
            if output != "out" {
                name.push(format!("-{output}"));
            }
            store.add_perm_root(path, &PathBuf::from(name))?;
        }
    }
    Ok(())
}
