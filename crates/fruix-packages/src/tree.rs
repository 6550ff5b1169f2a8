// SPDX-License-Identifier: GPL-3.0-or-later
//! File trees made of contents in memory, such as the modules that a gexp imports.

use std::collections::BTreeMap;

use fruix_core::nar::{NarWriteError, NarWriter};

/// A node of a tree.
pub enum Node {
    /// A regular file and whether it is executable.
    File(Vec<u8>, bool),
    /// A directory.
    Directory(BTreeMap<Vec<u8>, Node>),
    /// A symbolic link and where it leads.
    Link(Vec<u8>),
}

impl Node {
    /// The archive of the tree below this node.
    ///
    /// # Errors
    /// [`TreeError::Archive`].
    pub fn archive(&self) -> Result<Vec<u8>, TreeError> {
        let mut writer = NarWriter::new(Vec::new())?;
        self.write(&mut writer)?;
        Ok(writer.finish()?)
    }

    fn write(&self, writer: &mut NarWriter<Vec<u8>>) -> Result<(), NarWriteError> {
        match self {
            Self::Directory(entries) => write(entries, writer),
            Self::Link(target) => writer.symlink(target),
            Self::File(contents, executable) => {
                writer.regular(*executable, contents.len() as u64)?;
                writer.chunk(contents)
            }
        }
    }
}

/// A directory to be filled.
pub struct Tree(BTreeMap<Vec<u8>, Node>);

/// Why a file cannot be put into a tree.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// Its name is that of another file, or goes through one.
    #[error("`{0}' is in the way of another file of that name")]
    Collision(String),
    /// The archive cannot be written, for want of good names.
    #[error(transparent)]
    Archive(#[from] NarWriteError),
}

impl Default for Tree {
    fn default() -> Self {
        Self::new()
    }
}

impl Tree {
    /// An empty directory.
    #[must_use]
    pub fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Puts a file at NAME, whose parts are separated by slashes; one that is there gives way.
    ///
    /// # Errors
    /// [`TreeError::Collision`].
    pub fn insert(
        &mut self,
        name: &str,
        contents: Vec<u8>,
        executable: bool,
    ) -> Result<(), TreeError> {
        let collision = || TreeError::Collision(name.to_owned());
        let (directories, base) = match name.rsplit_once('/') {
            Some((directories, base)) => (directories.split('/').collect(), base),
            None => (Vec::new(), name),
        };
        let mut here = &mut self.0;
        for directory in directories {
            let node = here
                .entry(directory.as_bytes().to_vec())
                .or_insert_with(|| Node::Directory(BTreeMap::new()));
            match node {
                Node::Directory(entries) => here = entries,
                Node::File(..) | Node::Link(_) => return Err(collision()),
            }
        }
        match here.insert(base.as_bytes().to_vec(), Node::File(contents, executable)) {
            Some(Node::Directory(_)) => Err(collision()),
            _ => Ok(()),
        }
    }

    /// The archive of the directory.
    ///
    /// # Errors
    /// [`TreeError::Archive`].
    pub fn archive(&self) -> Result<Vec<u8>, TreeError> {
        let mut writer = NarWriter::new(Vec::new())?;
        write(&self.0, &mut writer)?;
        Ok(writer.finish()?)
    }
}

/// The archive of a regular file.
///
/// # Errors
/// [`TreeError::Archive`].
pub fn file_archive(contents: &[u8], executable: bool) -> Result<Vec<u8>, TreeError> {
    let mut writer = NarWriter::new(Vec::new())?;
    writer.regular(executable, contents.len() as u64)?;
    writer.chunk(contents)?;
    Ok(writer.finish()?)
}

fn write(
    entries: &BTreeMap<Vec<u8>, Node>,
    writer: &mut NarWriter<Vec<u8>>,
) -> Result<(), NarWriteError> {
    writer.directory()?;
    for (name, node) in entries {
        writer.entry(name)?;
        node.write(writer)?;
    }
    writer.end_directory()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_insertion_does_not_matter() {
        let mut one = Tree::new();
        let mut two = Tree::new();
        let files = ["guix/build/utils.scm", "a", "guix/elf.scm"];
        for name in files {
            one.insert(name, name.into(), false).expect("no collision");
        }
        for name in files.iter().rev() {
            two.insert(name, (*name).into(), false).expect("no collision");
        }
        assert_eq!(one.archive().expect("good names"), two.archive().expect("good names"));
    }

    #[test]
    fn a_file_is_not_a_directory() {
        let mut tree = Tree::new();
        tree.insert("a", Vec::new(), false).expect("no collision");
        assert!(tree.insert("a/b", Vec::new(), false).is_err());
    }
}
