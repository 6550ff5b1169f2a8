// SPDX-License-Identifier: GPL-3.0-or-later
//! The rows: what a build sees, and which part of the isolation is responsible. Each is run twice: as
//! it is, and with that part left out, when it must see something else.

use std::fs;
use std::net::TcpListener;
use std::os::fd::IntoRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use fruix_sandbox::{BuildRequest, GUEST_GID, GUEST_UID, Identity, Network, Part};

use super::bench::{BUILD_USER, Bench, Report, run};

/// One row.
struct Row {
    name: &'static str,
    part: Part,
    args: Vec<String>,
    /// What the probe must print.
    want: String,
    adapt: fn(&Bench, &mut BuildRequest),
    /// Why the run with the part left out would show nothing on this machine.
    no_control: Option<&'static str>,
}

impl Row {
    fn adapt(mut self, adapt: fn(&Bench, &mut BuildRequest)) -> Self {
        self.adapt = adapt;
        self
    }

    fn control_unless(mut self, condition: bool, why: &'static str) -> Self {
        self.no_control = condition.then_some(why);
        self
    }
}

fn row(name: &'static str, part: Part, args: &[&str], want: impl Into<String>) -> Row {
    Row {
        name,
        part,
        args: args.iter().map(|&a| a.to_owned()).collect(),
        want: want.into(),
        adapt: |_, _| {},
        no_control: None,
    }
}

/// A key that the host's session holds.
const KEY: &str = "fruix-isolation-test";

/// Put it there, into a session keyring that is this process's alone.
fn make_key() {
    let (kind, key) = (c"user", std::ffi::CString::new(KEY).unwrap());
    let session = -3;
    let null = std::ptr::null::<u8>();
    let added = unsafe {
        libc::syscall(libc::SYS_keyctl, 1, null);
        libc::syscall(libc::SYS_add_key, kind.as_ptr(), key.as_ptr(), key.as_ptr(), 4, session)
    };
    assert!(added > 0, "adding a key");
}

/// Things on the host that builds must not find, kept while the tests run.
struct Host {
    listener: TcpListener,
    _abstract: UnixListener,
    abstract_name: String,
    segment: i32,
    segment_key: i32,
}

impl Host {
    fn new() -> Self {
        let abstract_name = format!("fruix-isolation-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        let segment_key = 0x6672_0000 | (std::process::id() & 0xffff) as i32;
        let segment = unsafe { libc::shmget(segment_key, 4096, libc::IPC_CREAT | 0o666) };
        assert!(segment >= 0, "creating a shared memory segment");
        make_key();
        // What a careless parent leaves to its children.
        let groups = [0, 4242];
        if unsafe { libc::geteuid() } == 0 {
            assert_eq!(unsafe { libc::setgroups(2, groups.as_ptr()) }, 0);
        }
        unsafe { libc::signal(libc::SIGUSR1, libc::SIG_IGN) };
        let stray = fs::File::open("/").unwrap().into_raw_fd();
        unsafe { libc::dup2(stray, 99) };
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        unsafe { libc::getrlimit(libc::RLIMIT_CORE, &raw mut limit) };
        limit.rlim_cur = limit.rlim_max;
        unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const limit) };
        Self {
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            _abstract: UnixListener::bind_addr(&address).unwrap(),
            abstract_name,
            segment,
            segment_key,
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        unsafe { libc::shmctl(self.segment, libc::IPC_RMID, std::ptr::null_mut()) };
    }
}

fn has_default_route() -> bool {
    std::net::UdpSocket::bind("0.0.0.0:0").is_ok_and(|s| s.connect("192.0.2.1:9").is_ok())
}

fn can_scope_sockets() -> bool {
    // The version of Landlock's interface; 6 brought scopes.
    let version =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0, 1) };
    version >= 6
}

fn core_dumps_possible() -> bool {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    unsafe { libc::getrlimit(libc::RLIMIT_CORE, &raw mut limit) };
    limit.rlim_max > 0
}

fn rows(bench: &Bench, host: &Host) -> Vec<Row> {
    let mut rows = file_rows(bench);
    rows.extend(network_rows(host));
    rows.extend(process_rows(bench, host));
    if bench.identity != Identity::Caller {
        rows.extend(root_rows());
    }
    rows
}

fn file_rows(bench: &Bench) -> Vec<Row> {
    use Part::{Devices, ReadOnlyMounts, RootFileSystem, RootPermissions, SetuidFilter};
    let scratch = bench.scratch.to_str().unwrap();
    let probe_dir = bench.probe.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let declared = format!("{scratch}/store/aaa-declared");
    let undeclared = format!("{scratch}/store/bbb-undeclared");
    let (uid, gid) = bench.identity.inside();
    let passwd = format!(
        "nixbld:x:{uid}:{gid}:Nix build user:/:/noshell\nnobody:x:65534:65534:Nobody:/:/noshell\n"
    );
    let with_input = |bench: &Bench, request: &mut BuildRequest| {
        request.input(bench.scratch.join("store/aaa-declared"));
    };
    vec![
        row("no /usr/bin/env", RootFileSystem, &["path", "/usr/bin/env"], "absent"),
        row("no /bin/sh", RootFileSystem, &["path", "/bin/sh"], "absent"),
        row("no /home", RootFileSystem, &["path", "/home"], "absent"),
        row("nothing else in /etc", RootFileSystem, &["list", "/etc"], "group hosts passwd"),
        row("a private /tmp", RootFileSystem, &["list", "/tmp"], probe_dir),
        row("no /sys", RootFileSystem, &["path", "/sys/kernel"], "absent"),
        row("made-up passwd", RootFileSystem, &["read", "/etc/passwd"], passwd),
        row("undeclared item", RootFileSystem, &["path", &undeclared], "absent").adapt(with_input),
        row(
            "declared item alone",
            RootFileSystem,
            &["list", &format!("{scratch}/store")],
            "aaa-declared",
        )
        .adapt(with_input),
        row("inputs read-only", ReadOnlyMounts, &["append", &format!("{declared}/file")], "EROFS")
            .adapt(with_input),
        row("mkdir in /", RootPermissions, &["mkdir", "/oops"], "EACCES"),
        row(
            "devices",
            Devices,
            &["list", "/dev"],
            "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero",
        ),
        row("no other terminals", Devices, &["path", "/dev/console"], "absent").control_unless(
            fs::symlink_metadata("/dev/console").is_err(),
            "this machine has no /dev/console",
        ),
        row("setuid bit", SetuidFilter, &["chmod", "/tmp/x", "4755"], "EPERM"),
        row("setgid bit", SetuidFilter, &["chmod", "/tmp/x", "2755"], "EPERM"),
        row("setuid at creation", SetuidFilter, &["create-setuid", "/tmp/x"], "refused"),
    ]
}

fn network_rows(host: &Host) -> Vec<Row> {
    use Part::NetworkNamespace;
    let address = host.listener.local_addr().unwrap().to_string();
    let socket = &host.abstract_name;
    vec![
        row("host's loopback", NetworkNamespace, &["tcp", &address], "ECONNREFUSED"),
        row("network elsewhere", NetworkNamespace, &["udp", "192.0.2.1:9"], "ENETUNREACH")
            .control_unless(!has_default_route(), "this machine has no route to anywhere"),
        row("abstract sockets", NetworkNamespace, &["abstract", socket], "ECONNREFUSED"),
        row("abstract sockets with network", Part::AbstractSockets, &["abstract", socket], "EPERM")
            .adapt(|_, request| request.network = Network::Host)
            .control_unless(!can_scope_sockets(), "this kernel cannot restrict abstract sockets"),
    ]
}

/// What only root can do for a build.
fn root_rows() -> Vec<Row> {
    vec![row("supplementary groups", Part::Ids, &["status", "Groups"], "")]
}

fn process_rows(bench: &Bench, host: &Host) -> Vec<Row> {
    use Part::*;
    let ids = match bench.identity {
        Identity::BuildUser { .. } => format!("{BUILD_USER} {BUILD_USER}"),
        _ => format!("{GUEST_UID} {GUEST_GID}"),
    };
    let caps = ["status", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];
    let linux32 = if cfg!(target_arch = "aarch64") { "armv8l" } else { "i686" };
    vec![
        row("process ID", Processes, &["pid"], "1"),
        row("other processes", Processes, &["processes"], "1"),
        row("other processes in /proc", Proc, &["processes"], "1"),
        row("user, group, names", Ids, &["ids"], format!("{ids} nixbld nixbld")),
        row("host name", Hostname, &["hostname"], "localhost test-domain")
            .adapt(|_, request| request.domainname = "test-domain".into()),
        row("System V IPC", Ipc, &["shm", &host.segment_key.to_string()], "ENOENT"),
        row("no capabilities", Capabilities, &caps, ["0000000000000000"; 5].join(" ")),
        row("no new privileges", NoNewPrivileges, &["status", "NoNewPrivs"], "1"),
        row("system call filter", SetuidFilter, &["status", "Seccomp"], "2"),
        row("fixed addresses", Personality, &["read", "/proc/self/personality"], "00040000\n"),
        row("32-bit machine", Personality, &["machine"], linux32)
            .adapt(|_, request| request.personality.linux32 = true),
        row("umask", Umask, &["status", "Umask"], "0022"),
        row("core dumps", CoreLimit, &["core"], "0")
            .control_unless(!core_dumps_possible(), "core dumps are disabled on this machine"),
        row("descriptors", Descriptors, &["descriptors"], "0 1 2"),
        row("session", Session, &["session"], "own"),
        row("environment", Environment, &["environment"], "A=1 B=x y").adapt(|_, request| {
            request.env = vec![("A".into(), "1".into()), ("B".into(), "x y".into())];
        }),
        row("lack of memory", OomScore, &["read", "/proc/self/oom_score_adj"], "1000\n"),
        row("session keyring", Keyring, &["key", KEY], "ENOKEY"),
        row("ignored signals", Signals, &["ignores", &libc::SIGUSR1.to_string()], "0"),
    ]
}

/// Two store items below the scratch directory, writable by anybody as far as permissions go.
fn make_items(bench: &Bench) {
    for item in ["aaa-declared", "bbb-undeclared"] {
        let dir = bench.scratch.join("store").join(item);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("file"), "contents").unwrap();
        fs::set_permissions(dir.join("file"), fs::Permissions::from_mode(0o666)).unwrap();
    }
}

fn see(bench: &Bench, row: &Row, leave_out: bool) -> Result<String, String> {
    bench.clean();
    make_items(bench);
    let args: Vec<&str> = row.args.iter().map(String::as_str).collect();
    let mut request = bench.request(&args);
    (row.adapt)(bench, &mut request);
    if leave_out {
        request.without(row.part);
    }
    match run(request) {
        Ok((outcome, seen)) if outcome.success() => Ok(seen),
        Ok((outcome, seen)) => Err(format!("the probe ended with {outcome:?}: {seen}")),
        Err(error) => Err(error.to_string()),
    }
}

fn isolated(bench: &Bench, row: &Row) -> Result<(), String> {
    let seen = see(bench, row, false)?;
    if seen == row.want { Ok(()) } else { Err(format!("expected {:?}, got {seen:?}", row.want)) }
}

fn control(bench: &Bench, row: &Row) -> Result<(), String> {
    let seen = see(bench, row, true)?;
    // What is refused for a reason must then succeed, not fail for another one.
    let errno = row.want.starts_with('E') && row.want.chars().all(|c| c.is_ascii_uppercase());
    if seen == row.want || (errno && seen != "done") {
        return Err(format!("it sees {seen:?} without {:?}", row.part));
    }
    Ok(())
}

pub fn run_all(bench: &Bench, report: &mut Report) {
    let host = Host::new();
    bench.clean();
    for row in rows(bench, &host) {
        if !report.wants(row.name) {
            continue;
        }
        let scoping = row.part == Part::AbstractSockets && row.no_control.is_some();
        if !scoping {
            report.note(row.name, isolated(bench, &row));
        }
        let name = format!("{} (without {:?})", row.name, row.part);
        match row.no_control {
            Some(why) => report.skip(&name, why),
            None => report.note(&name, control(bench, &row)),
        }
    }
}
