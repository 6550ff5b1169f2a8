// SPDX-License-Identifier: GPL-3.0-or-later
//! What happens while building, for whoever draws progress or speaks to a client.

use std::path::Path;

use fruix_core::StorePath;
use fruix_core::derivation::Derivation;
use fruix_protocol::BuildMode;

use crate::error::Error;

/// Something that happened. Events of one derivation come in order; those of derivations that are
/// built at the same time come from several threads.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// How many derivations will be built, unless others build them first or one fails.
    Planned {
        /// Their number.
        builds: usize,
    },
    /// A build begins.
    Started {
        /// The derivation.
        drv: &'a StorePath,
        /// Its contents.
        derivation: &'a Derivation,
        /// What the build is for.
        mode: BuildMode,
        /// Which round this is, from 1.
        round: u32,
        /// How many there are.
        rounds: u32,
        /// Where its output goes.
        log_file: Option<&'a Path>,
    },
    /// The builder of the derivation runs as process PID.
    Running {
        /// The derivation.
        drv: &'a StorePath,
        /// The process.
        pid: u32,
    },
    /// A build wrote something: pieces of any size, see [`LogLines`].
    Log {
        /// The derivation.
        drv: &'a StorePath,
        /// What it wrote.
        bytes: &'a [u8],
    },
    /// A download advances.
    Download {
        /// The derivation.
        drv: &'a StorePath,
        /// How.
        progress: fruix_fetch::Progress<'a>,
    },
    /// Another process or thread builds the same derivation; this one waits for it.
    Waiting {
        /// The derivation.
        drv: &'a StorePath,
    },
    /// The directory of a failed build was kept.
    Kept {
        /// The derivation.
        drv: &'a StorePath,
        /// The directory.
        directory: &'a Path,
    },
    /// A build has succeeded and its outputs are valid (or are what they were, in a check).
    Succeeded {
        /// The derivation.
        drv: &'a StorePath,
    },
    /// A derivation has failed. Those that fail for lack of an input are told too.
    Failed {
        /// The derivation.
        drv: &'a StorePath,
        /// Why.
        error: &'a Error,
    },
}

/// Gets told of [`Event`]s, from any thread.
pub trait Observer: Sync {
    /// EVENT has happened.
    fn event(&self, event: Event<'_>);
}

/// An observer that does not care.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn event(&self, _: Event<'_>) {}
}

impl<F: Fn(Event<'_>) + Sync> Observer for F {
    fn event(&self, event: Event<'_>) {
        self(event);
    }
}

/// Longer lines are cut into several: builds also write progress bars and binary data.
const LONGEST_LINE: usize = 64 * 1024;

/// Puts the pieces of a build's output together to lines.
#[derive(Debug, Default)]
pub struct LogLines {
    rest: Vec<u8>,
}

impl LogLines {
    /// Take BYTES and call LINE with each line that they complete, without its end.
    pub fn feed(&mut self, bytes: &[u8], mut line: impl FnMut(&[u8])) {
        let mut bytes = bytes;
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (first, others) = (&bytes[..end], &bytes[end + 1..]);
            if self.rest.is_empty() {
                line(first);
            } else {
                self.rest.extend_from_slice(first);
                line(&self.rest);
                self.rest.clear();
            }
            bytes = others;
        }
        self.rest.extend_from_slice(bytes);
        if self.rest.len() > LONGEST_LINE {
            self.finish(line);
        }
    }

    /// Call LINE with what follows the last end of a line, if anything.
    pub fn finish(&mut self, mut line: impl FnMut(&[u8])) {
        if !self.rest.is_empty() {
            line(&self.rest);
            self.rest.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together() {
        let mut lines = LogLines::default();
        let mut got = Vec::new();
        for piece in ["a", "b\nc\n", "\n", "", "d"] {
            lines.feed(piece.as_bytes(), |l| got.push(String::from_utf8_lossy(l).into_owned()));
        }
        lines.finish(|l| got.push(String::from_utf8_lossy(l).into_owned()));
        assert_eq!(got, ["ab", "c", "", "d"]);
    }
}
