// SPDX-License-Identifier: GPL-3.0-or-later
//! Which store a command works on: the system's for root, one of their own for everybody else.

use crate::args::StoreArgs;
use crate::error::{CommandError, Result};
use fruix_store::{Layout, Options, Store};
use std::path::PathBuf;

/// The store's directories.
pub fn layout(args: &StoreArgs) -> Result<Layout> {
    if let Some(folder) = &args.folder {
        return Ok(Layout::embedded(&std::path::absolute(folder)?));
    }
    if rustix::process::geteuid().is_root() {
        return Ok(Layout::system());
    }
    Ok(Layout::embedded(&data_folder()?))
}

/// The folder that an ordinary user's data lies in (the XDG base directory specification's).
pub fn data_folder() -> Result<PathBuf> {
    let from_env = |name: &str| std::env::var_os(name).map(PathBuf::from);
    from_env("XDG_DATA_HOME")
        .filter(|dir| dir.is_absolute())
        .or_else(|| from_env("HOME").map(|home| home.join(".local/share")))
        .map(|dir| dir.join("fruix"))
        .ok_or_else(|| {
            CommandError::new("there is no folder for the store, since HOME is not set")
                .hint("set HOME, or name a folder with --folder")
        })
}

/// The lock of the seed's packages, beside the store that is built from it.
pub fn lock_file(layout: &Layout) -> PathBuf {
    if layout.is_embedded() {
        return layout.state_dir().join("../fruix/seed.lock");
    }
    PathBuf::from("/var/lib/fruix/seed.lock")
}

/// The folder for what can be made anew.
pub fn cache_folder() -> Result<PathBuf> {
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/cache/fruix"));
    }
    let from_env = |name: &str| std::env::var_os(name).map(PathBuf::from);
    from_env("XDG_CACHE_HOME")
        .filter(|dir| dir.is_absolute())
        .or_else(|| from_env("HOME").map(|home| home.join(".cache")))
        .map(|dir| dir.join("fruix"))
        .ok_or_else(|| CommandError::new("there is no folder for caches, since HOME is not set"))
}

/// The folder of the cache of compiled modules, if `FRUIX_CACHE` asks for one: `user` stands for a part of the folder
/// for what can be made anew, `none` for no cache.
pub fn module_cache() -> Option<PathBuf> {
    match std::env::var_os("FRUIX_CACHE").filter(|value| !value.is_empty()) {
        Some(value) if value == "user" => Some(cache_folder().ok()?.join("modules")),
        Some(folder) if folder != "none" => Some(folder.into()),
        _ => None,
    }
}

/// Opens the store, making it if need be.
pub fn open(args: &StoreArgs) -> Result<Store> {
    let layout = layout(args)?;
    let build_group = fruix_sandbox::group_id(fruix_sandbox::BUILD_USERS_GROUP).ok().flatten();
    Ok(Store::open(layout, Options { build_group, ..Options::default() })?)
}
