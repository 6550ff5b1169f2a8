// SPDX-License-Identifier: GPL-3.0-or-later
//! [`Replacement`]: a file that appears when it is complete.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A file that is being written, and takes the place of another, or of nothing, when all of it is there. Dropped
/// before that, it leaves nothing behind.
#[derive(Debug)]
pub struct Replacement {
    file: File,
    partial: PathBuf,
    target: PathBuf,
}

impl Replacement {
    /// Begin to write what is to become the file TARGET. Its folder is made if there is none.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn of(target: &Path) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}-{number}.new", std::process::id()));
        let partial = target.with_file_name(name);
        let file = File::create(&partial)?;
        Ok(Self { file, partial, target: target.to_owned() })
    }

    /// Put the file in its place, once it is on the disk.
    ///
    /// # Errors
    /// Those of the file system; the old file is there then.
    pub fn commit(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.partial, &self.target)
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        // After `commit` there is none of that name.
        let _ = fs::remove_file(&self.partial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appears_when_complete() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a/b");
        let mut file = Replacement::of(&target).unwrap();
        file.write_all(b"new").unwrap();
        assert!(!target.exists());
        drop(file);
        assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 0);
        let mut file = Replacement::of(&target).unwrap();
        file.write_all(b"new").unwrap();
        file.commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 1);
    }
}
