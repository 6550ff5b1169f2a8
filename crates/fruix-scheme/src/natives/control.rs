// SPDX-License-Identifier: GPL-3.0-or-later
//! Procedures about procedures, fluids, dynamic states and the collector.

use crate::native::Native;

/// The procedures.
pub static NATIVES: &[Native] = &[];
