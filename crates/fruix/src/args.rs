// SPDX-License-Identifier: GPL-3.0-or-later
//! What can be typed. Names and meanings of options are Guix's (its manual, "Common Build Options",
//! "Invoking guix build", "… gc", "… shell").

use clap::{ArgAction, Args as ClapArgs, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// GNU Guix's build pipeline as one program.
#[derive(Parser, Debug)]
#[command(name = "fruix", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Build packages or derivations and print their store paths.
    Build(BuildArgs),
    /// Run a command with packages at hand.
    Shell(ShellArgs),
    /// Delete what is not in use, and ask the store questions.
    Gc(GcArgs),
    /// Serve the store and build for clients, GNU Guix's among them.
    Daemon(Box<DaemonArgs>),
    /// List the daemon's clients and what is built for them.
    Processes(StoreArgs),
    /// Show packages in full.
    Show(ShowArgs),
    /// Search packages by regular expressions.
    Search(SearchArgs),
    /// Print the derivations of all packages.
    Derivations(DerivationsArgs),
    /// Run a Scheme program as `guile` would.
    Guile(GuileArgs),
    /// Evaluate Scheme interactively, with packages at hand.
    Repl(ReplArgs),
}

/// Which store to use.
#[derive(ClapArgs, Debug, Clone)]
pub struct StoreArgs {
    /// Keep store and state below DIR, instead of in /gnu/store and /var/guix (root) or
    /// ~/.local/share/fruix (others).
    #[arg(long, value_name = "DIR", env = "FRUIX_FOLDER", global = true)]
    pub folder: Option<PathBuf>,
}

/// Where packages come from, and which store they go to.
#[derive(ClapArgs, Debug, Clone)]
pub struct SessionArgs {
    /// Put DIR before the places that package modules are looked for in.
    #[arg(short = 'L', long = "load-path", value_name = "DIR")]
    pub load_path: Vec<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub store: StoreArgs,
}

/// How to build.
#[derive(ClapArgs, Debug, Clone)]
pub struct CommonBuildArgs {
    /// Allow up to N cores for each build; 0 means all.
    #[arg(short = 'c', long, value_name = "N", default_value_t = 0)]
    pub cores: u32,
    /// Allow at most N builds at once.
    #[arg(short = 'M', long, value_name = "N", default_value_t = 1)]
    pub max_jobs: u32,
    /// Keep the build tree of failed builds.
    #[arg(short = 'K', long)]
    pub keep_failed: bool,
    /// Keep going when some builds fail.
    #[arg(short = 'k', long)]
    pub keep_going: bool,
    /// Say what would be done, and do nothing.
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Give up a build that is silent for SECONDS.
    #[arg(long, value_name = "SECONDS")]
    pub max_silent_time: Option<u64>,
    /// Give up a build that takes longer than SECONDS.
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,
    /// Show 0 nothing, 1 progress, 2 phases, 3 whole logs.
    #[arg(short = 'v', long, value_name = "LEVEL", default_value_t = 1)]
    pub verbosity: u8,
    /// Build N times in a row, and compare.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub rounds: u32,
    /// Build for SYSTEM, such as x86_64-linux or i686-linux.
    #[arg(short = 's', long, value_name = "SYSTEM")]
    pub system: Option<String>,
    /// Do not apply grafts. (There are none yet: accepted for scripts.)
    #[arg(long)]
    pub no_grafts: bool,
    /// Do not use substitutes. (There are none yet: accepted for scripts.)
    #[arg(long)]
    pub no_substitutes: bool,
    /// Build what cannot be substituted. (Everything is: accepted for scripts.)
    #[arg(long)]
    pub fallback: bool,
    /// Build on this machine alone. (Everything is: accepted for scripts.)
    #[arg(long)]
    pub no_offload: bool,
}

impl Default for CommonBuildArgs {
    /// What is meant when nothing is typed.
    fn default() -> Self {
        #[derive(Parser)]
        struct Nothing {
            #[command(flatten)]
            common: CommonBuildArgs,
        }
        Nothing::parse_from([""]).common
    }
}

/// What to evaluate, and how and where to build it.
#[derive(ClapArgs, Debug)]
pub struct TargetArgs {
    /// Package specifications (NAME, NAME@VERSION, NAME:OUTPUT) or store paths.
    #[arg(value_name = "PACKAGE")]
    pub what: Vec<String>,
    /// Take the package or derivation that the code in FILE evaluates to.
    #[arg(short = 'f', long, value_name = "FILE")]
    pub file: Vec<PathBuf>,
    /// Take the package or derivation that EXPR evaluates to.
    #[arg(short = 'e', long, value_name = "EXPR")]
    pub expression: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: CommonBuildArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub session: SessionArgs,
}

/// `fruix build`.
#[derive(ClapArgs, Debug)]
pub struct BuildArgs {
    /// Print derivation paths instead of building.
    #[arg(short = 'd', long)]
    pub derivations: bool,
    /// Build the packages' sources.
    #[arg(short = 'S', long)]
    pub source: bool,
    /// Make FILE a symbolic link to the result, and register it as a root.
    #[arg(short = 'r', long, value_name = "FILE")]
    pub root: Option<PathBuf>,
    /// Build again what is there, and compare.
    #[arg(long)]
    pub check: bool,
    /// Print the names of the build logs.
    #[arg(long)]
    pub log_file: bool,
    /// Show nothing of builds, as --verbosity=0.
    #[arg(short = 'q', long)]
    pub quiet: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub targets: TargetArgs,
}

/// `fruix shell`.
#[derive(ClapArgs, Debug)]
pub struct ShellArgs {
    /// Drop the host's environment variables, but for a few such as HOME and TERM.
    #[arg(long)]
    pub pure: bool,
    /// Keep the variables whose names match REGEXP with --pure.
    #[arg(short = 'E', long, value_name = "REGEXP")]
    pub preserve: Vec<String>,
    /// Print the variables instead of running anything.
    #[arg(long)]
    pub search_paths: bool,
    /// Do not load `guix.scm' and `manifest.scm'. (They never are: accepted for scripts.)
    #[arg(short = 'q')]
    pub ignore_files: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub targets: TargetArgs,
    // After the packages: positions count in this order.
    /// The command; the user's shell if there is none.
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// `fruix gc`.
#[derive(ClapArgs, Debug)]
pub struct GcArgs {
    /// Store items.
    #[arg(value_name = "PATHS")]
    pub paths: Vec<String>,
    /// Collect garbage, at least MIN of it (such as 1G) if given. This is what no option means.
    #[arg(short = 'C', long, value_name = "MIN", num_args = 0..=1, require_equals = true)]
    pub collect_garbage: Option<Option<String>>,
    /// Collect until SIZE is free on the store's disk.
    #[arg(short = 'F', long, value_name = "SIZE")]
    pub free_space: Option<String>,
    /// Delete PATHS.
    #[arg(short = 'D', long)]
    pub delete: bool,
    /// List what is not in use.
    #[arg(long)]
    pub list_dead: bool,
    /// List what is in use.
    #[arg(long)]
    pub list_live: bool,
    /// List the roots.
    #[arg(long)]
    pub list_roots: bool,
    /// List the items that running processes use.
    #[arg(long)]
    pub list_busy: bool,
    /// List what PATHS refer to.
    #[arg(long)]
    pub references: bool,
    /// List PATHS and all that they need, in order of dependence.
    #[arg(short = 'R', long)]
    pub requisites: bool,
    /// List what refers to PATHS.
    #[arg(long)]
    pub referrers: bool,
    /// List the derivations that PATHS come from.
    #[arg(long)]
    pub derivers: bool,
    /// Check the store; with `contents`, also the items' contents.
    #[arg(long, value_name = "OPTIONS", num_args = 0..=1, require_equals = true)]
    pub verify: Option<Option<String>>,
    /// Share equal files.
    #[arg(long)]
    pub optimize: bool,
    /// Repack the store's database, so that it takes less space.
    #[arg(long)]
    pub vacuum_database: bool,
    /// List the outputs that failed to build.
    #[arg(long)]
    pub list_failures: bool,
    /// Forget that PATHS, or all, failed to build.
    #[arg(long)]
    pub clear_failures: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub store: StoreArgs,
}

/// `fruix daemon`: the options of guix-daemon, with the same meaning.
#[derive(ClapArgs, Debug)]
pub struct DaemonArgs {
    /// Listen on SOCKET: a file's name, HOST or HOST:PORT. May be given several times.
    #[arg(long, value_name = "SOCKET")]
    pub listen: Vec<String>,
    /// Build as users of GROUP.
    #[arg(long, value_name = "GROUP")]
    pub build_users_group: Option<String>,
    /// Use N cores for each build; 0 means all.
    #[arg(short = 'c', long, value_name = "N", default_value_t = 0)]
    pub cores: usize,
    /// Allow at most N builds at once for each client.
    #[arg(short = 'M', long, value_name = "N", default_value_t = 1)]
    pub max_jobs: usize,
    /// Give up a build that takes longer than SECONDS.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub timeout: u64,
    /// Give up a build that is silent for SECONDS.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub max_silent_time: u64,
    /// Build each derivation N times in a row.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub rounds: u32,
    /// Remember what failed to build.
    #[arg(long)]
    pub cache_failures: bool,
    /// Do not keep build logs.
    #[arg(long)]
    pub lose_logs: bool,
    /// Do not share equal files in the store.
    #[arg(long, alias = "disable-store-optimization")]
    pub disable_deduplication: bool,
    /// Whether the collector keeps outputs of live derivations.
    #[arg(long, value_name = "yes/no", num_args = 0..=1, require_equals = true, default_value = "no",
          default_missing_value = "yes")]
    pub gc_keep_outputs: YesNo,
    /// Whether the collector keeps derivations of live outputs.
    #[arg(long, value_name = "yes/no", num_args = 0..=1, require_equals = true, default_value = "yes",
          default_missing_value = "yes")]
    pub gc_keep_derivations: YesNo,
    /// Take SYSTEM for this machine's type.
    #[arg(long, value_name = "SYSTEM")]
    pub system: Option<String>,
    /// What clients are told about where substitutes come from.
    #[arg(
        long,
        value_name = "URLS",
        default_value = "https://bordeaux.guix.gnu.org https://ci.guix.gnu.org"
    )]
    pub substitute_urls: String,
    /// Do not use substitutes. (There are none yet: accepted for scripts.)
    #[arg(long)]
    pub no_substitutes: bool,
    /// Build on this machine alone. (Everything is: accepted for scripts.)
    #[arg(long, alias = "no-build-hook")]
    pub no_offload: bool,
    /// Use substitute servers of the local network. (There are none yet: accepted for scripts.)
    #[arg(long, value_name = "yes/no", num_args = 0..=1, require_equals = true, default_value = "no",
          default_missing_value = "yes")]
    pub discover: YesNo,
    /// Tell of each connection.
    #[arg(long)]
    pub debug: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub store: StoreArgs,
}

/// A truth value, as guix-daemon's options have them.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum YesNo {
    /// True.
    Yes,
    /// False.
    No,
}

/// What was typed, with a value that stands right behind its letter (`gc -C500M`) as the parser wants it: only a
/// value so can be left out.
pub fn spelled_out(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.collect();
    if words.get(1).is_some_and(|command| command == "gc") {
        for word in &mut words {
            let size = word.to_str().and_then(|word| word.strip_prefix("-C"));
            if let Some(size) = size.filter(|size| size.starts_with(|c: char| c.is_ascii_digit())) {
                *word = format!("--collect-garbage={size}").into();
            }
        }
    }
    words
}

/// `fruix show`.
#[derive(ClapArgs, Debug)]
pub struct ShowArgs {
    /// Package specifications.
    #[arg(value_name = "PACKAGE", required = true)]
    pub what: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub session: SessionArgs,
}

/// `fruix search`.
#[derive(ClapArgs, Debug)]
pub struct SearchArgs {
    /// Regular expressions, all of which have to match.
    #[arg(value_name = "REGEXP", required = true)]
    pub patterns: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub session: SessionArgs,
}

/// `fruix derivations`.
#[derive(ClapArgs, Debug)]
pub struct DerivationsArgs {
    /// Take hidden packages, too, which are there for other packages alone.
    #[arg(long)]
    pub hidden: bool,
    /// Derive for SYSTEM, such as x86_64-linux or aarch64-linux.
    #[arg(short = 's', long, value_name = "SYSTEM")]
    pub system: Option<String>,
    /// Derive what is cross-compiled for TRIPLET, such as aarch64-linux-gnu.
    #[arg(long, value_name = "TRIPLET")]
    pub target: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub session: SessionArgs,
}

/// `fruix guile`: the options of `guile` that scripts and builds use.
#[derive(ClapArgs, Debug)]
#[command(disable_help_flag = true, disable_version_flag = true)]
pub struct GuileArgs {
    /// [-L DIR] [-C DIR] [--no-auto-compile] [-l FILE] [-c EXPR | [-s] FILE] [ARGUMENT…]
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, action = ArgAction::Append)]
    pub words: Vec<String>,
}

/// `fruix repl`.
#[derive(ClapArgs, Debug)]
pub struct ReplArgs {
    /// A script to run instead, and its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = false, value_name = "FILE")]
    pub script: Vec<String>,
    /// Start a REPL of TYPE: `guile' for people, `machine' for programs.
    #[arg(short = 't', long = "type", value_name = "TYPE", default_value = "guile")]
    pub kind: ReplType,
    /// List the types of REPLs.
    #[arg(long)]
    pub list_types: bool,
    /// Do not load ~/.guile.
    #[arg(short = 'q')]
    pub no_init_file: bool,
    /// Start a REPL when the script has ended.
    #[arg(short = 'i', long)]
    pub interactive: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub session: SessionArgs,
}

/// Types of REPLs.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplType {
    /// Prompts and answers in Guile's form.
    Guile,
    /// One datum for each expression, in the protocol of `guix repl -t machine'.
    Machine,
}

#[cfg(test)]
mod tests {
    use super::{Args, Command};
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn sizes_stand_behind_their_letter() {
        let words = ["fruix", "gc", "-C500M"].map(std::ffi::OsString::from);
        let args = Args::try_parse_from(super::spelled_out(words.into_iter()));
        let Ok(Args { command: Command::Gc(gc), .. }) = args else {
            panic!("`gc' was expected: {args:?}");
        };
        assert_eq!(gc.collect_garbage, Some(Some("500M".to_owned())));
    }

    #[test]
    fn packages_come_before_the_command() {
        let args = Args::try_parse_from(["fruix", "shell", "hello", "which", "--", "hello", "-t"]);
        let Ok(Args { command: Command::Shell(shell), .. }) = args else {
            panic!("`shell' was expected: {args:?}");
        };
        assert_eq!(shell.targets.what, ["hello", "which"]);
        assert_eq!(shell.command, ["hello", "-t"]);
    }
}
