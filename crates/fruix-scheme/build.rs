// SPDX-License-Identifier: GPL-3.0-or-later
//! Makes the table of the Scheme library's files that are part of the program.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The folders of `scheme/` that make up Guile's library. (`guix` and others are other crates'.)
const FOLDERS: &[&str] =
    &["ice-9", "srfi", "rnrs", "scheme", "system", "sxml", "texinfo", "web", "language", "oop"];

fn main() {
    println!("cargo::rustc-check-cfg=cfg(fruix_asan)");
    let manifest = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = manifest.join("../../scheme");
    let mut files = Vec::new();
    for folder in FOLDERS {
        let path = root.join(folder);
        println!("cargo::rerun-if-changed={}", path.display());
        collect(&path, folder, &mut files);
    }
    for name in ["rnrs.scm", "texinfo.scm", "statprof.scm"] {
        let path = root.join(name);
        println!("cargo::rerun-if-changed={}", path.display());
        if path.is_file() {
            files.push((name.to_string(), path));
        }
    }
    files.sort();
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("library.rs");
    if let Err(error) = write_table(&out, &files) {
        panic!("cannot write {}: {error}", out.display());
    }
    println!("cargo::rustc-env=FRUIX_ENGINE={:016x}", fingerprint(&manifest.join("src")));
}

/// A hash of the engine's sources: what one engine has compiled, another does not take.
fn fingerprint(sources: &Path) -> u64 {
    println!("cargo::rerun-if-changed={}", sources.display());
    let mut folders = vec![sources.to_path_buf()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        fs::read(&file).unwrap_or_default().hash(&mut hasher);
    }
    hasher.finish()
}

fn collect(dir: &Path, name: &str, files: &mut Vec<(String, PathBuf)>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    println!("cargo::rerun-if-changed={}", dir.display());
    for entry in entries.flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        let name = format!("{name}/{file}");
        if path.is_dir() {
            collect(&path, &name, files);
        } else if file.ends_with(".scm") || file.ends_with(".sls") {
            files.push((name, path));
        }
    }
}

fn write_table(out: &Path, files: &[(String, PathBuf)]) -> std::io::Result<()> {
    let mut table = fs::File::create(out)?;
    writeln!(table, "static FILES: &[(&str, &str)] = &[")?;
    for (name, path) in files {
        let path = fs::canonicalize(path)?;
        writeln!(table, "    ({name:?}, include_str!({:?})),", path.display().to_string())?;
    }
    writeln!(table, "];")
}
