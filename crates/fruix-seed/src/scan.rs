// SPDX-License-Identifier: GPL-3.0-or-later
//! The scan: does anything in a store item name a file of the host?

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::{elf, hostpath};

/// One thing that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub what: What,
}

/// The kinds of findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It names a host path that is not allowed.
    HostPath(String),
    /// Its interpreter, or an entry of its run path, is outside of the store.
    Linked(String),
    /// It is a link out of the store, or to nothing.
    Link(PathBuf),
}

/// Scan the item at `item`, as it lies in the file system, whose name for builds is in `store` (usually
/// `/gnu/store`); `real` is where that store is in the file system.
pub fn scan(item: &Path, store: &str, real: &Path) -> io::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut waiting = vec![item.to_owned()];
    while let Some(path) = waiting.pop() {
        let kind = fs::symlink_metadata(&path)?.file_type();
        if kind.is_dir() {
            for entry in fs::read_dir(&path)? {
                waiting.push(entry?.path());
            }
        } else if kind.is_symlink() {
            let target = fs::read_link(&path)?;
            let place = match target.strip_prefix(store) {
                Ok(rest) => real.join(rest),
                Err(_) => path.parent().unwrap_or(Path::new("/")).join(&target),
            };
            let outside = target.is_absolute() && !target.starts_with(store);
            if outside || fs::symlink_metadata(&place).is_err() {
                findings.push(Finding { file: path, what: What::Link(target) });
            }
        } else if kind.is_file() {
            scan_file(&path, item, store, &mut findings)?;
        }
    }
    findings.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(findings)
}

fn scan_file(path: &Path, item: &Path, store: &str, found: &mut Vec<Finding>) -> io::Result<()> {
    let bytes = fs::read(path)?;
    let place = path.strip_prefix(item).unwrap_or(path).as_os_str().as_bytes();
    let place = String::from_utf8_lossy(place);
    for range in hostpath::forbidden(&place, &bytes) {
        let name = String::from_utf8_lossy(&bytes[range]).into_owned();
        found.push(Finding { file: path.to_owned(), what: What::HostPath(name) });
    }
    if !elf::is_elf(&bytes) || place.ends_with(".o") {
        return Ok(());
    }
    let info = elf::inspect(&bytes).map_err(io::Error::other)?;
    let run_path = info.run_path.unwrap_or_default();
    let names = run_path.split(':').filter(|entry| !entry.is_empty());
    for name in names.chain(info.interpreter.as_deref()) {
        if !Path::new(name).starts_with(store) {
            found.push(Finding { file: path.to_owned(), what: What::Linked(name.to_owned()) });
        }
    }
    Ok(())
}
