// SPDX-License-Identifier: GPL-3.0-or-later
//! The host as it is, but for a few directories that appear elsewhere: how a program of an embedded
//! store finds itself below `/gnu/store` ([`StoreView`]).
//!
//! Where the host has a directory at that place already, a bind mount in a namespace of our own does.
//! Where it has none, an ordinary user cannot make one; so the root directory is put together anew on
//! a tmpfs, every entry of the host's root bound or linked into it, and the missing directories made.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::ops::Op;
use super::plan::Plan;
use super::real;
use crate::unix::{Program, c_string};
use crate::{Access, Error, Mount, Result, StoreView};

pub(crate) fn exec_in_view(view: &StoreView) -> Error {
    match threads().and_then(|()| view_plan(view)) {
        Ok(plan) => match real::run_here(&plan.steps) {
            Some((index, errno)) => super::step_error(&plan.steps, index, errno, &view.program),
            None => Error::Request("the program's execution returned".into()),
        },
        Err(error) => error,
    }
}

/// Only a process with a single thread can enter a user namespace.
fn threads() -> Result<()> {
    let threads = fs::read_dir("/proc/self/task")
        .map_err(|source| Error::Source { path: "/proc/self/task".into(), source })?
        .count();
    if threads == 1 { Ok(()) } else { Err(Error::Threads { threads }) }
}

fn view_plan(view: &StoreView) -> Result<Plan> {
    let mut plan = Plan::default();
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let cwd = std::env::current_dir()
        .map_err(|source| Error::Io { what: "finding the current directory", source })?;
    if uid == 0 {
        plan.push("creating a mount namespace", Op::Unshare { flags: libc::CLONE_NEWNS });
    } else {
        let flags = libc::CLONE_NEWUSER | libc::CLONE_NEWNS;
        plan.push("creating a user namespace", Op::Unshare { flags });
        for (file, contents) in [
            ("setgroups", "deny".to_owned()),
            ("uid_map", format!("{uid} {uid} 1")),
            ("gid_map", format!("{gid} {gid} 1")),
        ] {
            let path = c_string(format!("/proc/self/{file}"))?;
            plan.push("entering the user namespace", Op::Poke { path, contents: contents.into() });
        }
    }
    let missing: Vec<&Mount> = view
        .mounts
        .iter()
        .filter(|m| !fs::symlink_metadata(&m.target).is_ok_and(|m| m.is_dir()))
        .collect();
    if missing.is_empty() {
        bind_in_place(&mut plan, &view.mounts)?;
    } else {
        new_root(&mut plan, &view.mounts)?;
    }
    // Under its own name: the old working directory belongs to the mounts that were left.
    let path = c_string(cwd.as_os_str().as_bytes())?;
    plan.push(format!("returning to {}", cwd.display()), Op::Chdir { path });
    // Rust's runtime ignores it, and the program must not inherit that.
    plan.push("resetting SIGPIPE", Op::DefaultSigpipe);
    plan.push(
        "executing the program",
        Op::Exec(Program::new(&view.program, &view.args, &view.env)?),
    );
    Ok(plan)
}

fn attributes(mount: &Mount) -> u64 {
    match mount.access {
        Access::ReadOnly => libc::MOUNT_ATTR_RDONLY,
        Access::ReadWrite => 0,
    }
}

fn bind_in_place(plan: &mut Plan, mounts: &[Mount]) -> Result<()> {
    let empty = c_string("")?;
    plan.push(
        "keeping mounts private",
        Op::Mount {
            source: c_string("none")?,
            target: c_string("/")?,
            fstype: empty.clone(),
            flags: libc::MS_REC | libc::MS_SLAVE,
            data: empty,
        },
    );
    for mount in mounts {
        let source = fs::canonicalize(&mount.source)
            .map_err(|source| Error::Source { path: mount.source.clone(), source })?;
        let (from, to) = (source.as_os_str().as_bytes(), mount.target.as_os_str().as_bytes());
        let name = mount.target.display().to_string();
        plan.bind_over(c_string(from)?, c_string(to)?, attributes(mount), &name)?;
    }
    Ok(())
}

fn new_root(plan: &mut Plan, mounts: &[Mount]) -> Result<()> {
    plan.enter_staging(libc::MS_SLAVE)?;
    plan.mount("tmpfs", "/new", 0, "mode=0755")?;
    mirror(plan, Path::new("/"), mounts)?;
    let mut mounts: Vec<_> = mounts.iter().collect();
    mounts.sort_by(|a, b| a.target.cmp(&b.target));
    for mount in mounts {
        let source = fs::canonicalize(&mount.source)
            .map_err(|source| Error::Source { path: mount.source.clone(), source })?;
        plan.bind(&source, &mount.target, attributes(mount))?;
    }
    plan.leave_staging()
}

/// Show each entry of the host's directory DIR at its own place, but for those on the way to one of
/// MOUNTS: these become directories of ours, with the same done inside.
fn mirror(plan: &mut Plan, dir: &Path, mounts: &[Mount]) -> Result<()> {
    let fail = |source| Error::Source { path: dir.to_owned(), source };
    let mut entries: Vec<PathBuf> = fs::read_dir(dir)
        .map_err(fail)?
        .map(|entry| entry.map(|e| dir.join(e.file_name())))
        .collect::<std::io::Result<_>>()
        .map_err(fail)?;
    entries.sort();
    for entry in entries {
        if mounts.iter().any(|m| m.target == entry) {
            continue;
        }
        if mounts.iter().any(|m| m.target.starts_with(&entry)) {
            plan.directory(&entry)?;
            if entry.is_dir() {
                mirror(plan, &entry, mounts)?;
            }
        } else {
            plan.bind(&entry, &entry, 0)?;
        }
    }
    Ok(())
}
