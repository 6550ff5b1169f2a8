// SPDX-License-Identifier: GPL-3.0-or-later
//! A root file system that holds a store and nothing else, and running things in there.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use fruix_seed::apt::{self, Apt, AptError};
use fruix_seed::lock::{Lock, LockEntry};
use fruix_seed::universe::{SeedItem, TOOLS};
use sha2::{Digest, Sha256};

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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_file_with(path: &Path, sha256: &str) -> bool {
    fs::read(path).is_ok_and(|bytes| hex(&Sha256::digest(bytes)) == sha256)
}

/// Download what is not there yet, and verify everything.
pub fn download(apt: &Apt, lock: &Lock, directory: &Path) -> Result<(), AptError> {
    let place = |entry: &LockEntry| directory.join(entry.file_name());
    let missing = lock.entries.iter().filter(|entry| !is_file_with(&place(entry), &entry.sha256));
    let missing = Lock { entries: missing.cloned().collect() };
    if missing.entries.is_empty() {
        return Ok(());
    }
    apt.download(&missing, directory)?;
    for entry in &missing.entries {
        // The client keeps the epoch in the name, escaped; mirrors leave it out.
        if let Some((epoch, _)) = entry.version.split_once(':') {
            let short = entry.file_name();
            let long = short.replacen('_', &format!("_{epoch}%3a"), 1);
            let _ = fs::rename(directory.join(long), directory.join(short));
        }
        assert!(is_file_with(&place(entry), &entry.sha256), "{} differs", entry.name);
    }
    Ok(())
}

/// Fetch a file from the mirrors of the host's configuration.
pub fn fetch(work: &Path, path: &str, sha256: &str) -> Option<PathBuf> {
    let file = work.join(path.rsplit('/').next().unwrap());
    for url in apt::candidates(Path::new("/"), path) {
        if is_file_with(&file, sha256) {
            break;
        }
        let helper = "/usr/lib/apt/apt-helper";
        let _ = Command::new(helper).arg("download-file").arg(&url).arg(&file).output();
    }
    is_file_with(&file, sha256).then_some(file)
}

/// Fetch the upstream source of a package whose version the index names.
pub fn source(work: &Path, name: &str, directory: &str) -> Option<PathBuf> {
    let output =
        Command::new("apt-cache").args(["show", "--no-all-versions", name]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.lines().find_map(|line| line.strip_prefix("Version: "))?;
    let upstream = version.rsplit_once('-')?.0;
    let first = &directory[..1];
    for kind in ["xz", "gz"] {
        let tar = format!("{directory}_{upstream}.orig.tar.{kind}");
        let file = work.join(&tar);
        let urls = apt::candidates(Path::new("/"), &format!("pool/main/{first}/{directory}/{tar}"));
        for url in urls.iter().filter(|_| !file.exists()) {
            let helper = "/usr/lib/apt/apt-helper";
            let _ = Command::new(helper).arg("download-file").arg(url).arg(&file).output();
        }
        if file.exists() {
            return Some(file);
        }
    }
    None
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
        let digest = Sha256::digest([name.as_bytes(), content].concat());
        let alphabet = b"0123456789abcdfghijklmnpqrsvwxyz";
        let hash: String =
            digest.iter().map(|b| char::from(alphabet[usize::from(b % 32)])).collect();
        format!("/gnu/store/{hash}-{name}")
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
        let mut environment = item
            .environment(&|entry| format!("/gnu/store/{}", entry.file_name()), &|name| {
                self.paths[name].clone()
            });
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
