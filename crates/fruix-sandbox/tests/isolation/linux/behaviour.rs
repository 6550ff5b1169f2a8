// SPDX-License-Identifier: GPL-3.0-or-later
//! What is more than one thing to look at: endings, leftovers, limits, errors, the store view.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fruix_sandbox::{
    Access, BuildRequest, Error, Identity, Mount, Network, Outcome, Part, SetuidBits,
    Stdio as BuildStdio, StoreView,
};

use super::bench::{Bench, Report, run};
use super::helpers;

type Check = Result<(), String>;
type Test = (&'static str, fn(&Bench) -> Check);

const TESTS: [Test; 22] = [
    ("exit status and signal", endings),
    ("stdin, stdout, stderr", streams),
    ("output to a descriptor", descriptor),
    ("interactive use", interactive),
    ("missing rights", missing_rights),
    ("network for fixed outputs", network),
    ("own loopback works", own_loopback),
    ("setuid bits when allowed", setuid_allowed),
    ("pseudo-terminals", pty),
    ("symbolic links as inputs", links),
    ("store outputs", outputs),
    ("leftovers die", leftovers_die),
    ("leftovers live (without Processes)", leftovers_live),
    ("builds die with us", orphans_die),
    ("builds outlive us (without DeathSignal)", orphans_live),
    ("limits", limits),
    ("killing", killing),
    ("bad requests", bad_requests),
    ("many at once", many),
    ("a thousand inputs", thousand_inputs),
    ("store view", store_view),
    ("store view with threads", store_view_with_threads),
];

pub fn run_all(bench: &Bench, report: &mut Report) {
    for (name, test) in TESTS {
        if !report.wants(name) {
            continue;
        }
        bench.clean();
        let build_user = matches!(bench.identity, Identity::BuildUser { .. });
        if name.starts_with("leftovers live") && build_user {
            report.skip(name, "a build user's leftovers are killed by their user ID as well");
            continue;
        }
        report.note(name, test(bench));
    }
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, got: T, want: T) -> Check {
    if got == want { Ok(()) } else { Err(format!("{what}: expected {want:?}, got {got:?}")) }
}

fn output(request: BuildRequest) -> Result<String, String> {
    run(request).map(|(_, log)| log).map_err(|e| e.to_string())
}

fn ending(request: BuildRequest) -> Result<Outcome, String> {
    run(request).map(|(outcome, _)| outcome).map_err(|e| e.to_string())
}

fn endings(bench: &Bench) -> Check {
    expect("exit 0", ending(bench.request(&["exit", "0"]))?, Outcome::Exited(0))?;
    expect("exit 3", ending(bench.request(&["exit", "3"]))?, Outcome::Exited(3))?;
    // The first process of a namespace ignores signals from inside that it has no handler for; so a
    // build's own `kill(getpid(), …)` does what it does in guix-daemon: nothing.
    expect("raise", ending(bench.request(&["abort"]))?, Outcome::Exited(0))
}

fn streams(bench: &Bench) -> Check {
    expect("output", output(bench.request(&["both"]))?, "out err".into())?;
    expect("input", output(bench.request(&["stdin"]))?, "done".into())
}

fn descriptor(bench: &Bench) -> Check {
    let path = bench.shared_file("log");
    let mut request = bench.request(&["both"]);
    let file = fs::File::options().append(true).open(&path).map_err(|e| e.to_string())?;
    request.stdio = BuildStdio::Descriptor(file.into());
    expect("the pipe", output(request)?, String::new())?;
    expect("the file", fs::read_to_string(&path).map_err(|e| e.to_string())?, "out err".into())
}

/// A helper process of this program, told about the identity and the scratch directory.
fn helper(bench: &Bench, name: &str) -> Command {
    let mut command = Command::new(&bench.probe);
    command.args([name, helpers::identity_word(&bench.identity)]).arg(&bench.scratch);
    command
}

fn interactive(bench: &Bench) -> Check {
    let output = helper(bench, "inherit").output().map_err(|e| e.to_string())?;
    expect("stdout", String::from_utf8_lossy(&output.stdout).as_ref(), "out ")?;
    expect("stderr", String::from_utf8_lossy(&output.stderr).as_ref(), "err")
}

/// Without the right to make namespaces, the answer is one sentence that names it, and nothing runs.
fn missing_rights(bench: &Bench) -> Check {
    let output = helper(bench, "deprived").output().map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let hint = match bench.identity {
        Identity::Caller => "raise them with sysctl)",
        _ => "give it CAP_SYS_ADMIN)",
    };
    let fine = text.starts_with("cannot isolate the build: creating namespaces: ")
        && text.ends_with(hint)
        && text.lines().count() == 1;
    if fine { Ok(()) } else { Err(text.into_owned()) }
}

fn network(bench: &Bench) -> Check {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    let address = listener.local_addr().map_err(|e| e.to_string())?.to_string();
    let mut request = bench.request(&["tcp", &address]);
    request.network = Network::Host;
    expect("connection", output(request)?, "done".into())?;
    for file in ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/services"] {
        let Ok(text) = fs::read_to_string(file) else { continue };
        let mut request = bench.request(&["read", file]);
        request.network = Network::Host;
        expect(file, output(request)?, text)?;
    }
    Ok(())
}

fn own_loopback(bench: &Bench) -> Check {
    expect("listening", output(bench.request(&["listen"]))?, "done".into())
}

fn setuid_allowed(bench: &Bench) -> Check {
    let mut request = bench.request(&["chmod", "/tmp/x", "4755"]);
    request.setuid_bits = SetuidBits::Allow;
    expect("chmod", output(request)?, "done".into())
}

fn pty(bench: &Bench) -> Check {
    expect("posix_openpt", output(bench.request(&["pty"]))?, "done".into())
}

fn links(bench: &Bench) -> Check {
    let link = bench.scratch.join("link");
    std::os::unix::fs::symlink("/nowhere", &link).map_err(|e| e.to_string())?;
    let mut request = bench.request(&["path", link.to_str().unwrap()]);
    request.input(&link);
    expect("a dangling link", output(request)?, "present".into())
}

/// How a daemon lets a build make outputs: a writable store directory with read-only inputs below.
fn outputs(bench: &Bench) -> Check {
    let (store, item) = (bench.scratch.join("fake-store"), bench.scratch.join("item"));
    for dir in [&store, &item] {
        fs::create_dir(dir).map_err(|e| e.to_string())?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        fs::set_permissions(dir, mode).map_err(|e| e.to_string())?;
    }
    for (path, answer) in [("/gnu/store/out", "done"), ("/gnu/store/item/out", "EROFS")] {
        let mut request = bench.request(&["mkdir", path]);
        request.mounts.push(Mount {
            source: item.clone(),
            target: "/gnu/store/item".into(),
            access: Access::ReadOnly,
        });
        request.mounts.push(Mount {
            source: store.clone(),
            target: "/gnu/store".into(),
            access: Access::ReadWrite,
        });
        expect(path, output(request)?, answer.into())?;
    }
    expect("the output on the host", store.join("out").is_dir(), true)
}

/// Whether a process holds the lock on FILE.
fn held(file: &Path) -> bool {
    let file = fs::File::open(file).unwrap();
    unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) != 0 }
}

/// Whether CONDITION comes true in two seconds.
fn soon(condition: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(2);
    while !condition() {
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

fn leave_behind(bench: &Bench, without: Option<Part>) -> Result<bool, String> {
    let file = bench.shared_file("lock");
    let mut request = bench.request(&["daemonise", file.to_str().unwrap()]);
    bench.writable(&mut request);
    if let Some(part) = without {
        request.without(part);
    }
    expect("daemonise", output(request)?, "left behind".into())?;
    let alive = held(&file);
    if alive {
        let pid = fs::read_to_string(&file).ok().and_then(|s| s.parse::<i32>().ok());
        unsafe { libc::kill(pid.unwrap_or(0).max(2), libc::SIGKILL) };
    }
    Ok(alive)
}

fn leftovers_die(bench: &Bench) -> Check {
    expect("alive", leave_behind(bench, None)?, false)
}

fn leftovers_live(bench: &Bench) -> Check {
    expect("alive", leave_behind(bench, Some(Part::Processes))?, true)
}

/// Start a process that starts a build; kill it; whether the build is still alive.
fn abandon(bench: &Bench, part: &str) -> Result<bool, String> {
    let file = bench.shared_file("lock");
    let mut parent = helper(bench, "orphan")
        .arg(part)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| e.to_string())?;
    let mut line = String::new();
    let out = parent.stdout.take().ok_or("no output")?;
    BufReader::new(out).read_line(&mut line).map_err(|e| e.to_string())?;
    let pid: i32 = line.trim().parse().map_err(|_| format!("the build did not start: {line}"))?;
    expect("locked", soon(|| held(&file)), true)?;
    parent.kill().map_err(|e| e.to_string())?;
    parent.wait().map_err(|e| e.to_string())?;
    let alive = !soon(|| !held(&file));
    if alive {
        unsafe { libc::kill(pid.max(2), libc::SIGKILL) };
    }
    Ok(alive)
}

fn orphans_die(bench: &Bench) -> Check {
    expect("alive", abandon(bench, "with")?, false)
}

fn orphans_live(bench: &Bench) -> Check {
    expect("alive", abandon(bench, "without")?, true)
}

fn limits(bench: &Bench) -> Check {
    let file = bench.shared_file("lock");
    let hold = || {
        let mut request = bench.request(&["hold", file.to_str().unwrap()]);
        bench.writable(&mut request);
        request
    };
    let short = Some(Duration::from_millis(200));
    let mut request = hold();
    request.limits.timeout = short;
    expect("timeout", ending(request)?, Outcome::TimedOut)?;
    expect("held after the timeout", held(&file), false)?;
    let mut request = hold();
    request.limits.max_silent = short;
    expect("silence", ending(request)?, Outcome::Silent)?;
    let mut request = bench.request(&["flood"]);
    request.limits.max_log_bytes = Some(100_000);
    expect("flood", ending(request)?, Outcome::LogTooLong)?;
    // Talking is not silence, but takes time.
    let mut request = bench.request(&["flood"]);
    request.limits.max_silent = Some(Duration::from_secs(30));
    request.limits.timeout = short;
    expect("flood and timeout", ending(request)?, Outcome::TimedOut)
}

fn killing(bench: &Bench) -> Check {
    let file = bench.shared_file("lock");
    let start = || {
        let mut request = bench.request(&["hold", file.to_str().unwrap()]);
        bench.writable(&mut request);
        fruix_sandbox::native().spawn(request).map_err(|e| e.to_string())
    };
    let running = start()?;
    let handle = running.kill_handle();
    expect("locked", soon(|| held(&file)), true)?;
    let other = handle.clone();
    let thread = std::thread::spawn(move || other.kill());
    let outcome = running.wait(&mut |_| {}).map_err(|e| e.to_string())?;
    thread.join().map_err(|_| "the killer panicked")?;
    expect("outcome", outcome, Outcome::Killed)?;
    expect("held", held(&file), false)?;
    handle.kill();
    let running = start()?;
    expect("locked again", soon(|| held(&file)), true)?;
    drop(running);
    expect("held after drop", held(&file), false)
}

fn bad_requests(bench: &Bench) -> Check {
    let error = |request| match run(request) {
        Ok(_) => Err("it was run".to_owned()),
        Err(error) => Ok(error),
    };
    let mut request = bench.request(&[]);
    request.program = "/no/such/program".into();
    let got = error(request)?;
    if !matches!(got, Error::Exec { .. }) {
        return Err(got.to_string());
    }
    let mut request = bench.request(&[]);
    request.input("/no/such/input");
    let got = error(request)?;
    if !matches!(&got, Error::Source { path, .. } if path == Path::new("/no/such/input")) {
        return Err(got.to_string());
    }
    let mut request = bench.request(&[]);
    request.cwd = "/no/such/directory".into();
    let got = error(request)?.to_string();
    let want = "cannot isolate the build: entering /no/such/directory: No such file or directory";
    expect("message", got.starts_with(want), true)?;
    if fruix_sandbox::kill_processes_of(0).is_ok() {
        return Err("root's processes were to be killed".into());
    }
    for identity in [
        Identity::BuildUser { uid: 0, gid: 1, groups: vec![] },
        Identity::Unassigned { host_uid: 1, host_gid: 0 },
    ] {
        let mut request = bench.request(&[]);
        request.identity = identity;
        if !matches!(error(request)?, Error::Request(_)) {
            return Err("root was accepted".into());
        }
    }
    let mut request = bench.request(&[]);
    request.input("/etc/../etc/passwd");
    if !matches!(error(request)?, Error::Request(_)) {
        return Err("a climbing file name was accepted".into());
    }
    let mut request = bench.request(&[]);
    request.args.push("a\0b".into());
    if !matches!(error(request)?, Error::Request(_)) {
        return Err("a null byte was accepted".into());
    }
    Ok(())
}

fn thousand_inputs(bench: &Bench) -> Check {
    let store = bench.scratch.join("store");
    let mut request = bench.request(&["list", "/gnu/store"]);
    for n in 1000..2000 {
        let source = store.join(n.to_string());
        fs::create_dir_all(&source).map_err(|e| e.to_string())?;
        let target = Path::new("/gnu/store").join(n.to_string());
        request.mounts.push(Mount { source, target, access: Access::ReadOnly });
    }
    let seen = output(request)?;
    expect("inputs", seen.split(' ').count(), 1000)
}

/// From several threads, with children of other kinds in between.
fn many(bench: &Bench) -> Check {
    // A build user is for one build at a time.
    let threads = if matches!(bench.identity, Identity::BuildUser { .. }) { 1 } else { 4 };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    for status in 0..10 {
                        let outcome = ending(bench.request(&["exit", &status.to_string()]))?;
                        expect("status", outcome, Outcome::Exited(status))?;
                        Command::new("true").status().map_err(|e| e.to_string())?;
                    }
                    Ok(())
                })
            })
            .collect();
        workers.into_iter().try_for_each(|w| w.join().map_err(|_| "panic".to_owned())?)
    })
}

fn store_view(bench: &Bench) -> Check {
    let store = bench.scratch.join("embedded");
    fs::create_dir_all(store.join("item")).map_err(|e| e.to_string())?;
    let existing = bench.scratch.join("mount-point");
    fs::create_dir(&existing).map_err(|e| e.to_string())?;
    let ids = unsafe { format!("{} {}", libc::getuid(), libc::getgid()) };
    // A place that exists, one whose directory exists, and one of which nothing exists.
    let places = [existing.to_str().unwrap(), "/etc/fruix-test/store", "/fruix-test/store"];
    for place in places {
        let see = |args: &[&str]| {
            let output = Command::new(&bench.probe)
                .args(["view", store.to_str().unwrap(), place])
                .args(args)
                .env("SEEN", "yes")
                .current_dir(&bench.scratch)
                .output()
                .map_err(|e| e.to_string())?;
            Ok::<_, String>(String::from_utf8_lossy(&output.stdout).into_owned())
        };
        expect(place, see(&["list", place])?, "item".into())?;
        expect("read-only", see(&["mkdir", &format!("{place}/x")])?, "EROFS".into())?;
        expect("IDs", see(&["uid"])?, ids.clone())?;
        expect("host's files", see(&["path", "/usr/bin/env"])?, "present".into())?;
        let passwd = fs::read_to_string("/etc/passwd").map_err(|e| e.to_string())?;
        expect("host's /etc", see(&["read", "/etc/passwd"])?, passwd)?;
        let cwd = bench.scratch.file_name().unwrap().to_str().unwrap();
        expect("directory", see(&["list", &format!("../{cwd}")])?, see(&["list", "."])?)?;
        // Bit 12 is SIGPIPE; a Rust program cannot tell, since its own runtime ignores it.
        let ignored = see(&["/bin/sh", "-c", "grep SigIgn /proc/self/status"])?;
        let ignored = u64::from_str_radix(ignored.trim_start_matches("SigIgn:").trim(), 16);
        expect("SIGPIPE", ignored.map(|bits| bits >> 12 & 1), Ok(0))?;
        expect("host's /proc", see(&["processes"])? != "1", true)?;
        expect("environment", see(&["environment"])?.contains("SEEN=yes"), true)?;
    }
    expect("traces on the host", Path::new("/fruix-test").exists(), false)
}

/// In a process with several threads it is refused, before anything has changed.
fn store_view_with_threads(bench: &Bench) -> Check {
    let mounts = vec![Mount {
        source: bench.scratch.clone(),
        target: "/fruix-test".into(),
        access: Access::ReadOnly,
    }];
    let view = StoreView { mounts, program: "/bin/true".into(), args: vec![], env: vec![] };
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let other = std::thread::spawn(move || receiver.recv());
    let error = view.exec();
    drop(sender);
    let _ = other.join();
    match error {
        Error::Threads { threads } if threads > 1 => Ok(()),
        other => Err(other.to_string()),
    }
}
