// SPDX-License-Identifier: GPL-3.0-or-later
//! GNU Guix at work: its daemon on a store, and clients of it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Failure, Oracle, output_of};

/// How long guix-daemon may take until it listens.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which store the daemon serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// An empty one in the scratch directory.
    Scratch,
    /// `/gnu/store` of the oracle, which stays when tests end: what was derived once is there.
    Installed,
}

/// A store of GNU Guix's and, once it is started, its daemon, which ends with this value.
#[derive(Debug)]
pub struct Guix {
    oracle: Oracle,
    place: Place,
    link: Option<PathBuf>,
    daemon: Option<Child>,
}

impl Guix {
    /// An empty store of its own, without a daemon yet. Its name is that of the scratch directory as the
    /// oracle sees it, followed by `gnu/store`.
    ///
    /// # Errors
    /// [`Failure::System`].
    pub fn with_scratch_store(oracle: Oracle) -> Result<Self, Failure> {
        for directory in ["gnu/store", "state/db", "log", "conf"] {
            let directory = oracle.scratch().join(directory);
            fs::create_dir_all(&directory).map_err(|e| system(&directory, e))?;
        }
        Ok(Self { oracle, place: Place::Scratch, link: None, daemon: None })
    }

    /// The oracle's own `/gnu/store`, without a daemon yet.
    #[must_use]
    pub fn with_installed_store(oracle: Oracle) -> Self {
        Self { oracle, place: Place::Installed, link: None, daemon: None }
    }

    /// Makes the scratch directory's name within the oracle lead to it from here, too, so that both sides
    /// see one store under one name.
    ///
    /// # Errors
    /// [`Failure::System`].
    pub fn visible_here(mut self) -> Result<Self, Failure> {
        let link = self.oracle.inside("");
        let link: PathBuf = link.components().collect(); // without the slash at the end
        symlink(self.oracle.scratch(), &link).map_err(|e| system(&link, e))?;
        self.link = Some(link);
        Ok(self)
    }

    /// Where it runs.
    #[must_use]
    pub fn oracle(&self) -> &Oracle {
        &self.oracle
    }

    /// The name of the store directory.
    #[must_use]
    pub fn store_dir(&self) -> String {
        match self.place {
            Place::Scratch => self.oracle.inside("gnu/store").display().to_string(),
            Place::Installed => "/gnu/store".to_owned(),
        }
    }

    /// The store directory as it lies here.
    #[must_use]
    pub fn physical_store(&self) -> PathBuf {
        self.oracle.root().join(self.store_dir().trim_start_matches('/'))
    }

    /// A command that runs PROGRAM in the oracle as a client of this daemon.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let inside = |file: &str| self.oracle.inside(file);
        let mut command = self.oracle.command(program);
        command.env("GUIX_DAEMON_SOCKET", inside("socket"));
        if self.place == Place::Scratch {
            command
                .env("HOME", "/tmp")
                .env("NIX_STORE_DIR", inside("gnu/store"))
                .env("GUIX_STATE_DIRECTORY", inside("state"))
                .env("GUIX_DATABASE_DIRECTORY", inside("state/db"))
                .env("GUIX_LOG_DIRECTORY", inside("log"))
                .env("GUIX_CONFIGURATION_DIRECTORY", inside("conf"));
        } else {
            command.env("HOME", "/root");
        }
        command
    }

    /// Starts the daemon, with more OPTIONS and variables of the environment than it needs, and waits until it
    /// listens. It does not isolate builds in a scratch store, whose programs are nowhere else.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn start(&mut self, options: &[&str], environment: &[(&str, &str)]) -> Result<(), Failure> {
        let mut command = self.command("guix-daemon");
        command.arg("--no-substitutes").args(options).envs(environment.iter().copied());
        command.arg(format!("--listen={}", self.oracle.inside("socket").display()));
        command.arg(match self.place {
            Place::Scratch => "--disable-chroot",
            Place::Installed => "--build-users-group=guixbuild",
        });
        let log = self.oracle.scratch().join("daemon.log");
        let output = fs::File::create(&log).map_err(|e| system(&log, e))?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(output);
        let child = command.spawn().map_err(|e| system(Path::new("guix-daemon"), e))?;
        let child = self.daemon.insert(child);
        let start = Instant::now();
        while !self.oracle.scratch().join("socket").exists() {
            let ended = child.try_wait().ok().flatten();
            if ended.is_some() || start.elapsed() > PATIENCE {
                let said = fs::read_to_string(&log).unwrap_or_default();
                return Err(Failure::Daemon(format!("{ended:?} {said}")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Stops the daemon; the process that serves a client ends when that does.
    pub fn stop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
        let _ = fs::remove_file(self.oracle.scratch().join("socket"));
    }

    /// A command that runs a Scheme program in Guile.
    ///
    /// # Errors
    /// [`Failure::System`] when the program cannot be written down.
    pub fn guile_command(&self, program: &str) -> Result<Command, Failure> {
        // A file, not an argument: its text may be long.
        let name = tempfile::Builder::new()
            .prefix("program-")
            .suffix(".scm")
            .tempfile_in(self.oracle.scratch())
            .and_then(|file| file.keep().map_err(|error| error.error));
        let (_, file) = name.map_err(|e| system(self.oracle.scratch(), e))?;
        fs::write(&file, program).map_err(|e| system(&file, e))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut command = self.command("guile");
        command.arg("--no-auto-compile").arg(self.oracle.inside(&name));
        Ok(command)
    }

    /// What a Scheme program prints in Guile.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn guile(&self, program: &str) -> Result<String, Failure> {
        output_of(self.guile_command(program)?)
    }

    /// What `guix` prints.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn guix(&self, arguments: &[&str]) -> Result<String, Failure> {
        let mut command = self.command("guix");
        command.args(arguments);
        output_of(command)
    }
}

impl Drop for Guix {
    fn drop(&mut self) {
        self.stop();
        if let Some(link) = &self.link {
            let _ = fs::remove_file(link);
        }
    }
}

fn system(what: &Path, error: std::io::Error) -> Failure {
    Failure::System { what: what.display().to_string(), error }
}
