// SPDX-License-Identifier: GPL-3.0-or-later
//! What `set-options` says (`set-build-options` of `(guix store)`).

use std::io::{BufRead, Write};

use super::handshake::Version;
use super::primitives::{Reader, WireError, Writer};

/// From this minor version on, numbers of jobs and cores are among the named options.
const NAMED: u8 = 0x61;

/// How a client wants its requests to be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientOptions {
    /// Keep the directories of failed builds.
    pub keep_failed: bool,
    /// Go on with other builds after a failure.
    pub keep_going: bool,
    /// Build what cannot be substituted.
    pub fallback: bool,
    /// How much the daemon shall tell.
    pub verbosity: u32,
    /// Number of jobs, of clients before 0x161.
    pub max_jobs: Option<u32>,
    /// Seconds without output, of clients before 0x161.
    pub max_silent_time: Option<u32>,
    /// Let other machines build.
    pub offload: bool,
    /// How much of builds' output the daemon shall tell.
    pub build_verbosity: u32,
    /// How logs are nested: nobody heeds it.
    pub log_type: u32,
    /// Tell of builds in lines that programs read.
    pub print_build_trace: bool,
    /// Number of cores, of clients before 0x161.
    pub cores: Option<u32>,
    /// Use substitutes.
    pub use_substitutes: bool,
    /// Everything else, by name.
    pub named: Vec<(String, String)>,
}

impl Default for ClientOptions {
    fn default() -> ClientOptions {
        ClientOptions {
            keep_failed: false,
            keep_going: false,
            fallback: false,
            verbosity: 0,
            max_jobs: None,
            max_silent_time: None,
            offload: true,
            build_verbosity: 0,
            log_type: 0,
            print_build_trace: true,
            cores: None,
            use_substitutes: true,
            named: Vec::new(),
        }
    }
}

impl ClientOptions {
    /// The value of the named option NAME.
    pub fn named(&self, name: &str) -> Option<&str> {
        self.named.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Read what a client of VERSION sends.
    pub fn read(reader: &mut Reader<impl BufRead>, version: Version) -> Result<Self, WireError> {
        let minor = version.minor();
        let mut options = ClientOptions {
            keep_failed: reader.boolean()?,
            keep_going: reader.boolean()?,
            fallback: reader.boolean()?,
            verbosity: reader.int()?,
            ..ClientOptions::default()
        };
        if minor < NAMED {
            options.max_jobs = Some(reader.int()?);
            options.max_silent_time = Some(reader.int()?);
        }
        if minor >= 2 {
            options.offload = reader.boolean()?;
        }
        if minor >= 4 {
            options.build_verbosity = reader.int()?;
            options.log_type = reader.int()?;
            options.print_build_trace = reader.boolean()?;
        }
        if (6..NAMED).contains(&minor) {
            options.cores = Some(reader.int()?);
        }
        if minor >= 10 {
            options.use_substitutes = reader.boolean()?;
        }
        if minor >= 12 {
            options.named = reader.pairs()?;
        }
        Ok(options)
    }

    /// Write it for a daemon of VERSION.
    pub fn write(
        &self,
        writer: &mut Writer<impl Write>,
        version: Version,
    ) -> Result<(), WireError> {
        let minor = version.minor();
        writer.boolean(self.keep_failed)?;
        writer.boolean(self.keep_going)?;
        writer.boolean(self.fallback)?;
        writer.u64(self.verbosity.into())?;
        if minor < NAMED {
            writer.u64(self.max_jobs.unwrap_or(1).into())?;
            writer.u64(self.max_silent_time.unwrap_or(3600).into())?;
        }
        if minor >= 2 {
            writer.boolean(self.offload)?;
        }
        if minor >= 4 {
            writer.u64(self.build_verbosity.into())?;
            writer.u64(self.log_type.into())?;
            writer.boolean(self.print_build_trace)?;
        }
        if (6..NAMED).contains(&minor) {
            writer.u64(self.cores.unwrap_or(0).into())?;
        }
        if minor >= 10 {
            writer.boolean(self.use_substitutes)?;
        }
        if minor >= 12 {
            writer.pairs(&self.named)?;
        }
        Ok(())
    }
}
