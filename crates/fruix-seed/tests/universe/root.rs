// SPDX-License-Identifier: GPL-3.0-or-later
//! A root file system that holds a store and nothing else, and running things in there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use fruix_core::hash::Hash;
use fruix_distro::Apt;
use fruix_seed::lock::{Lock, LockEntry};
use fruix_seed::universe::{SeedItem, TOOLS};

pub struct Root {
    directory: PathBuf,
    /// Store paths by item name (`gcc`) or item and output (`gcc:lib`).
    paths: BTreeMap<String, String>,
    sources: Vec<PathBuf>,
}

const SETUP: &str = r#"
set -e
root=$1; shift
mount --bind "$root" "$root"
mount --bind /dev/null "$root/dev/null"
mount -t proc proc "$root/proc"
exec chroot "$root" "$@"
"#;

fn isolated() -> Command {
    let mut command = Command::new("unshare");
    if fs::metadata("/proc/self").map(|m| m.uid()).unwrap_or(1) != 0 {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--mount", "--pid", "--fork", "--net", "--kill-child"]);
    command
}

/// Whether this machine lets us make such a root.
pub fn possible() -> Result<(), String> {
    let output = isolated().arg("true").output().map_err(|error| format!("unshare: {error}"))?;
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(message) }
}

fn is_file_with(path: &Path, hash: &Hash) -> bool {
    fs::read(path).is_ok_and(|bytes| Hash::sha256(&bytes) == *hash)
}

/// Download what is at PLACE of a mirror of the host's configuration to FILE, until IS_GOOD; whether it is then.
fn download_from_mirrors(place: &str, file: &Path, is_good: &dyn Fn() -> bool) -> bool {
    let mirrors = fruix_distro::mirrors(Path::new("/"));
    is_good()
        || mirrors.iter().any(|mirror| {
            let mut helper = Command::new("/usr/lib/apt/apt-helper");
            let _ = helper.arg("download-file").arg(format!("{mirror}/{place}")).arg(file).output();
            is_good()
        })
}

/// Download what is not there yet, and verify everything; the name of a package that cannot be had otherwise.
pub fn download(lock: &Lock, directory: &Path) -> Result<(), String> {
    for entry in &lock.entries {
        let file = directory.join(entry.file_name());
        let is_good = || is_file_with(&file, &entry.package.sha256);
        if !download_from_mirrors(&entry.package.path, &file, &is_good) {
            return Err(entry.package.name.clone());
        }
    }
    Ok(())
}

/// Fetch a file from the mirrors of the host's configuration.
pub fn fetch(work: &Path, path: &str, hash: &Hash) -> Option<PathBuf> {
    let file = work.join(path.rsplit('/').next().unwrap());
    download_from_mirrors(path, &file, &|| is_file_with(&file, hash)).then_some(file)
}

/// Fetch the upstream source of a package whose version the index names.
pub fn source(apt: &Apt, work: &Path, name: &str) -> Option<PathBuf> {
    let found = apt.show(&BTreeSet::from([name.to_owned()])).ok()?;
    let version = found.get(name)?.package().ok()?.version;
    let upstream = version.rsplit_once('-')?.0;
    let first = &name[..1];
    ["xz", "gz"].into_iter().find_map(|kind| {
        let tar = format!("{name}_{upstream}.orig.tar.{kind}");
        let (place, file) = (format!("pool/main/{first}/{name}/{tar}"), work.join(&tar));
        download_from_mirrors(&place, &file, &|| file.exists()).then_some(file)
    })
}

/// The environment of the derivation of ITEM, beside the outputs' own variables, as `(fruix packages seed)` makes it.
/// DEB and INPUT give the store paths.
fn environment(
    item: &SeedItem,
    deb: &dyn Fn(&LockEntry) -> String,
    input: &dyn Fn(&str) -> String,
) -> BTreeMap<String, String> {
    let debs: Vec<String> = item.debs.iter().map(deb).collect();
    let inputs = item.inputs.iter().map(|name| format!("{name}={}", input(name)));
    let inputs: Vec<String> = inputs.collect();
    BTreeMap::from([
        ("recipe".to_owned(), item.recipe.to_string()),
        ("debs".to_owned(), debs.join(" ")),
        ("inputs".to_owned(), inputs.join(" ")),
        ("outputs".to_owned(), item.outputs.join(" ")),
    ])
}

/// This crate's programs, linked statically as they are in the store.
fn tools(work: &Path) -> PathBuf {
    let target = work.join("target");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--bins", "--target", "x86_64-unknown-linux-gnu"])
        .arg("--manifest-path")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS", "-C target-feature=+crt-static")
        .status()
        .unwrap();
    assert!(status.success());
    target.join("x86_64-unknown-linux-gnu/release")
}

impl Root {
    pub fn new(work: &Path) -> Root {
        let directory = work.join("root");
        let _ = fs::remove_dir_all(&directory);
        for part in ["gnu/store", "dev", "proc", "tmp", "build"] {
            fs::create_dir_all(directory.join(part)).unwrap();
        }
        fs::write(directory.join("dev/null"), "").unwrap();
        let mut root = Root { directory, paths: BTreeMap::new(), sources: Vec::new() };
        let path = root.name("seed-tools-0", b"");
        let bin = root.place(&path).join("bin");
        fs::create_dir_all(&bin).unwrap();
        let built = tools(work);
        for program in ["fruix-relocate", "fruix-ld-wrapper"] {
            fs::copy(built.join(program), bin.join(program)).unwrap();
        }
        root.paths.insert(TOOLS.to_owned(), path);
        root
    }

    /// A store path that depends on `content`: real ones are computed by the daemon.
    fn name(&self, name: &str, content: &[u8]) -> String {
        let digits = Hash::sha256(&[name.as_bytes(), content].concat()).to_base32();
        format!("/gnu/store/{}-{name}", &digits[..32])
    }

    pub fn place(&self, path: &str) -> PathBuf {
        self.directory.join(path.trim_start_matches('/'))
    }

    pub fn items(&self) -> Vec<String> {
        self.paths.iter().filter(|(name, _)| *name != TOOLS).map(|(_, path)| path.clone()).collect()
    }

    pub fn realise(&mut self, item: &SeedItem, debs: &Path) {
        for entry in &item.debs {
            let file = self.place("/gnu/store").join(entry.file_name());
            if !file.exists() {
                fs::copy(debs.join(entry.file_name()), &file).unwrap();
                self.sources.push(file);
            }
        }
        let deb = |entry: &LockEntry| format!("/gnu/store/{}", entry.file_name());
        let mut environment = environment(item, &deb, &|name| self.paths[name].clone());
        let content = format!("{environment:?}");
        let outputs: Vec<(String, String)> = item
            .outputs
            .iter()
            .map(|output| {
                let suffix = if output == "out" { String::new() } else { format!("-{output}") };
                let name = format!("{}-{}{suffix}", item.name, item.version);
                (output.clone(), self.name(&name, content.as_bytes()))
            })
            .collect();
        environment.extend(outputs.iter().cloned());
        let started = std::time::Instant::now();
        let program = format!("{}/bin/fruix-relocate", self.paths[TOOLS]);
        let output = self.command(&[&program], &environment).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {error}\n{said}", item.name);
        eprintln!("{}-{}: {:.1?}", item.name, item.version, started.elapsed());
        for (output, path) in outputs {
            assert!(self.place(&path).is_dir(), "{} has no output {output}", item.name);
            let key =
                if output == "out" { item.name.clone() } else { format!("{}:{output}", item.name) };
            self.paths.insert(key, path);
        }
    }

    /// From here on only the items themselves are in the store.
    pub fn remove_sources(&mut self) {
        for file in self.sources.drain(..) {
            fs::remove_file(file).unwrap();
        }
        let tools = self.place(&self.paths[TOOLS]);
        fs::set_permissions(&tools, fs::Permissions::from_mode(0o755)).unwrap();
        fs::remove_dir_all(tools).unwrap();
    }

    fn command(&self, words: &[&str], environment: &BTreeMap<String, String>) -> Command {
        let mut command = isolated();
        command.args(["sh", "-c", SETUP, "setup"]).arg(&self.directory).args(words);
        // The tools that set the root up are found through this; what runs inside has the same
        // variable, but nothing is there.
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").envs(environment);
        command
    }

    /// `PATH` and friends as a GNU build would have them, and each item's path as `item_NAME`.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let mut order: Vec<&str> = vec!["ld-wrapper"];
        order.extend(self.paths.keys().map(String::as_str));
        let bins: Vec<String> = order
            .iter()
            .map(|name| format!("{}/bin", self.paths[*name]))
            .filter(|path| self.place(path).is_dir())
            .collect();
        let variable = |name: &str| format!("item_{}", name.replace([':', '-', '+', '.'], "_"));
        let mut all: BTreeMap<String, String> =
            self.paths.iter().map(|(name, path)| (variable(name), path.clone())).collect();
        all.insert("INSIDE_PATH".into(), bins.join(":"));
        // As a build's search path has them: libc before its static archives, which would win otherwise.
        let (libc, archives) = (&self.paths["glibc"], &self.paths["glibc:static"]);
        all.insert("LIBRARY_PATH".into(), format!("{libc}/lib:{archives}/lib"));
        all.insert("GUIX_LD_WRAPPER_ALLOW_IMPURITIES".into(), "no".into());
        all.insert("LC_ALL".into(), "C.UTF-8".into());
        all
    }

    pub fn shell(&self, script: &str, environment: &BTreeMap<String, String>) {
        fs::write(self.place("/tmp/checks.sh"), script).unwrap();
        let bash = format!("{}/bin/bash", self.paths["bash"]);
        let status = self.command(&[&bash, "/tmp/checks.sh"], environment).status().unwrap();
        assert!(status.success(), "the checks failed: {status}");
    }
}
