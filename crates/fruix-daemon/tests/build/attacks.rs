// SPDX-License-Identifier: GPL-3.0-or-later
//! What has worked against other daemons, tried here: one test for each row of the table in
//! `docs/SECURITY.md`.

use std::fs;
use std::io::{BufReader, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use fruix_core::hash::{Hash, HashAlgorithm};
use fruix_core::store_path::HashMethod;
use fruix_daemon::{BuildOptions, Cancellation, Event, Goal};

use super::bench::{Bench, Test, TestResult};
use super::downloads;
use crate::ensure;

pub const TESTS: &[Test] = &[
    ("attack-descriptor", descriptor_of_a_fixed_output),
    ("attack-setuid", setuid_files),
    ("attack-deletion", links_swapped_during_deletion),
    ("attack-survivor", process_that_stays),
    ("attack-download-code", code_for_the_downloader),
    ("attack-deep-archive", deep_archive),
];

/// CVE-2024-27297, and Nix's later finding about a copy in the build's root: somebody outside has got a
/// writable descriptor of a fixed output, and of the directory that it is in, and uses them when
/// its hash has been checked. (How it got them does not matter; here from `/proc`.)
fn descriptor_of_a_fixed_output(bench: &Bench) -> TestResult {
    let drv = bench.drv("fixed", &["write @out@ good", "say ready x", "sleep 1000"]);
    let drv = drv.fixed(HashMethod::Flat, Hash::sha256(b"good")).done();
    let output = bench.output(&drv, "out");
    let stolen: Mutex<Option<(fs::File, fs::File)>> = Mutex::default();
    let pid = Mutex::new(0);
    let observer = |event: Event<'_>| match event {
        Event::Running { pid: now, .. } => *pid.lock().unwrap() = now,
        Event::Log { .. } => {
            let dir = format!("/proc/{}/root/gnu/store", pid.lock().unwrap());
            let file = Path::new(&dir).join(output.as_str());
            let both = fs::OpenOptions::new().read(true).write(true).open(file);
            let both = both.and_then(|file| Ok((file, fs::File::open(dir)?)));
            *stolen.lock().unwrap() = both.ok();
        }
        _ => {}
    };
    let goals = [Goal::new(drv.clone())];
    let options = BuildOptions::default();
    bench.builder.build(&goals, &options, &observer, &Cancellation::new())?;
    let (mut file, _dir) = stolen.into_inner()?.ok_or("the attack could not be tried")?;
    file.rewind()?;
    file.write_all(b"evil")?;
    ensure!(bench.contents(&drv, "")? == "good", "it was changed");
    let item = fs::metadata(bench.store.physical(&output))?;
    ensure!(item.ino() != file.metadata()?.ino(), "it is the build's own file");
    bench.verify()
}

/// CVE-2024-52867: files that change the user who runs them, in outputs, in the directories of failed
/// builds, and in those of running ones.
fn setuid_files(bench: &Bench) -> TestResult {
    let actions = [
        "write note x",
        "try-mode note 6755",
        "mkdir @out@",
        "write @out@/x x",
        "try-mode @out@/x 6755",
        "try-mode . 6777",
        "say ready x",
        "sleep 300",
    ];
    let builds = bench.dir.join("builds");
    let open = AtomicBool::new(false);
    let observer = |event: Event<'_>| {
        if let Event::Log { .. } = event {
            let modes = fs::read_dir(&builds).into_iter().flatten().flatten();
            let mode = |entry: fs::DirEntry| entry.metadata().map_or(0o777, |meta| meta.mode());
            open.store(modes.map(mode).any(|mode| mode & 0o077 != 0), Ordering::SeqCst);
        }
    };
    let options = BuildOptions { keep_failed: true, ..BuildOptions::default() };
    let good = bench.drv("good", &actions).done();
    let goals = [Goal::new(good.clone())];
    bench.builder.build(&goals, &options, &observer, &Cancellation::new())?;
    ensure!(!open.load(Ordering::SeqCst), "others can enter the directory of a running build");
    let mut bad: Vec<&str> = actions.to_vec();
    bad.push("fail 1");
    let bad = bench.drv("bad", &bad).done();
    bench.failure(&bad, &options)?;
    let item = bench.store.physical(&bench.output(&good, "out"));
    let kept = builds.join("guix-build-bad.drv-0");
    ensure!(kept.join("note").is_file(), "not kept");
    for dir in [item, kept, bench.store.layout().physical_store().to_path_buf()] {
        let mut found = Vec::new();
        find_setuid(&dir, &mut found);
        ensure!(found.is_empty(), "{found:?}");
    }
    Ok(())
}

fn find_setuid(path: &Path, found: &mut Vec<PathBuf>) {
    let Ok(meta) = fs::symlink_metadata(path) else { return };
    if meta.is_file() && meta.mode() & 0o6000 != 0 {
        found.push(path.to_path_buf());
    }
    if meta.is_dir() {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            find_setuid(&entry.path(), found);
        }
    }
}

/// CVE-2025-46415: while the directory of a build is deleted, directories in it become links to
/// somewhere else, and back.
fn links_swapped_during_deletion(bench: &Bench) -> TestResult {
    let precious = bench.dir.join("precious");
    fs::create_dir(&precious)?;
    for number in 0..20 {
        fs::write(precious.join(format!("f{number}")), "precious")?;
    }
    let over = AtomicBool::new(false);
    let top = bench.dir.join("builds/guix-build-many.drv-0/top");
    let mut actions: Vec<String> =
        (0..200).flat_map(|n| [format!("mkdir d{n}/e"), format!("write d{n}/e/f x")]).collect();
    // What a build itself leaves behind.
    actions.push(format!("link link {}", precious.display()));
    actions.push("write @out@ x".into());
    let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
    std::thread::scope(|scope| -> TestResult {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                for number in 0..200 {
                    let (dir, aside) = (top.join(format!("d{number}")), top.join("aside"));
                    if fs::rename(&dir, &aside).is_ok() {
                        let _ = symlink(&precious, &dir);
                        std::thread::yield_now();
                        let _ = fs::remove_file(&dir);
                        let _ = fs::rename(&aside, &dir);
                    }
                }
            }
        });
        for round in 0..5 {
            let drv = bench.drv("many", &actions).env("round", &round.to_string()).done();
            // Whether it succeeds is another matter: the attacker disturbs its own build.
            let _ = bench.build(&drv);
        }
        over.store(true, Ordering::SeqCst);
        Ok(())
    })?;
    let left = fs::read_dir(&precious)?.count();
    ensure!(left == 20, "{} files are gone", 20 - left);
    Ok(())
}

/// CVE-2025-46416: a process of a build that stays when the build has ended could change what is
/// registered, and help other builds out of theirs.
fn process_that_stays(bench: &Bench) -> TestResult {
    // Nothing else on this machine sleeps for exactly so long.
    let marker = format!("sleep {}", 86_000_000 + std::process::id());
    let spawn = format!("spawn {marker}");
    let drv = bench.drv("parent", &[&spawn, "write @out@ good", "sleep 200"]);
    let drv = drv.fixed(HashMethod::Flat, Hash::sha256(b"good")).done();
    bench.build(&drv)?;
    for entry in fs::read_dir("/proc")?.flatten() {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        // The test's own processes have it in no argument.
        let arguments: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        ensure!(!arguments.contains(&marker.as_bytes()), "{:?} is still there", entry.path());
    }
    Ok(())
}

/// CVE-2025-59378: the lists of mirrors that a derivation brings along are programs for Guile in Guix.
fn code_for_the_downloader(bench: &Bench) -> TestResult {
    let evil = bench.dir.join("evil");
    let code = format!(
        "(begin (system \"touch {0}\") (call-with-output-file \"{0}\" display) '())",
        evil.display()
    );
    let file = bench.store.add_text_to_store("mirrors", code.as_bytes(), &Default::default())?;
    for (name, attribute) in [("one", "content-addressed-mirrors"), ("two", "mirrors")] {
        let drv = bench.drv(name, &[]).builder("builtin:download").source(attribute, &file);
        let url = format!("(\"{}/file\")", downloads::serve()?);
        let drv =
            drv.env("url", &url).fixed(HashMethod::Flat, Hash::sha256(downloads::TEXT.as_bytes()));
        let _ = bench.build(&drv.done());
        ensure!(!evil.exists(), "the list was run as a program");
    }
    Ok(())
}

/// Nix's later finding about archives: directories in directories until the stack overflows.
fn deep_archive(bench: &Bench) -> TestResult {
    fn text(bytes: &mut Vec<u8>, text: &str) {
        bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
    let (mut first, mut level) = (Vec::new(), Vec::new());
    text(&mut first, "nix-archive-1");
    for word in ["(", "type", "directory", "entry", "(", "name", "a", "node"] {
        text(&mut level, word);
    }
    let endless = first.as_slice().chain(Endless { level, at: 0 });
    let mut source = BufReader::new(endless);
    let method = HashMethod::Recursive;
    let result =
        bench.store.add_to_store_from_dump("deep", &mut source, method, HashAlgorithm::Sha256);
    ensure!(result.is_err(), "{result:?}");
    ensure!(bench.leftovers().is_empty(), "{:?}", bench.leftovers());
    bench.verify()
}

/// One more directory, for ever.
struct Endless {
    level: Vec<u8>,
    at: usize,
}

impl Read for Endless {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let rest = &self.level[self.at..];
        let count = rest.len().min(bytes.len());
        bytes[..count].copy_from_slice(&rest[..count]);
        self.at = (self.at + count) % self.level.len();
        Ok(count)
    }
}
