// SPDX-License-Identifier: GPL-3.0-or-later
//! The first tool universe: a distribution's binary packages, made into store items.
//!
//! A [`lock`] pins packages by SHA-256, as the host's package index names them; [`universe`] says which
//! of them make which item, and with what recipe; [`relocate`] carries a recipe out, inside a build, as the
//! program `fruix-relocate`. `docs/seed.md` tells the whole story.

pub mod deb;
pub mod elf;
pub mod hostpath;
pub mod layout;
pub mod ld_wrapper;
pub mod lock;
pub mod recipe;
pub mod relocate;
pub mod scan;
pub mod tables;
pub mod universe;
