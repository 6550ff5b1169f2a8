// SPDX-License-Identifier: GPL-3.0-or-later
//! The sequences of system calls, checked without privilege: a recorder in the kernel's place.

use std::ffi::CStr;
use std::path::Path;

use super::ops::{Message, Op, Step, program};
use super::plan::{build_plan, clone_flags};
use super::step_error;
use crate::output::Descriptors;
use crate::request::Part;
use crate::steps::{Syscalls, run};
use crate::unix::Errno;
use crate::{Access, BuildRequest, Error, Identity, Mount, Network, Result, Stdio};

/// Notes which steps it is asked for, and fails at one of them.
#[derive(Default)]
struct Recorder {
    seen: Vec<String>,
    fail_at: Option<(usize, Errno)>,
}

impl Syscalls<Op> for Recorder {
    fn perform(&mut self, op: &Op) -> std::result::Result<(), Errno> {
        if let Some((_, errno)) = self.fail_at.filter(|(index, _)| *index == self.seen.len()) {
            return Err(errno);
        }
        self.seen.push(format!("{op:?}"));
        Ok(())
    }
}

fn steps(identity: Identity, adapt: impl FnOnce(&mut BuildRequest)) -> Result<Vec<Step>> {
    let mut request = BuildRequest::new("/gnu/store/builder", vec!["-x".into()], identity);
    adapt(&mut request);
    Ok(build_plan(&request, Some(Descriptors { stdin: 10, output: 11 }))?.steps)
}

fn build_user() -> Identity {
    Identity::BuildUser { uid: 900, gid: 901, groups: vec![902] }
}

fn identities() -> [Identity; 3] {
    [Identity::Caller, build_user(), Identity::unassigned(0)]
}

/// The place of the first step that MATCHES.
fn place(steps: &[Step], matches: impl Fn(&Op) -> bool) -> usize {
    steps.iter().position(|s| matches(&s.op)).unwrap_or(usize::MAX)
}

#[test]
fn an_ordinary_users_sequence() -> Result<()> {
    let steps = steps(Identity::Caller, |_| {})?;
    let mut recorder = Recorder::default();
    assert_eq!(run(&steps, &mut recorder), Ok(()));
    assert_eq!(recorder.seen.len(), steps.len());
    let mut names: Vec<&str> = steps.iter().map(|s| s.what.as_str()).collect();
    names.dedup();
    let dev = |n: &&str| !n.contains("/dev");
    let names: Vec<&str> = names.into_iter().filter(dev).collect();
    assert_eq!(
        names,
        [
            "entering the user namespace",
            "resetting signals",
            "setting the file creation mask",
            "setting the host name",
            "setting the domain name",
            "starting the loopback interface",
            "keeping mounts private",
            "mounting tmpfs on /tmp",
            "creating a staging directory",
            "entering the staging directory",
            "mounting tmpfs on /",
            "creating /tmp",
            "setting permissions of /tmp",
            "creating /proc",
            "mounting proc on /proc",
            "volunteering for lack of memory",
            "creating /etc",
            "writing /etc/passwd",
            "writing /etc/group",
            "writing /etc/hosts",
            "setting permissions of /",
            "entering the new root",
            "changing the root directory",
            "detaching the host's file systems",
            "entering the new root",
            "creating a session",
            "creating a session keyring",
            "setting the personality",
            "disabling core dumps",
            "setting the file creation mask",
            "redirecting input and output",
            "closing descriptors",
            "bounding capabilities",
            "filtering system calls",
            "dropping capabilities",
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
fn privileges_go_in_an_order_that_works() -> Result<()> {
    for identity in identities() {
        let user = identity.inside().0;
        let other = identity != Identity::Caller;
        let steps = steps(identity, |r| r.network = Network::Host)?;
        let at = |matches: fn(&Op) -> bool| place(&steps, matches);
        let (bounding, filter) =
            (at(|o| *o == Op::DropBoundingSet), at(|o| matches!(o, Op::Filter { .. })));
        let (groups, uid) =
            (at(|o| matches!(o, Op::SetGroups { .. })), at(|o| matches!(o, Op::SetUid { .. })));
        let (capabilities, death) =
            (at(|o| *o == Op::DropCapabilities), at(|o| *o == Op::DeathSignal));
        let ready = at(|o| *o == Op::Ask(Message::Ready));
        let exec = at(|o| matches!(o, Op::Exec(_)));
        assert!(bounding < filter && filter < capabilities && capabilities < death);
        assert!(death < ready && ready < exec && exec == steps.len() - 1);
        assert!(at(|o| *o == Op::NoNewPrivileges) < exec);
        assert!(at(|o| *o == Op::ScopeAbstractSockets) < capabilities);
        if other {
            assert!(filter < groups && groups < uid && uid < capabilities);
            assert_eq!(steps[uid].op, Op::SetUid { uid: user });
            let unshare = at(|o| matches!(o, Op::Unshare { .. }));
            assert!(unshare == usize::MAX || unshare < bounding);
        } else {
            assert_eq!(uid, usize::MAX);
            assert_eq!(at(|o| *o == Op::Ask(Message::MapIds)), 0);
        }
    }
    Ok(())
}

#[test]
fn no_mount_after_the_host_is_detached() -> Result<()> {
    for identity in identities() {
        let steps = steps(identity, |_| {})?;
        let detach = place(&steps, |o| matches!(o, Op::Detach { .. }));
        let late = steps.iter().skip(detach).any(|s| {
            matches!(s.op, Op::Mount { .. } | Op::PivotRoot { .. } | Op::MountAttributes { .. })
        });
        assert!(detach < steps.len() && !late);
    }
    Ok(())
}

#[test]
fn what_is_bound_is_restricted_at_once_and_parents_come_first() -> Result<()> {
    let mount =
        |target: &str, access| Mount { source: "/usr".into(), target: target.into(), access };
    let steps = steps(build_user(), |request| {
        request.mounts =
            vec![mount("/gnu/store/b", Access::ReadOnly), mount("/gnu/store", Access::ReadWrite)];
    })?;
    let mut targets = Vec::new();
    for pair in steps.windows(2) {
        let Op::Mount { target, flags, .. } = &pair[0].op else { continue };
        if flags & libc::MS_BIND == 0 {
            continue;
        }
        let Op::MountAttributes { target: restricted, set } = &pair[1].op else {
            unreachable!("{} is not restricted", pair[0].what)
        };
        assert_eq!(target, restricted);
        assert_ne!(set & libc::MOUNT_ATTR_NOSUID, 0);
        let name = target.to_string_lossy().into_owned();
        assert_eq!(set & libc::MOUNT_ATTR_NODEV == 0, name.starts_with("/new/dev/"));
        assert_eq!(set & libc::MOUNT_ATTR_RDONLY != 0, name == "/new/gnu/store/b", "{name}");
        targets.push(name);
    }
    assert_eq!(&targets[targets.len() - 2..], ["/new/gnu/store", "/new/gnu/store/b"]);
    Ok(())
}

#[test]
fn any_failure_stops_everything() -> Result<()> {
    for identity in identities() {
        let steps = steps(identity, |_| {})?;
        for index in 0..steps.len() {
            let fail_at = Some((index, libc::EPERM));
            let mut recorder = Recorder { fail_at, ..Recorder::default() };
            assert_eq!(run(&steps, &mut recorder), Err((index, libc::EPERM)));
            assert_eq!(recorder.seen.len(), index);
            let error = step_error(&steps, index, libc::EPERM, Path::new("/gnu/store/builder"));
            let last = index == steps.len() - 1;
            assert_eq!(matches!(error, Error::Exec { .. }), last);
            assert!(last || error.to_string().contains(&steps[index].what), "{error}");
            assert!(!error.to_string().contains('\n'));
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
        Proc,
        Devices,
        Processes,
        NetworkNamespace,
        Ipc,
        Hostname,
        Ids,
        Capabilities,
        NoNewPrivileges,
        SetuidFilter,
        Personality,
        Umask,
        CoreLimit,
        Descriptors,
        Session,
        Keyring,
        OomScore,
        Environment,
        Signals,
        DeathSignal,
        AbstractSockets,
    ];
    for part in parts {
        let network = if part == AbstractSockets { Network::Host } else { Network::Private };
        let plan = |without: bool| {
            let mut request = BuildRequest::new("/p", vec![], build_user());
            request.input("/usr");
            request.network = network;
            if without {
                request.without(part);
            }
            Ok::<_, Error>((clone_flags(&request), build_plan(&request, None)?.steps))
        };
        assert_ne!(plan(true)?, plan(false)?, "{part:?}");
    }
    Ok(())
}

#[test]
fn network_keeps_the_hosts_namespace_and_files() -> Result<()> {
    let mut request = BuildRequest::new("/p", vec![], Identity::Caller);
    assert_ne!(clone_flags(&request) & libc::CLONE_NEWNET, 0);
    request.network = Network::Host;
    assert_eq!(clone_flags(&request) & libc::CLONE_NEWNET, 0);
    let steps = build_plan(&request, None)?.steps;
    let writes_hosts =
        |o: &Op| matches!(o, Op::WriteFile { path, .. } if path.as_c_str() == c"/new/etc/hosts");
    assert_eq!(place(&steps, writes_hosts) == usize::MAX, Path::new("/etc/hosts").exists());
    assert_eq!(place(&steps, |o| *o == Op::LoopbackUp), usize::MAX);
    Ok(())
}

#[test]
fn interactive_use_keeps_terminal_and_session() -> Result<()> {
    let mut request = BuildRequest::new("/p", vec![], Identity::Caller);
    request.stdio = Stdio::Inherit;
    let steps = build_plan(&request, None)?.steps;
    let keeps = |o: &Op| matches!(o, Op::NewSession | Op::Duplicate { .. });
    assert_eq!(place(&steps, keeps), usize::MAX);
    Ok(())
}

#[test]
fn arguments_and_environment_are_passed_as_they_are() -> Result<()> {
    let steps = steps(Identity::Caller, |r| r.env = vec![("A".into(), "b=c".into())])?;
    let program = program(&steps).expect("the last step is the execution");
    let text = |s: &CStr| s.to_string_lossy().into_owned();
    assert_eq!(text(&program.path), "/gnu/store/builder");
    assert_eq!(program.args.iter().map(|a| text(a)).collect::<Vec<_>>(), ["builder", "-x"]);
    assert_eq!(program.env.iter().map(|e| text(e)).collect::<Vec<_>>(), ["A=b=c"]);
    let wrong = |r: &mut BuildRequest| r.env = vec![("A=".into(), "".into())];
    assert!(matches!(self::steps(Identity::Caller, wrong), Err(Error::Request(_))));
    Ok(())
}
