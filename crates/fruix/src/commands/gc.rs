// SPDX-License-Identifier: GPL-3.0-or-later
//! `fruix gc`: collecting garbage and asking the store (Guix's manual, "Invoking guix gc").

use crate::args::GcArgs;
use crate::error::{CommandError, Result};
use crate::stores;
use fruix_core::store_path::StorePath;
use fruix_store::{GcAction, GcOptions, Problem, Store};
use std::collections::BTreeSet;
use std::process::ExitCode;

/// Does what the first option given asks for; collects if there is none.
pub fn run(args: &GcArgs) -> Result<ExitCode> {
    let store = stores::open(&args.store)?;
    if let Some(options) = &args.verify {
        return verify(&store, options.as_deref());
    }
    if args.list_dead {
        print_all(store.list_dead()?);
    } else if args.list_live {
        print_all(store.list_live()?);
    } else if args.list_roots {
        for (link, item) in store.find_roots()? {
            println!("{} -> {}", link.display(), store.layout().display(&item));
        }
    } else if args.list_busy {
        let items: BTreeSet<StorePath> = store.find_runtime_roots()?.into_iter().collect();
        print_all(items.iter().map(|item| store.layout().display(item)));
    } else if args.vacuum_database {
        store.vacuum_database()?;
    } else if args.references {
        each(&store, args, |item| Ok(store.references(item)?))?;
    } else if args.referrers {
        each(&store, args, |item| Ok(store.referrers(item)?))?;
    } else if args.derivers {
        each(&store, args, |item| Ok(store.query_valid_derivers(item)?))?;
    } else if args.requisites {
        let items = items(&store, args)?;
        print_all(store.requisites_sorted(&items)?.iter().map(|i| store.layout().display(i)));
    } else if args.list_failures {
        print_all(store.query_failed_paths()?.iter().map(|i| store.layout().display(i)));
    } else if args.clear_failures && args.paths.is_empty() {
        store.clear_all_failed_paths()?;
    } else if args.clear_failures {
        store.clear_failed_paths(&items(&store, args)?)?;
    } else if args.optimize {
        let stats = store.optimise()?;
        eprintln!(
            "linked {} files to equal ones, {} saved",
            stats.files_linked,
            size_text(stats.bytes_freed)
        );
    } else if args.delete {
        let results = store.delete_paths(items(&store, args)?.into_iter().collect())?;
        report(results);
    } else {
        return collect(&store, args);
    }
    Ok(ExitCode::SUCCESS)
}

fn collect(store: &Store, args: &GcArgs) -> Result<ExitCode> {
    if let Some(path) = args.paths.first() {
        return Err(CommandError::new(format!("it is not said what to do with `{path}'"))
            .hint("to delete it: `fruix gc --delete'"));
    }
    let mut options = GcOptions::new(GcAction::DeleteDead);
    if let Some(Some(size)) = &args.collect_garbage {
        options.max_freed = parse_size(size)?;
    }
    if let Some(size) = &args.free_space {
        let wanted = parse_size(size)?;
        let disk = rustix::fs::statvfs(store.layout().physical_store()).map_err(|error| {
            CommandError::new(format!("cannot ask for the free space of the store: {error}"))
        })?;
        let free = disk.f_bavail * disk.f_frsize;
        if free >= wanted {
            eprintln!("{} are free already", size_text(free));
            return Ok(ExitCode::SUCCESS);
        }
        options.max_freed = wanted - free;
    }
    report(store.collect_garbage(&options)?);
    Ok(ExitCode::SUCCESS)
}

fn report(results: fruix_store::GcResults) {
    print_all(&results.paths);
    eprintln!("{} deleted, {} freed", results.paths.len(), size_text(results.bytes_freed));
}

fn print_all<T: std::fmt::Display>(lines: impl IntoIterator<Item = T>) {
    lines.into_iter().for_each(|line| println!("{line}"));
}

/// The items that were named, each of which must be valid. A file below an item, or a link to one, means the
/// item.
fn items(store: &Store, args: &GcArgs) -> Result<Vec<StorePath>> {
    if args.paths.is_empty() {
        return Err(CommandError::new("no store items are given"));
    }
    args.paths.iter().map(|path| item(store, path)).collect()
}

fn item(store: &Store, path: &str) -> Result<StorePath> {
    let linked = std::fs::read_link(path).ok();
    let path = linked.as_deref().and_then(|p| p.to_str()).unwrap_or(path);
    let prefix = format!("{}/", store.layout().store_dir());
    let top = match path.strip_prefix(&prefix).and_then(|rest| rest.split('/').next()) {
        Some(name) => format!("{prefix}{name}"),
        None => path.to_owned(),
    };
    let item = store.layout().parse(&top)?;
    if !store.is_valid_path(&item)? {
        return Err(CommandError::new(format!("`{top}' is not in the store")));
    }
    Ok(item)
}

/// Prints what `question` answers for each of the named items, without repetition.
fn each(
    store: &Store,
    args: &GcArgs,
    question: impl Fn(&StorePath) -> Result<BTreeSet<StorePath>>,
) -> Result {
    let mut answers = BTreeSet::new();
    for item in items(store, args)? {
        answers.extend(question(&item)?);
    }
    print_all(answers.iter().map(|item| store.layout().display(item)));
    Ok(())
}

fn verify(store: &Store, options: Option<&str>) -> Result<ExitCode> {
    let words: Vec<&str> = options.unwrap_or("").split(',').filter(|w| !w.is_empty()).collect();
    if let Some(word) = words.iter().find(|w| !["contents", "repair"].contains(w)) {
        return Err(CommandError::new(format!("--verify does not know `{word}'"))
            .hint("it knows `contents' and `repair'"));
    }
    let mut cannot = |_: &StorePath| Ok(false);
    let repair = words.contains(&"repair").then_some(&mut cannot as &mut fruix_store::Repair);
    let report = store.verify(words.contains(&"contents"), repair)?;
    for problem in &report.repaired {
        eprintln!("repaired: {}", problem_text(store, problem));
    }
    for problem in &report.remaining {
        eprintln!("{}", problem_text(store, problem));
    }
    if report.is_clean() {
        eprintln!("{} items checked, all in order", report.checked);
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::from(1))
}

fn problem_text(store: &Store, problem: &Problem) -> String {
    let name = |item: &StorePath| store.layout().display(item);
    match problem {
        Problem::Database(words) => format!("the database is damaged: {words}"),
        Problem::NotInStore(path) => format!("`{path}' is registered but not a store path"),
        Problem::Disappeared(item) => format!("`{}' has disappeared", name(item)),
        Problem::Missing(item) => {
            format!("`{}' has disappeared, but other items need it", name(item))
        }
        Problem::Modified { path, expected, got } => {
            format!("`{}' was modified: expected {expected}, got {got}", name(path))
        }
        Problem::Unreadable { path, reason } => {
            format!("`{}' cannot be read: {reason}", name(path))
        }
        Problem::BadLink(file) => format!("`{file}' was modified"),
    }
}

/// Bytes from a number with a unit: `500M`, `10G`, `2GiB`; units of 1000 end in `B` alone (`GB`).
fn parse_size(text: &str) -> Result<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale: Option<u64> = match unit {
        "" | "B" => Some(1),
        "K" | "KiB" => Some(1 << 10),
        "M" | "MiB" => Some(1 << 20),
        "G" | "GiB" => Some(1 << 30),
        "T" | "TiB" => Some(1 << 40),
        "KB" | "kB" => Some(1000),
        "MB" => Some(1000_u64.pow(2)),
        "GB" => Some(1000_u64.pow(3)),
        "TB" => Some(1000_u64.pow(4)),
        _ => None,
    };
    match (number.parse::<f64>(), scale) {
        (Ok(number), Some(scale)) => Ok((number * scale as f64) as u64),
        _ => Err(CommandError::new(format!("`{text}' is not a size"))
            .hint("sizes are numbers with a unit: 500M, 10G, 2GB")),
    }
}

fn size_text(bytes: u64) -> String {
    match bytes {
        0..0x400 => format!("{bytes} bytes"),
        0x400..0x10_0000 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        0x10_0000..0x4000_0000 => format!("{:.1} MiB", bytes as f64 / 1048576.0),
        _ => format!("{:.1} GiB", bytes as f64 / 1073741824.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_with_units() {
        assert_eq!(parse_size("500M").unwrap(), 500 << 20);
        assert_eq!(parse_size("1.5G").unwrap(), 3 << 29);
        assert_eq!(parse_size("2GB").unwrap(), 2_000_000_000);
        assert!(parse_size("lots").is_err() && parse_size("5X").is_err());
    }
}
