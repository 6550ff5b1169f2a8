// SPDX-License-Identifier: GPL-3.0-or-later
//! The same derivations built by GNU Guix's own daemon.

use super::bench::Test;

pub const TESTS: &[Test] = &[];
