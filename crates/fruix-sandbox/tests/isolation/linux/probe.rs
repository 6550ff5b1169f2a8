// SPDX-License-Identifier: GPL-3.0-or-later
//! The program that runs inside: each subcommand looks at one thing and prints what it found, with
//! errors as their symbolic names.

use std::ffi::CString;
use std::fs;
use std::io::{self, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

fn name(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EACCES) => "EACCES".into(),
        Some(libc::EPERM) => "EPERM".into(),
        Some(libc::EROFS) => "EROFS".into(),
        Some(libc::ENOENT) => "ENOENT".into(),
        Some(libc::ECONNREFUSED) => "ECONNREFUSED".into(),
        Some(libc::ENETUNREACH) => "ENETUNREACH".into(),
        Some(libc::ENOKEY) => "ENOKEY".into(),
        Some(libc::ENOSYS) => "ENOSYS".into(),
        other => format!("error {other:?}"),
    }
}

fn outcome<T>(result: io::Result<T>) -> String {
    result.map_or_else(|e| name(&e), |_| "done".into())
}

fn status_field(field: &str) -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with(field)).unwrap_or("");
    line.split_whitespace().nth(1).unwrap_or("").to_owned()
}

fn listing(dir: &str) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The name of the entry of a passwd-like FILE whose third field is ID.
fn account(file: &str, id: u32) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let found = text.lines().find(|l| l.split(':').nth(2) == Some(&id.to_string()));
    found.and_then(|l| l.split(':').next()).unwrap_or("?").to_owned()
}

fn check(result: i32) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Take the lock on FILE, which is dropped by the death of every process that shares it.
fn lock(file: &str) -> io::Result<fs::File> {
    let file = fs::File::options().read(true).write(true).open(file)?;
    // SAFETY: the descriptor is open.
    check(unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) })?;
    Ok(file)
}

/// Leave a process behind which has its own session, holds the lock on FILE, and whose number is there.
fn daemonise(file: &str) {
    let Ok(lock) = lock(file) else { return print!("cannot lock {file}") };
    // SAFETY: this program has one thread.
    if unsafe { libc::fork() } == 0 {
        unsafe { libc::setsid() };
        if unsafe { libc::fork() } == 0 {
            let _ = fs::write(file, std::process::id().to_string());
            // Nothing of the log pipe may stay open.
            for fd in 0..3 {
                unsafe { libc::close(fd) };
            }
            std::thread::sleep(Duration::from_secs(60));
        }
        unsafe { libc::_exit(0) };
    }
    while fs::read(file).is_ok_and(|s| s.is_empty()) {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(lock);
    print!("left behind");
}

fn abstract_socket(socket: &str) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixStream};
    UnixStream::connect_addr(&SocketAddr::from_abstract_name(socket)?).map(drop)
}

fn chmod(path: &str, mode: u32) -> io::Result<()> {
    fs::write(path, "x")?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// Look for a key in the session's keyring.
fn find_key(key: &str) -> io::Result<()> {
    let (search, session) = (10, -3);
    let key = CString::new(key)?;
    let kind = c"user";
    let found =
        unsafe { libc::syscall(libc::SYS_keyctl, search, session, kind.as_ptr(), key.as_ptr(), 0) };
    check(if found > 0 { 0 } else { -1 })
}

/// Every way to create a file with the set-user-ID bit in one go.
fn create_setuid(path: &str) -> String {
    let path = CString::new(path).unwrap_or_default();
    let create = libc::O_CREAT | libc::O_EXCL | libc::O_WRONLY;
    let how = [create as u64, 0o4755, 0];
    // SAFETY: the path is a C string; `how` has open_how's layout and size.
    let calls: [(&str, i64); 3] = unsafe {
        [
            ("open", i64::from(libc::open(path.as_ptr(), create, 0o4755))),
            ("mknod", i64::from(libc::mknod(path.as_ptr(), libc::S_IFREG | 0o4755, 0))),
            (
                "openat2",
                libc::syscall(libc::SYS_openat2, libc::AT_FDCWD, path.as_ptr(), how.as_ptr(), 24),
            ),
        ]
    };
    let made = calls.iter().find(|(_, result)| *result >= 0);
    made.map_or_else(|| "refused".into(), |(name, _)| format!("made by {name}"))
}

fn uname() -> [String; 3] {
    // SAFETY: zeros are valid for `utsname`, and the kernel terminates its strings.
    unsafe {
        let mut uts: libc::utsname = std::mem::zeroed();
        libc::uname(&raw mut uts);
        let text =
            |p: *const libc::c_char| std::ffi::CStr::from_ptr(p).to_string_lossy().into_owned();
        [text(uts.nodename.as_ptr()), text(uts.domainname.as_ptr()), text(uts.machine.as_ptr())]
    }
}

pub fn run(args: &[String]) {
    let arg = |n: usize| args.get(n).map_or("", String::as_str);
    // SAFETY: all calls without pointers.
    let (uid, gid, session) = unsafe { (libc::getuid(), libc::getgid(), libc::getsid(0)) };
    let text = match arg(0) {
        "path" => if fs::symlink_metadata(arg(1)).is_ok() { "present" } else { "absent" }.into(),
        "read" => fs::read_to_string(arg(1)).unwrap_or_else(|e| name(&e)),
        "list" => listing(arg(1)).join(" "),
        "mkdir" => outcome(fs::create_dir(arg(1))),
        "append" => outcome(fs::File::options().append(true).open(arg(1))),
        "tcp" => outcome(TcpStream::connect(arg(1))),
        "udp" => outcome(UdpSocket::bind("0.0.0.0:0").and_then(|s| s.connect(arg(1)))),
        "listen" => outcome(std::net::TcpListener::bind("127.0.0.1:0")),
        "abstract" => outcome(abstract_socket(arg(1))),
        "processes" => {
            let numbers = listing("/proc").iter().filter(|n| n.parse::<u32>().is_ok()).count();
            numbers.to_string()
        }
        "pid" => std::process::id().to_string(),
        "ids" => {
            format!("{uid} {gid} {} {}", account("/etc/passwd", uid), account("/etc/group", gid))
        }
        "uid" => format!("{uid} {gid}"),
        "hostname" => format!("{} {}", uname()[0], uname()[1]),
        "machine" => uname()[2].clone(),
        "status" => args[1..].iter().map(|f| status_field(f)).collect::<Vec<_>>().join(" "),
        "ignores" => {
            let ignored = u64::from_str_radix(&status_field("SigIgn"), 16).unwrap_or(0);
            let signal: u32 = arg(1).parse().unwrap_or(1);
            (ignored >> (signal - 1) & 1).to_string()
        }
        "environment" => {
            std::env::vars().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" ")
        }
        "descriptors" => {
            let open = |fd: &i32| unsafe { libc::fcntl(*fd, libc::F_GETFD) } >= 0;
            (0..1024).filter(open).map(|fd| fd.to_string()).collect::<Vec<_>>().join(" ")
        }
        "session" => if session == std::process::id() as i32 { "own" } else { "another's" }.into(),
        "core" => {
            let mut limit = libc::rlimit { rlim_cur: 1, rlim_max: 1 };
            unsafe { libc::getrlimit(libc::RLIMIT_CORE, &raw mut limit) };
            limit.rlim_cur.to_string()
        }
        "shm" => outcome(check(unsafe { libc::shmget(arg(1).parse().unwrap_or(0), 0, 0) })),
        "key" => outcome(find_key(arg(1))),
        "chmod" => outcome(chmod(arg(1), u32::from_str_radix(arg(2), 8).unwrap_or(0))),
        "create-setuid" => create_setuid(arg(1)),
        "daemonise" => return daemonise(arg(1)),
        "hold" => {
            // Until somebody kills this process.
            let _lock = lock(arg(1));
            let _ = fs::write(arg(1), "held");
            std::thread::sleep(Duration::from_secs(60));
            "survived".into()
        }
        "pty" => {
            // SAFETY: plain integers.
            let fd = unsafe { libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY) };
            outcome(check(fd).map(|()| unsafe { OwnedFd::from_raw_fd(fd) }))
        }
        "stdin" => {
            let mut input = String::new();
            outcome(io::Read::read_to_string(&mut io::stdin(), &mut input)) + &input
        }
        "both" => {
            print!("out ");
            let _ = io::stdout().flush();
            eprint!("err");
            String::new()
        }
        "exit" => std::process::exit(arg(1).parse().unwrap_or(99)),
        "abort" => unsafe { libc::raise(libc::SIGTERM) }.to_string(),
        "flood" => loop {
            println!("{}", "x".repeat(100));
        },
        other => format!("no such probe: {other}"),
    };
    print!("{text}");
}
