// SPDX-License-Identifier: GPL-3.0-or-later
//! Makes the table of the Scheme halves of the bindings, which are part of the program.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

const FOLDERS: &[&str] = &["gcrypt", "git"];
const MODULES: &[&str] = &["git.scm", "gnutls.scm"];

fn main() {
    let manifest = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = manifest.join("../../scheme");
    let mut files = Vec::new();
    for folder in FOLDERS {
        collect(&root.join(folder), folder, &mut files);
    }
    for name in MODULES {
        println!("cargo::rerun-if-changed={}", root.join(name).display());
        files.push(((*name).to_owned(), root.join(name)));
    }
    files.sort();
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("library.rs");
    if let Err(error) = write_table(&out, &files) {
        panic!("cannot write {}: {error}", out.display());
    }
}

fn collect(dir: &Path, name: &str, files: &mut Vec<(String, PathBuf)>) {
    println!("cargo::rerun-if-changed={}", dir.display());
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if path.is_dir() {
            collect(&path, &name, files);
        } else if name.ends_with(".scm") {
            files.push((name, path));
        }
    }
}

fn write_table(out: &Path, files: &[(String, PathBuf)]) -> std::io::Result<()> {
    let mut table = fs::File::create(out)?;
    writeln!(table, "/// The Scheme files of this crate, by their names on the load path.")?;
    writeln!(table, "pub static FILES: &[(&str, &str)] = &[")?;
    for (name, path) in files {
        let path = fs::canonicalize(path)?;
        writeln!(table, "    ({name:?}, include_str!({:?})),", path.display().to_string())?;
    }
    writeln!(table, "];")
}
