// SPDX-License-Identifier: GPL-3.0-or-later
//! FreeBSD's backend: jails.
//!
//! `plan` turns a request into steps, `ops` is the seam to the kernel, `real` carries the steps out, `backend`
//! makes jails, follows programs in them to their end and clears away what they leave. The first two
//! are tested on any system.

mod ops;
mod plan;
#[cfg(test)]
mod tests;

#[cfg(target_os = "freebsd")]
mod backend;
#[cfg(target_os = "freebsd")]
mod real;

#[cfg(target_os = "freebsd")]
pub(crate) use backend::{Native, exec_in_view, kill_processes_of};
