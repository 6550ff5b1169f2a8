// SPDX-License-Identifier: GPL-3.0-or-later
//! Build users: the members of a group, each lent to one build at a time by whoever schedules builds.

use std::fs;
use std::path::Path;

use crate::{Error, Identity, Result};

/// The group whose members are the build users, unless another one is named.
pub const BUILD_USERS_GROUP: &str = "guixbuild";

/// One build user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildUser {
    /// The account's name.
    pub name: String,
    /// The account's user ID.
    pub uid: u32,
    /// The group ID of the build users' group.
    pub gid: u32,
    /// Other groups that it is a member of.
    pub groups: Vec<u32>,
}

impl BuildUser {
    /// The identity of builds that run as this user.
    pub fn identity(&self) -> Identity {
        Identity::BuildUser { uid: self.uid, gid: self.gid, groups: self.groups.clone() }
    }
}

impl BuildUser {
    /// The members of GROUP according to this machine's `/etc/group` and `/etc/passwd`; `None` when
    /// there is no such group. Members that are root or have no account are an error.
    pub fn of_group(group: &str) -> Result<Option<Vec<Self>>> {
        Self::parse(group, &read("/etc/group")?, &read("/etc/passwd")?)
    }

    /// Like [`Self::of_group`], given the two files' contents.
    pub fn parse(group: &str, groups: &str, passwd: &str) -> Result<Option<Vec<Self>>> {
        let Some((gid, members)) =
            group_entries(groups).find_map(|(n, g, m)| (n == group).then_some((g, m)))
        else {
            return Ok(None);
        };
        let mut users = Vec::new();
        for name in members.split(',').filter(|m| !m.is_empty()) {
            let uid = passwd
                .lines()
                .map(|line| line.split(':').collect::<Vec<_>>())
                .find(|f| f.len() > 3 && f[0] == name)
                .and_then(|f| f[2].parse::<u32>().ok())
                .ok_or_else(|| {
                    Error::Request(format!("the member `{name}' of group `{group}' has no account"))
                })?;
            if uid == 0 {
                return Err(Error::Request(format!(
                    "the member `{name}' of group `{group}' is root, which may not build"
                )));
            }
            let others = group_entries(groups)
                .filter(|(_, g, m)| *g != gid && m.split(',').any(|m| m == name))
                .map(|(_, g, _)| g)
                .collect();
            users.push(BuildUser { name: name.into(), uid, gid, groups: others });
        }
        if users.is_empty() {
            return Err(Error::Request(format!("the build users' group `{group}' has no members")));
        }
        Ok(Some(users))
    }
}

/// The number of the group called NAME of this machine; `None` if there is none.
pub fn group_id(name: &str) -> Result<Option<u32>> {
    let groups = read("/etc/group")?;
    Ok(group_entries(&groups).find_map(|(group, gid, _)| (group == name).then_some(gid)))
}

fn read(path: &str) -> Result<String> {
    let path = Path::new(path);
    fs::read_to_string(path).map_err(|source| Error::Source { path: path.into(), source })
}

fn group_entries(groups: &str) -> impl Iterator<Item = (&str, u32, &str)> {
    groups.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let (name, _, gid) = (fields.next()?, fields.next()?, fields.next()?.parse().ok()?);
        Some((name, gid, fields.next().unwrap_or("")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str =
        "root:x:0:\nkvm:x:105:b2,someone\nguixbuild:x:999:b1,b2\nempty:x:7:\nbad:x:8:root\n";
    const PASSWD: &str = "root:x:0:0::/:/bin/sh\nb1:x:901:999::/:/\nb2:x:902:999::/:/\n";

    #[test]
    fn members_and_other_groups_are_found() -> Result<()> {
        let users = BuildUser::parse("guixbuild", GROUP, PASSWD)?.unwrap_or_default();
        assert_eq!(users.len(), 2);
        assert_eq!(
            (users[1].uid, users[1].gid, users[1].groups.as_slice()),
            (902, 999, &[105][..])
        );
        assert!(BuildUser::parse("nogroup", GROUP, PASSWD)?.is_none());
        assert!(BuildUser::parse("empty", GROUP, PASSWD).is_err());
        assert!(BuildUser::parse("bad", GROUP, PASSWD).is_err());
        Ok(())
    }
}
