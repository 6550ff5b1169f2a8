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
