// SPDX-License-Identifier: GPL-3.0-or-later
//! File operations that the rooms of this crate share: syncing, making links, sizes.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, IoContext, Result};
use crate::sys;

/// Up to so many files are synced one by one; for larger trees the whole file system is.
const SYNC_ONE_BY_ONE: usize = 64;

/// The metadata of PATH itself, or `None` if there is no such file.
pub(crate) fn lstat(path: &Path) -> Result<Option<fs::Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(meta) => Ok(Some(meta)),
        Err(e) if matches!(e.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR)) => Ok(None),
        Err(e) => Err(Error::io("examining", path, e)),
    }
}

/// Make DIR and its parents.
pub(crate) fn create_dirs(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).at_write("creating directory", dir)
}

/// How many bytes of disk deleting PATH would free, files with further links not counted.
pub(crate) fn disk_usage(path: &Path) -> Result<u64> {
    let Some(meta) = lstat(path)? else { return Ok(0) };
    let mut used = if meta.is_dir() || meta.nlink() == 1 { meta.blocks() * 512 } else { 0 };
    if meta.is_dir() {
        for entry in fs::read_dir(path).at("reading directory", path)? {
            used += disk_usage(&entry.at("reading directory", path)?.path())?;
        }
    }
    Ok(used)
}

/// Bring the trees PATHS, which all lie in STORE, to the disk, and the entries of STORE too.
pub(crate) fn sync_items(store: &Path, paths: &[PathBuf]) -> Result<()> {
    let dir = File::open(store).at("opening", store)?;
    let mut files = Vec::new();
    let few = paths.iter().try_fold(true, |few, p| Ok::<_, Error>(few && list(p, &mut files)?))?;
    if !few {
        if sys::sync_file_system(&dir).at("syncing", store)? {
            return Ok(());
        }
        return paths
            .iter()
            .try_for_each(|path| sync_tree(path))
            .and(dir.sync_all().at("syncing", store));
    }
    for file in &files {
        sync_file(file)?;
    }
    dir.sync_all().at("syncing", store)
}

/// Add the regular files and directories of PATH to FILES; false: there are too many.
fn list(path: &Path, files: &mut Vec<PathBuf>) -> Result<bool> {
    let Some(meta) = lstat(path)? else { return Ok(true) };
    if meta.is_dir() {
        for entry in fs::read_dir(path).at("reading directory", path)? {
            if !list(&entry.at("reading directory", path)?.path(), files)? {
                return Ok(false);
            }
        }
    }
    if meta.is_dir() || meta.is_file() {
        files.push(path.to_path_buf());
    }
    Ok(files.len() <= SYNC_ONE_BY_ONE)
}

fn sync_tree(path: &Path) -> Result<()> {
    let Some(meta) = lstat(path)? else { return Ok(()) };
    if meta.is_dir() {
        for entry in fs::read_dir(path).at("reading directory", path)? {
            sync_tree(&entry.at("reading directory", path)?.path())?;
        }
    }
    if meta.is_dir() || meta.is_file() { sync_file(path) } else { Ok(()) }
}

/// Bring one file or directory to the disk.
pub(crate) fn sync_file(path: &Path) -> Result<()> {
    let file = File::open(path).at("opening", path)?;
    file.sync_all().at("syncing", path)
}

/// Atomically make LINK a symbolic link to TARGET, in place of what is there.
pub(crate) fn replace_symlink(target: &Path, link: &Path) -> Result<()> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    if let Some(dir) = link.parent() {
        create_dirs(dir)?;
    }
    let mut temp = link.as_os_str().to_owned();
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    temp.push(format!(".tmp-{}-{number}", std::process::id()));
    let temp = PathBuf::from(temp);
    let _ = fs::remove_file(&temp);
    std::os::unix::fs::symlink(target, &temp).at_write("creating link", &temp)?;
    fs::rename(&temp, link).at_write("creating link", link).inspect_err(|_| {
        let _ = fs::remove_file(&temp);
    })
}

/// Atomically give the file PATH the contents TEXT.
pub(crate) fn replace_file(path: &Path, text: &str) -> Result<()> {
    let mut temp = path.as_os_str().to_owned();
    temp.push(format!(".tmp-{}", std::process::id()));
    let temp = PathBuf::from(temp);
    fs::write(&temp, text).at_write("writing", &temp)?;
    sync_file(&temp)?;
    fs::rename(&temp, path).at_write("writing", path)
}
