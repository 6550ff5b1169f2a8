// SPDX-License-Identifier: GPL-3.0-or-later
//! Builds the static programs that builds run (`fruix-builder`, `fruix-relocate`, `fruix-ld-wrapper`) and
//! leaves them in `OUT_DIR`, from where `src/lib.rs` takes them.
//!
//! They are built alike everywhere: statically, in a profile of their own, with the paths of this
//! machine mapped away, because their bytes are in every derivation's hash.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAMS: [&str; 3] = ["fruix-builder", "fruix-relocate", "fruix-ld-wrapper"];

fn main() {
    let out_dir = PathBuf::from(variable("OUT_DIR"));
    let top = Path::new(&variable("CARGO_MANIFEST_DIR")).join("../..");
    let top = top.canonicalize().expect("the workspace is there");
    println!("cargo::rerun-if-env-changed=FRUIX_NO_EMBED");
    for folder in ["core", "scheme", "builder", "distro", "seed"] {
        println!(
            "cargo::rerun-if-changed={}",
            top.join(format!("crates/fruix-{folder}")).display()
        );
    }
    for file in ["scheme", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", top.join(file).display());
    }
    if env::var_os("FRUIX_NO_EMBED").is_some() {
        // For checks that only look at types: `fruix` then says that it lacks them.
        for program in PROGRAMS {
            fs::write(out_dir.join(program), "").expect("OUT_DIR is writable");
        }
        return;
    }
    let built = build(&top, &out_dir);
    for program in PROGRAMS {
        fs::copy(built.join(program), out_dir.join(program)).expect("the program was built");
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name} for build scripts"))
}

/// Builds the programs; gives the folder that they are in.
fn build(top: &Path, out_dir: &Path) -> PathBuf {
    let target = variable("TARGET");
    // Beside the folders of the profiles, so that these share it: OUT_DIR is TARGET/PROFILE/build/NAME/out.
    let target_dir = out_dir.ancestors().nth(4).unwrap_or(out_dir).join("static-programs");
    let sysroot = Command::new(variable("RUSTC")).args(["--print", "sysroot"]).output();
    let sysroot = sysroot.ok().map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned());
    let cargo_home = env::var("CARGO_HOME")
        .or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")))
        .unwrap_or_default();
    let mut flags = vec!["-Ctarget-feature=+crt-static".to_owned()];
    let maps = [
        (target_dir.display().to_string(), "/fruix/target"),
        (top.display().to_string(), "/fruix"),
        (cargo_home, "/cargo"),
        (sysroot.unwrap_or_default(), "/rust"),
    ];
    for (from, to) in maps.iter().filter(|(from, _)| !from.is_empty()) {
        flags.push(format!("--remap-path-prefix={from}={to}"));
    }
    let mut cargo = Command::new(variable("CARGO"));
    cargo
        .current_dir(top)
        .args(["build", "--locked", "--profile", "static", "--target", &target])
        .args(["-p", "fruix-builder", "-p", "fruix-seed"])
        .arg("--target-dir")
        .arg(&target_dir);
    // What cargo set for this build script must not reach the other build.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let own = name.starts_with("CARGO_") && !name.starts_with("CARGO_HOME");
        if own && !name.starts_with("CARGO_NET") && !name.starts_with("CARGO_HTTP") {
            cargo.env_remove(&name);
        }
    }
    for name in ["RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "MAKEFLAGS"] {
        cargo.env_remove(name);
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    let status = cargo.status().expect("cargo can be run");
    assert!(status.success(), "building the static programs failed; cargo's messages are above");
    target_dir.join(target).join("static")
}
