// SPDX-License-Identifier: GPL-3.0-or-later
//! Runs a program of a distribution out of a store item, wherever that is. A build has neither the
//! distribution's loader nor its libraries, and no shell for a wrapper: so this static program stands in the
//! place of each, and starts `ITEM/libexec/NAME` with the loader and the libraries in `ITEM/lib`.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    let me = std::fs::read_link("/proc/self/exe").expect("there is no /proc");
    let item = me.parent().and_then(Path::parent).expect("this is not in a store item");
    let mut args = std::env::args_os();
    let name = PathBuf::from(args.next().unwrap_or_default());
    let called = name.file_name().map(PathBuf::from).unwrap_or_default();
    // The name by which it was called, if there is such a program: several are links to one.
    let mut program = item.join("libexec").join(&called);
    if !program.exists() {
        program = item.join("libexec").join(me.file_name().expect("it has a name"));
    }
    let lib = item.join("lib");
    let mut command = Command::new(lib.join("ld.so"));
    command.arg("--argv0").arg(&name).arg("--library-path").arg(&lib).arg(&program).args(args);
    let guile = item.join("share/guile/3.0");
    if guile.exists() {
        command.env("GUILE_SYSTEM_PATH", &guile);
        command.env("GUILE_SYSTEM_COMPILED_PATH", item.join("lib/guile/3.0/ccache"));
        command.env("GUILE_SYSTEM_EXTENSIONS_PATH", &lib);
    }
    let error = command.exec();
    eprintln!("{}: {error}", program.display());
    std::process::exit(127);
}
