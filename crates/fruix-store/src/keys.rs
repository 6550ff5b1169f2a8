// SPDX-License-Identifier: GPL-3.0-or-later
//! The files of keys and of who may sign, in Guix's configuration directory (`/etc/guix`):
//! `signing-key.pub`, `signing-key.sec`, `acl` (`(guix pki)`).

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use fruix_core::signature::{Acl, KeyPair, PublicKey, SignatureError};

use crate::error::{Error, IoContext, Result};
use crate::fsutil::{create_dirs, lstat};

/// A configuration directory.
#[derive(Debug, Clone)]
pub struct KeyFiles {
    dir: PathBuf,
}

impl KeyFiles {
    /// The one at DIR, which need not exist.
    pub fn new(dir: impl Into<PathBuf>) -> KeyFiles {
        KeyFiles { dir: dir.into() }
    }

    /// The key pair of this machine.
    pub fn key_pair(&self) -> Result<KeyPair> {
        let (public, secret) = (self.file("signing-key.pub"), self.file("signing-key.sec"));
        let read = |file: &Path| fs::read(file).at("reading", file);
        let key = PublicKey::parse(&read(&public)?).map_err(in_file(&public))?;
        KeyPair::parse(key, &read(&secret)?).map_err(in_file(&secret))
    }

    /// Who may sign what is imported. Where there is no list yet, this machine itself may, and a list that
    /// says so is made if possible, as `(guix pki)` does.
    pub fn acl(&self) -> Result<Acl> {
        let file = self.file("acl");
        match fs::read(&file) {
            Ok(text) => Acl::parse(&text).map_err(in_file(&file)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let mut acl = Acl::default();
                let own = self.file("signing-key.pub");
                if lstat(&own)?.is_some() {
                    let text = fs::read(&own).at("reading", &own)?;
                    acl.authorize(PublicKey::parse(&text).map_err(in_file(&own))?);
                    let _ = self.write("acl", 0o644, &acl.sexp().to_string());
                }
                Ok(acl)
            }
            Err(e) => Err(e).at("reading", &file),
        }
    }

    /// Let the key KEY sign what is imported (`guix archive --authorize`). False if it may already.
    pub fn authorize(&self, key: PublicKey) -> Result<bool> {
        let mut acl = self.acl()?;
        let new = acl.authorize(key);
        if new {
            self.write("acl", 0o644, &acl.sexp().to_string())?;
        }
        Ok(new)
    }

    /// Make a key pair (`guix archive --generate-key`).
    ///
    /// # Errors
    /// [`Error::KeyExists`] if there is one.
    pub fn generate(&self) -> Result<KeyPair> {
        for name in ["signing-key.pub", "signing-key.sec"] {
            if lstat(&self.file(name))?.is_some() {
                return Err(Error::KeyExists { path: self.file(name) });
            }
        }
        let mut random = [0; 64];
        getrandom::fill(&mut random)
            .map_err(|e| std::io::Error::other(e.to_string()))
            .at("drawing", &self.dir)?;
        let pair = KeyPair::generate(&random);
        create_dirs(&self.dir)?;
        self.write("signing-key.sec", 0o400, &pair.secret_sexp().to_string())?;
        self.write("signing-key.pub", 0o444, &pair.public().sexp().to_string())?;
        Ok(pair)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Write TEXT to the file NAME, which appears as a whole with MODE.
    fn write(&self, name: &str, mode: u32, text: &str) -> Result<()> {
        let new = self.file(&format!("{name}.{}.new", std::process::id()));
        let _ = fs::remove_file(&new);
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&new)
            .at_write("creating", &new)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).at_write("writing", &new)?;
        fs::rename(&new, self.file(name)).at_write("renaming", &new)
    }
}

fn in_file(file: &Path) -> impl FnOnce(SignatureError) -> Error {
    move |error| Error::KeyFile { path: file.to_path_buf(), error }
}
