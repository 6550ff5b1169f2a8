// SPDX-License-Identifier: GPL-3.0-or-later
//! The directories of one build, and the request to the sandbox.
//!
//! - A [`Scratch`] directory on the store's file system, which only the store's owner can enter. Its
//!   `store` is what the build sees as the store directory, its inputs bound below; its `outputs`
//!   is where outputs go from there to be examined.
//! - A build directory `guix-build-NAME.drv-N`, which only the store's owner can enter either, so that
//!   nobody reaches what a build leaves there; the build has `top` below it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown, lchown};
use std::path::{Path, PathBuf};

use fruix_core::derivation::Derivation;
use fruix_core::store_path::StorePath;
use fruix_sandbox::{Access, BuildRequest, Identity, Limits, Mount, Network};
use fruix_store::{Layout, Scratch, Store};

use crate::environment::build_directory;
use crate::error::{Error, Result};
use crate::options::{BuildOptions, Settings};
use crate::platform::personality;

/// The directories of one build. Dropping it deletes them.
pub(crate) struct Workspace {
    scratch: Scratch,
    build: Option<PathBuf>,
    identity: Identity,
    /// The name of the derivation, with `.drv`.
    name: String,
}

impl Workspace {
    /// Make them for the derivation file called NAME, built as IDENTITY; the build directory is
    /// made in ROOT.
    pub(crate) fn new(store: &Store, root: &Path, name: &str, identity: &Identity) -> Result<Self> {
        let scratch = store.scratch()?;
        let mut this =
            Self { scratch, build: None, identity: identity.clone(), name: name.to_owned() };
        let (uid, gid) = this.ids();
        for (dir, owner, mode) in [(this.store(), None, 0o1775), (this.outputs(), Some(uid), 0o700)]
        {
            fs::create_dir(&dir).map_err(Error::io("creating directory", &dir))?;
            fs::set_permissions(&dir, fs::Permissions::from_mode(mode))
                .map_err(Error::io("changing mode of", &dir))?;
            chown(&dir, owner, Some(gid)).map_err(Error::io("changing owner of", &dir))?;
        }
        this.build = Some(make_build_directory(root, name)?);
        let top = this.top();
        make_private(&top)?;
        chown(&top, Some(uid), Some(gid)).map_err(Error::io("changing owner of", &top))?;
        Ok(this)
    }

    /// User and group that files made by the build have.
    pub(crate) fn ids(&self) -> (u32, u32) {
        let caller = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        self.identity.outside(caller)
    }

    /// What the build sees as the store directory.
    pub(crate) fn store(&self) -> PathBuf {
        self.scratch.path().join("store")
    }

    /// A directory beside it, out of the build's reach.
    pub(crate) fn outputs(&self) -> PathBuf {
        self.scratch.path().join("outputs")
    }

    /// The build directory on this side.
    pub(crate) fn top(&self) -> PathBuf {
        self.build.clone().unwrap_or_default().join("top")
    }

    /// The request to run DERIVATION with INPUTS, which are store items, and the environment ENV.
    pub(crate) fn request(
        &self,
        layout: &Layout,
        derivation: &Derivation,
        inputs: &BTreeSet<StorePath>,
        env: impl IntoIterator<Item = (String, String)>,
        (settings, options): (&Settings, &BuildOptions),
    ) -> BuildRequest {
        let args = derivation.args.iter().map(OsString::from).collect();
        let mut request = BuildRequest::new(&derivation.builder, args, self.identity.clone());
        let directory = build_directory(&self.name);
        request.env = env.into_iter().map(|(n, v)| (n.into(), v.into())).collect();
        request.cwd = directory.clone().into();
        let mut mount = |source: PathBuf, target: String, access| {
            request.mounts.push(Mount { source, target: target.into(), access });
        };
        mount(self.store(), layout.store_dir().as_str().to_owned(), Access::ReadWrite);
        mount(self.top(), directory, Access::ReadWrite);
        let outputs: BTreeSet<_> = derivation.outputs.values().flat_map(|o| &o.path).collect();
        for input in inputs.iter().filter(|input| !outputs.contains(input)) {
            mount(layout.physical(input), layout.display(input), Access::ReadOnly);
        }
        request.extra_devices = settings.devices.iter().filter(|d| d.exists()).cloned().collect();
        if derivation.fixed_output().is_some() {
            request.network = Network::Host;
        }
        request.personality = personality(&derivation.system, &settings.system);
        request.limits = Limits {
            timeout: options.timeout,
            max_silent: options.max_silent,
            max_log_bytes: options.max_log_bytes,
        };
        request
    }

    /// Keep the build directory for people to look at, and give it to OWNER. The result is its name.
    pub(crate) fn keep(&mut self, owner: Option<(u32, u32)>) -> Result<Option<PathBuf>> {
        let Some(dir) = self.build.take() else { return Ok(None) };
        // Root's files stay root's: a build may have made links to files of others.
        let owner = owner.filter(|(uid, _)| *uid != 0);
        let top = dir.join("top");
        if let Some((uid, gid)) = owner {
            give(&top, uid, gid)?;
        }
        fs::set_permissions(&top, fs::Permissions::from_mode(0o755))
            .map_err(Error::io("changing mode of", &top))?;
        // `top` takes the place of its parent.
        let mut pivot = dir.clone().into_os_string();
        pivot.push(".pivot");
        let pivot = PathBuf::from(pivot);
        let rename =
            |from: &Path, to: &Path| fs::rename(from, to).map_err(Error::io("renaming", from));
        rename(&dir, &pivot)?;
        rename(&pivot.join("top"), &dir)?;
        fs::remove_dir(&pivot).map_err(Error::io("deleting", &pivot))?;
        Ok(Some(dir))
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        if let Some(dir) = self.build.take() {
            let _ = fruix_store::delete(&dir);
        }
    }
}

/// Give all of PATH to UID and GID, without following links.
fn give(path: &Path, uid: u32, gid: u32) -> Result<()> {
    let mut todo = vec![path.to_path_buf()];
    while let Some(path) = todo.pop() {
        let meta = fs::symlink_metadata(&path).map_err(Error::io("examining", &path))?;
        if meta.is_dir() {
            for entry in fs::read_dir(&path).map_err(Error::io("reading directory", &path))? {
                todo.push(entry.map_err(Error::io("reading directory", &path))?.path());
            }
        }
        lchown(&path, Some(uid), (gid != 0).then_some(gid))
            .map_err(Error::io("changing owner of", &path))?;
    }
    Ok(())
}

fn make_private(dir: &Path) -> Result<()> {
    fs::DirBuilder::new().mode(0o700).create(dir).map_err(Error::io("creating directory", dir))
}

/// Make `guix-build-NAME-N` in ROOT, with the first N that is free.
fn make_build_directory(root: &Path, name: &str) -> Result<PathBuf> {
    let mut number = 0_u32;
    loop {
        let dir = root.join(format!("guix-build-{name}-{number}"));
        match make_private(&dir) {
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {
                number += 1;
            }
            other => return other.map(|()| dir),
        }
    }
}
