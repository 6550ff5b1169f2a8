// SPDX-License-Identifier: GPL-3.0-or-later
//! What is the same for all builds of a program ([`Settings`]), and what every request may choose
//! ([`BuildOptions`]).

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fruix_core::System;
use fruix_fetch::Fetcher;
use fruix_protocol::BuildMode;
use fruix_sandbox::BUILD_USERS_GROUP;

/// How builds are made on this machine.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The machine's system type, such as `x86_64-linux`.
    pub system: System,
    /// Where build directories are made; `/tmp` unless said otherwise.
    pub build_root: PathBuf,
    /// The group whose members are the build users, for root; [`BUILD_USERS_GROUP`]. Where there is no such
    /// group, builds get IDs that no account has.
    pub build_users_group: String,
    /// What downloads.
    pub fetcher: Arc<Fetcher>,
    /// How many builds may run at the same time, whoever wants them. Otherwise as many as the most
    /// generous of those who want something allows itself ([`BuildOptions::max_jobs`]).
    pub max_jobs: Option<usize>,
    /// How logs are compressed (`--log-compression`).
    pub log_compression: LogCompression,
    /// The environment from which fixed-output derivations get the variables that they name in
    /// `impureEnvVars`, such as `http_proxy`.
    pub impure_environment: BTreeMap<String, String>,
    /// User and group who get the directories of failed builds that are kept.
    pub client: Option<(u32, u32)>,
    /// Devices of the host that builds see besides the usual ones; those that do not exist are left
    /// out. `/dev/kvm`, as in guix-daemon.
    pub devices: Vec<PathBuf>,
}

impl Settings {
    /// The usual ones, downloading with FETCHER.
    pub fn new(fetcher: Arc<Fetcher>) -> Self {
        Self {
            system: System::native(),
            build_root: "/tmp".into(),
            build_users_group: BUILD_USERS_GROUP.into(),
            fetcher,
            max_jobs: None,
            log_compression: LogCompression::Gzip,
            impure_environment: BTreeMap::new(),
            client: None,
            devices: vec!["/dev/kvm".into()],
        }
    }
}

/// How logs are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogCompression {
    /// Not at all.
    None,
    /// By gzip, as in guix-daemon unless it is told otherwise.
    #[default]
    Gzip,
    /// By bzip2.
    Bzip2,
}

/// How a request is to be carried out.
#[derive(Debug, Clone)]
pub struct BuildOptions {
    /// What for.
    pub mode: BuildMode,
    /// How many derivations may be built at the same time for this request. With zero, only those
    /// that prefer it are built here.
    pub max_jobs: usize,
    /// `NIX_BUILD_CORES`: on how many cores a build should run.
    pub cores: usize,
    /// Build what can be built after a failure.
    pub keep_going: bool,
    /// Keep the directories of failed builds, and outputs that differ.
    pub keep_failed: bool,
    /// How often to build each derivation, for comparison (`--rounds`).
    pub rounds: u32,
    /// How long a build may take.
    pub timeout: Option<Duration>,
    /// How long a build may write nothing.
    pub max_silent: Option<Duration>,
    /// How many bytes a build may write.
    pub max_log_bytes: Option<u64>,
    /// Remember what failed, and do not try it again.
    pub cache_failures: bool,
    /// Write build logs.
    pub keep_log: bool,
    /// User and group who get the directories of failed builds that are kept, rather than
    /// [`Settings::client`].
    pub client: Option<(u32, u32)>,
}

impl Default for BuildOptions {
    fn default() -> Self {
        Self {
            mode: BuildMode::Normal,
            max_jobs: 1,
            cores: std::thread::available_parallelism().map_or(1, NonZero::get),
            keep_going: false,
            keep_failed: false,
            rounds: 1,
            timeout: None,
            max_silent: None,
            max_log_bytes: None,
            cache_failures: false,
            keep_log: true,
            client: None,
        }
    }
}
