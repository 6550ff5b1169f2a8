// SPDX-License-Identifier: GPL-3.0-or-later
//! What this program is when a test needs a process of its own beside the build.

use std::time::Duration;

use fruix_sandbox::{Access, Identity, Mount, Part, Stdio, StoreView};

use super::bench::{BUILD_USER, Bench, run};

/// IDENTITY as an argument for a helper.
pub fn identity_word(identity: &Identity) -> &'static str {
    match identity {
        Identity::Caller => "caller",
        Identity::BuildUser { .. } => "build-user",
        Identity::Unassigned { .. } => "unassigned",
    }
}

/// The bench as described by a helper's first two arguments.
fn bench(args: &[String]) -> Bench {
    let identity = match args[0].as_str() {
        "caller" => Identity::Caller,
        "build-user" => Identity::BuildUser { uid: BUILD_USER, gid: BUILD_USER, groups: vec![] },
        _ => Identity::unassigned(8),
    };
    Bench::for_helper(args[1].clone().into(), identity)
}

/// A process that lets a build use its own standard descriptors.
pub fn inherit(args: &[String]) {
    let mut request = bench(args).request(&["both"]);
    request.stdio = Stdio::Inherit;
    if let Err(error) = run(request) {
        println!("{error}");
    }
}

/// A process that tries to build without the right to.
pub fn deprived(args: &[String]) {
    let bench = bench(args);
    if bench.identity == Identity::Caller {
        // In a user namespace of our own, of which no other can be made.
        let ids = unsafe { (libc::getuid(), libc::getgid()) };
        assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWUSER) }, 0);
        for (file, text) in [
            ("/proc/self/uid_map", format!("{} {} 1", ids.0, ids.0)),
            ("/proc/self/setgroups", "deny".into()),
            ("/proc/self/gid_map", format!("{} {} 1", ids.1, ids.1)),
            ("/proc/sys/user/max_user_namespaces", "0".into()),
        ] {
            std::fs::write(file, text).unwrap();
        }
    } else {
        // Like root in a container: everything but CAP_SYS_ADMIN.
        let mut sets = [0_u32; 6];
        let header = [0x2008_0522_u32, 0];
        let result = unsafe {
            libc::syscall(libc::SYS_capget, header.as_ptr(), sets.as_mut_ptr());
            sets[0] &= !(1 << 21);
            sets[1] &= !(1 << 21);
            libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr())
        };
        assert_eq!(result, 0);
    }
    match run(bench.request(&["pid"])) {
        Ok((_, log)) => print!("it ran: {log}"),
        Err(error) => print!("{error}"),
    }
}

/// The process that `abandon` kills. The build is started from a thread that ends at once, which must
/// not be taken for the end of the process.
pub fn orphan(args: &[String]) {
    let bench = bench(args);
    let file = bench.scratch.join("lock");
    let mut request = bench.request(&["hold", file.to_str().unwrap()]);
    bench.writable(&mut request);
    if args[2] == "without" {
        request.without(Part::DeathSignal);
    }
    let running =
        std::thread::spawn(move || fruix_sandbox::native().spawn(request)).join().unwrap();
    match running {
        Ok(running) => {
            std::thread::sleep(Duration::from_millis(100));
            println!("{}", running.pid());
            let _ = running.wait(&mut |_| {});
        }
        Err(error) => println!("{error}"),
    }
}

/// The process that becomes a program with a store at TARGET.
pub fn view(args: &[String]) {
    let [source, target, rest @ ..] = args else { return };
    let this = std::env::current_exe().unwrap();
    let (program, before): (_, &[&str]) = match rest.first() {
        Some(file) if file.starts_with('/') => (file.into(), &[]),
        _ => (this, &["probe", "probe"]),
    };
    let view = StoreView {
        mounts: vec![Mount {
            source: source.into(),
            target: target.into(),
            access: Access::ReadOnly,
        }],
        args: before
            .iter()
            .copied()
            .chain(rest.iter().map(String::as_str))
            .map(Into::into)
            .collect(),
        env: std::env::vars_os().collect(),
        program,
    };
    print!("{}", view.exec());
}
