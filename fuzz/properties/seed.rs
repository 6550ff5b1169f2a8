// SPDX-License-Identifier: GPL-3.0-or-later
//! What must hold of `fruix-seed` for any bytes at all; see `core.rs`.

use fruix_seed::deb::{self, Node};
use fruix_seed::elf::{self, Edit};
use fruix_seed::lock::Lock;
use fruix_seed::recipe::Recipe;
use std::collections::BTreeMap;

/// The largest tree that a package may unpack to here, in bytes.
const LIMIT: u64 = 1 << 20;

/// Locks: what parses says the same when it is printed and parsed again, and leads nowhere but below a mirror.
pub fn lock(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(lock) = text.parse::<Lock>() {
        assert_eq!(lock.to_string().parse().as_ref(), Ok(&lock));
        for entry in &lock.entries {
            assert!(!entry.package.path.split('/').any(|part| part == ".." || part.is_empty()));
            assert_eq!(lock.get(&entry.package.name), Some(entry));
            let _ = (entry.upstream_version(), entry.url(), entry.file_name());
        }
    }
}

/// Recipes: what parses says the same when it is printed and parsed again; filling leaves no known placeholder.
pub fn recipe(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(recipe) = text.parse::<Recipe>() {
        assert_eq!(recipe.to_string().parse().as_ref(), Ok(&recipe));
        let names = BTreeMap::from([("out".to_owned(), "/x".to_owned())]);
        if let Ok(filled) = recipe.fill(&names) {
            assert_eq!(filled.steps.len(), recipe.steps.len());
        }
    }
}

/// ELF files: what is rewritten says to the dynamic linker what was asked for, and needs what it needed.
pub fn elf(data: &[u8]) {
    let before = elf::inspect(data);
    let retargets = [("old".to_owned(), "new and longer".to_owned())];
    for retargets in [&[][..], &retargets] {
        let edit = Edit { interpreter: Some("/store/ld"), run_path: Some("/store/lib"), retargets };
        let Ok(bytes) = elf::rewrite(data.to_vec(), &edit) else { continue };
        let before = before.as_ref().expect("what can be rewritten can be read");
        let after = elf::inspect(&bytes).expect("what was rewritten can be read");
        assert_eq!(after.interpreter.is_some(), before.interpreter.is_some());
        assert!(after.interpreter.is_none_or(|text| text == "/store/ld"));
        assert_eq!(after.needed, before.needed);
    }
}

/// Packages: no name leaves the tree, and no tree is larger than it may be. DATA is taken for a package, and for the
/// tar archive in one.
pub fn deb(data: &[u8]) {
    let mut wrapped = b"!<arch>\n".to_vec();
    let header = format!("{:<48}{:<10}`\n", "data.tar", data.len());
    wrapped.extend_from_slice(header.as_bytes());
    wrapped.extend_from_slice(data);
    for package in [data, &wrapped] {
        let Ok(nodes) = deb::unpack(package, LIMIT) else { continue };
        let mut size = 0;
        for (name, node) in nodes {
            assert!(!name.split('/').any(|part| matches!(part, "" | "." | "..")), "{name:?}");
            if let Node::File { bytes, .. } = node {
                size += bytes.len() as u64;
            }
        }
        assert!(size <= LIMIT, "{size} bytes");
    }
}
