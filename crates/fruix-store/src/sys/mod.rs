// SPDX-License-Identifier: GPL-3.0-or-later
//! What differs between operating systems: syncing a whole file system, extended attributes and
//! file flags, and looking into running processes.

#[cfg(target_os = "freebsd")]
mod freebsd;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "freebsd")]
pub(crate) use freebsd::{clear_attributes, each_runtime_path, sync_file_system};
#[cfg(target_os = "linux")]
pub(crate) use linux::{clear_attributes, each_runtime_path, sync_file_system};

/// The parts of a file's status whose types differ between systems, in one type everywhere.
pub(crate) struct Facts {
    /// Type and permissions.
    pub(crate) mode: u32,
    /// How many names the file has.
    pub(crate) links: u64,
    /// Seconds since the epoch.
    pub(crate) mtime: i64,
    /// Device and inode.
    pub(crate) inode: (u64, u64),
    /// Bytes on the disk.
    pub(crate) disk_bytes: u64,
}

impl Facts {
    /// Those of STAT.
    #[allow(clippy::unnecessary_cast)] // necessary on the other system
    pub(crate) fn of(stat: &rustix::fs::Stat) -> Facts {
        Facts {
            mode: stat.st_mode as u32,
            links: stat.st_nlink as u64,
            mtime: stat.st_mtime as i64,
            inode: (stat.st_dev as u64, stat.st_ino as u64),
            disk_bytes: stat.st_blocks as u64 * 512,
        }
    }
}
