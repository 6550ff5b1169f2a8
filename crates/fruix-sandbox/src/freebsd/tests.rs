// SPDX-License-Identifier: GPL-3.0-or-later
//! The sequences of system calls, checked on any system: a recorder in the kernel's place.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::ops::{DISABLE, NEW, Op, Step, Value};
use super::plan::{Machine, Place, Plan, plan};
use crate::output::Descriptors;
use crate::request::Part;
use crate::steps::{Syscalls, run};
use crate::unix::Errno;
use crate::{Access, BuildRequest, Error, Identity, Mount, Network, Result};

/// Notes which steps it is asked for, and fails at one of them.
#[derive(Default)]
struct Recorder {
    seen: usize,
    fail_at: Option<usize>,
}

impl Syscalls<Op> for Recorder {
    fn perform(&mut self, _op: &Op) -> std::result::Result<(), Errno> {
        if self.fail_at == Some(self.seen) {
            return Err(libc::EPERM);
        }
        self.seen += 1;
        Ok(())
    }
}

fn machine() -> Machine {
    let addresses = ["192.0.2.7", "2001:db8::7"].iter().filter_map(|a| a.parse().ok()).collect();
    Machine { vimage: true, racct: true, processes: 1000, addresses }
}

fn place() -> Place {
    Place {
        name: "fruix1-0".into(),
        root: PathBuf::from("/var/run/fruix-jails/fruix1-0"),
        device_rules: 17920,
    }
}

fn planned(machine: &Machine, adapt: impl FnOnce(&mut BuildRequest)) -> Result<Plan> {
    let user = Identity::BuildUser { uid: 900, gid: 901, groups: vec![902] };
    let mut request = BuildRequest::new("/gnu/store/builder", vec!["-x".into()], user);
    adapt(&mut request);
    plan(&request, machine, &place(), Some(Descriptors { stdin: 10, output: 11 }))
}

fn names(steps: &[Step]) -> Vec<&str> {
    steps.iter().map(|s| s.what.as_str()).collect()
}

fn at(steps: &[Step], matches: impl Fn(&Op) -> bool) -> usize {
    steps.iter().position(|s| matches(&s.op)).unwrap_or(usize::MAX)
}

fn parameters(plan: &Plan) -> &[(&'static str, Value)] {
    plan.parent
        .iter()
        .find_map(|s| match &s.op {
            Op::CreateJail { parameters } => Some(&parameters[..]),
            _ => None,
        })
        .unwrap_or_default()
}

#[test]
fn the_whole_sequence() -> Result<()> {
    let plan = planned(&machine(), |_| {})?;
    assert_eq!(
        names(&plan.parent),
        [
            "mounting tmpfs on /",
            "creating /tmp",
            "setting permissions of /tmp",
            "creating /dev",
            "defining which devices a build sees",
            "mounting devfs on /dev",
            "creating /etc",
            "writing /etc/master.passwd",
            "making the password database",
            "writing /etc/group",
            "writing /etc/hosts",
            "setting permissions of /",
            "making the jail",
            "limiting the number of processes",
        ]
    );
    assert_eq!(
        names(&plan.child),
        [
            "resetting signals",
            "entering the jail",
            "starting the loopback interface",
            "creating a session",
            "fixing addresses",
            "disabling core dumps",
            "setting the file creation mask",
            "redirecting input and output",
            "redirecting input and output",
            "redirecting input and output",
            "closing descriptors",
            "setting the groups",
            "setting the group ID",
            "setting the user ID",
            "ruling out new privileges",
            "entering /",
            "asking to die with the parent",
            "waiting for the parent",
            "unblocking signals",
            "executing the program",
        ]
    );
    Ok(())
}

#[test]
fn nothing_is_done_with_roots_rights_after_they_are_given_up() -> Result<()> {
    let child = planned(&machine(), |_| {})?.child;
    let user = at(&child, |o| matches!(o, Op::SetUid { .. }));
    let privileged = |o: &Op| matches!(o, Op::Attach | Op::LoopbackUp | Op::SetGroups { .. });
    assert!(child.iter().skip(user).all(|s| !privileged(&s.op)));
    // Outside of the jail the child does nothing that the build could have a say in.
    assert!(at(&child, |o| *o == Op::Attach) < at(&child, |o| matches!(o, Op::Duplicate { .. })));
    assert_eq!(at(&child, |o| matches!(o, Op::Exec(_))), child.len() - 1);
    Ok(())
}

#[test]
fn what_the_jail_may_do_is_written_out() -> Result<()> {
    let plan = planned(&machine(), |_| {})?;
    let value = |name| parameters(&plan).iter().find(|p| p.0 == name).map(|p| &p.1);
    assert_eq!(value("children.max"), Some(&Value::Number(0)));
    assert_eq!(value("enforce_statfs"), Some(&Value::Number(2)));
    for denied in ["raw_sockets", "chflags", "mount", "set_hostname", "socket_af", "mlock"] {
        let name = format!("allow.no{denied}");
        assert!(parameters(&plan).contains(&(name.leak(), Value::Flag)), "{denied}");
    }
    for own in ["sysvmsg", "sysvsem", "sysvshm", "vnet"] {
        assert_eq!(value(own), Some(&NEW), "{own}");
    }
    Ok(())
}

#[test]
fn networks() -> Result<()> {
    let of = |machine: &Machine, network| -> Result<Vec<(String, String)>> {
        let plan = planned(machine, |r| r.network = network)?;
        let about = |name: &str| name.starts_with("ip") || name == "vnet";
        let loopback = at(&plan.child, |o| *o == Op::LoopbackUp) != usize::MAX;
        assert_eq!(loopback, machine.vimage && network == Network::Private);
        Ok(parameters(&plan)
            .iter()
            .filter(|p| about(p.0))
            .map(|(name, value)| ((*name).to_owned(), format!("{value:?}")))
            .collect())
    };
    let text = |v: Value| format!("{v:?}");
    let pair = |name: &str, value: Value| (name.to_owned(), text(value));
    let addresses = |some: &str| Value::Addresses(some.parse::<IpAddr>().into_iter().collect());
    let old = Machine { vimage: false, ..machine() };
    assert_eq!(of(&machine(), Network::Private)?, [pair("vnet", NEW)]);
    assert_eq!(of(&old, Network::Private)?, [pair("ip4", DISABLE), pair("ip6", DISABLE)]);
    // The host's loopback addresses are not among them.
    let named =
        [pair("ip4.addr", addresses("192.0.2.7")), pair("ip6.addr", addresses("2001:db8::7"))];
    assert_eq!(of(&machine(), Network::Host)?, named);
    let alone = Machine { addresses: Vec::new(), ..machine() };
    assert_eq!(of(&alone, Network::Host)?, [pair("ip4", DISABLE), pair("ip6", DISABLE)]);
    Ok(())
}

#[test]
fn parents_are_mounted_first_and_inputs_read_only() -> Result<()> {
    let mount =
        |target: &str, access| Mount { source: "/usr".into(), target: target.into(), access };
    let plan = planned(&machine(), |request| {
        request.mounts =
            vec![mount("/gnu/store/b", Access::ReadOnly), mount("/gnu/store", Access::ReadWrite)];
    })?;
    let binds: Vec<(String, bool)> = plan
        .parent
        .iter()
        .filter_map(|s| match &s.op {
            Op::Mount { options, read_only } if options[0].1.as_c_str() == c"nullfs" => {
                Some((options[1].1.to_string_lossy().into_owned(), *read_only))
            }
            _ => None,
        })
        .collect();
    let root = place().root;
    let below = |path: &str| root.join(path).display().to_string();
    assert_eq!(binds, [(below("gnu/store"), false), (below("gnu/store/b"), true)]);
    let last = at(&plan.parent, |o| matches!(o, Op::CreateJail { .. }));
    let late = |s: &Step| matches!(s.op, Op::Mount { .. });
    assert!(!plan.parent.iter().skip(last).any(late));
    Ok(())
}

#[test]
fn accounts_get_the_fields_that_the_database_wants() -> Result<()> {
    let plan = planned(&machine(), |_| {})?;
    let contents = plan.parent.iter().find_map(|s| match &s.op {
        Op::WriteFile { path, contents, mode: 0o600 }
            if path.to_bytes().ends_with(b"/etc/master.passwd") =>
        {
            Some(String::from_utf8_lossy(contents).into_owned())
        }
        _ => None,
    });
    let expected = "nixbld:*:900:901::0:0:Nix build user:/:/noshell\n\
                    nobody:*:65534:65534::0:0:Nobody:/:/noshell\n";
    assert_eq!(contents.as_deref(), Some(expected));
    Ok(())
}

#[test]
fn any_failure_stops_everything() -> Result<()> {
    let plan = planned(&machine(), |_| {})?;
    for steps in [&plan.parent, &plan.child] {
        assert_eq!(run(steps, &mut Recorder::default()), Ok(()));
        for index in 0..steps.len() {
            let mut recorder = Recorder { fail_at: Some(index), ..Recorder::default() };
            assert_eq!(run(steps, &mut recorder), Err((index, libc::EPERM)));
            assert_eq!(recorder.seen, index);
        }
    }
    Ok(())
}

#[test]
fn every_part_left_out_changes_something() -> Result<()> {
    use Part::*;
    let parts = [
        RootFileSystem,
        RootPermissions,
        ReadOnlyMounts,
        Devices,
        NetworkNamespace,
        Ipc,
        Hostname,
        Ids,
        NoNewPrivileges,
        Personality,
        Umask,
        CoreLimit,
        Descriptors,
        Session,
        Environment,
        Signals,
        DeathSignal,
    ];
    for part in parts {
        let steps = |without: bool| {
            let plan = planned(&machine(), |request| {
                request.input("/usr");
                if without {
                    request.without(part);
                }
            })?;
            Ok::<_, Error>((plan.parent, plan.child))
        };
        assert_ne!(steps(true)?, steps(false)?, "{part:?}");
    }
    Ok(())
}

#[test]
fn only_build_users_build() {
    for identity in [Identity::Caller, Identity::unassigned(0)] {
        let request = BuildRequest::new("/p", vec![], identity);
        let error = plan(&request, &machine(), &place(), None).err();
        let text = error.map(|e| e.to_string()).unwrap_or_default();
        assert!(text.contains("pw useradd") && !text.contains('\n'), "{text}");
    }
}

#[test]
fn a_link_is_shown_as_a_link() -> Result<()> {
    let dir = tempfile::tempdir().map_err(|source| Error::Io { what: "a test", source })?;
    let link = dir.path().join("link");
    std::os::unix::fs::symlink("/nowhere", &link)
        .map_err(|source| Error::Io { what: "a test", source })?;
    let plan = planned(&machine(), |request| {
        let mount =
            Mount { source: link, target: Path::new("/l").into(), access: Access::ReadOnly };
        request.mounts = vec![mount];
    })?;
    let shown =
        |o: &Op| matches!(o, Op::Symlink { contents, .. } if contents.as_c_str() == c"/nowhere");
    assert_ne!(at(&plan.parent, shown), usize::MAX);
    Ok(())
}
