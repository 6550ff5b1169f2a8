// SPDX-License-Identifier: GPL-3.0-or-later
//! Unpacking Debian binary packages: an `ar` archive whose member `data.tar.*` holds the files.
//!
//! Everything is bounded: a member's size by the archive, the unpacked tree, and what is unpacked to get it, by the
//! caller.

use std::io::{Cursor, Read};

/// What can be wrong with a package.
#[derive(Debug, thiserror::Error)]
pub enum DebError {
    /// Not an `ar` archive, or a damaged one.
    #[error("not a Debian package: {0}")]
    Archive(&'static str),
    /// Compressed in a way that we do not read.
    #[error("cannot read a package member named {0:?}")]
    Compression(String),
    /// The tree is too large.
    #[error("the package unpacks to more than {limit} bytes")]
    TooLarge {
        /// How large it may be, in bytes.
        limit: u64,
    },
    /// Decompression or the tar archive failed.
    #[error("cannot unpack: {0}")]
    Unpack(#[from] std::io::Error),
    /// A file name that is absolute, has `..` or is not UTF-8.
    #[error("the package holds an unusable file name {0:?}")]
    Name(String),
}

/// One file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A regular file.
    File {
        /// Its content.
        bytes: Vec<u8>,
        /// Whether any execute bit is set.
        executable: bool,
    },
    /// A symbolic link and its target, as written.
    Link(String),
}

/// How much of a tar archive may be headers, beside as much again as its files have (bytes).
const HEADERS: u64 = 1 << 20;

/// The files of package `bytes`, as (name without leading slash, node), in the archive's order; `limit` bytes at most.
/// Directories are implied by the files in them; devices and the like are skipped.
pub fn unpack(bytes: &[u8], limit: u64) -> Result<Vec<(String, Node)>, DebError> {
    let (name, data) = data_member(bytes)?;
    let reader: Box<dyn Read + '_> = match name.as_str() {
        "data.tar" => Box::new(Cursor::new(data)),
        "data.tar.gz" => Box::new(flate2::read::MultiGzDecoder::new(data)),
        "data.tar.xz" => Box::new(lzma_rust2::XzReader::new(data, true)),
        "data.tar.zst" => Box::new(
            ruzstd::decoding::StreamingDecoder::new(data)
                .map_err(|error| std::io::Error::other(error.to_string()))?,
        ),
        _ => return Err(DebError::Compression(name)),
    };
    // A tar archive is larger than what is in it by some headers; a bomb is larger without end.
    let whole = limit.saturating_mul(2).saturating_add(HEADERS);
    read_tar(reader.take(whole), limit)
}

fn data_member(bytes: &[u8]) -> Result<(String, &[u8]), DebError> {
    let mut rest = bytes.strip_prefix(b"!<arch>\n").ok_or(DebError::Archive("no ar magic"))?;
    loop {
        let header = rest.get(..60).ok_or(DebError::Archive("no data member"))?;
        let field =
            |range: std::ops::Range<usize>| std::str::from_utf8(&header[range]).map(str::trim_end);
        let bad = |_| DebError::Archive("damaged member header");
        let name = field(0..16).map_err(bad)?.trim_end_matches('/');
        let size: Option<usize> = field(48..58).map_err(bad)?.parse().ok();
        let content = size.and_then(|size| rest.get(60..60usize.checked_add(size)?));
        let content = content.ok_or(DebError::Archive("a member runs past the end"))?;
        if name.starts_with("data.tar") {
            return Ok((name.to_owned(), content));
        }
        let next = 60 + content.len() + content.len() % 2;
        rest = rest.get(next..).ok_or(DebError::Archive("no data member"))?;
    }
}

fn read_tar(reader: impl Read, limit: u64) -> Result<Vec<(String, Node)>, DebError> {
    let mut archive = tar::Archive::new(reader);
    let mut nodes: Vec<(String, Node)> = Vec::new();
    let mut by_name = std::collections::HashMap::new();
    let mut total = 0u64;
    let mut charge = |size: u64| {
        total = total.saturating_add(size);
        if total > limit { Err(DebError::TooLarge { limit }) } else { Ok(()) }
    };
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = clean(&entry.path_bytes())?;
        let kind = entry.header().entry_type();
        let node = if kind.is_file() {
            charge(entry.size())?;
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            Node::File { bytes, executable: entry.header().mode()? & 0o111 != 0 }
        } else if kind.is_symlink() {
            let target = entry.link_name_bytes().unwrap_or_default().into_owned();
            Node::Link(String::from_utf8(target).map_err(|_| DebError::Name(name.clone()))?)
        } else if kind.is_hard_link() {
            let target = clean(&entry.link_name_bytes().unwrap_or_default())?;
            let original = by_name.get(&target).map(|&index: &usize| &nodes[index].1);
            let original = original.ok_or(DebError::Name(target))?;
            // Here it becomes a copy.
            if let Node::File { bytes, .. } = original {
                charge(bytes.len() as u64)?;
            }
            original.clone()
        } else {
            continue;
        };
        if name.is_empty() {
            return Err(DebError::Name(name));
        }
        by_name.insert(name.clone(), nodes.len());
        nodes.push((name, node));
    }
    Ok(nodes)
}

fn clean(name: &[u8]) -> Result<String, DebError> {
    let text = std::str::from_utf8(name);
    let text = text.map_err(|_| DebError::Name(String::from_utf8_lossy(name).into_owned()))?;
    let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") {
        return Err(DebError::Name(text.to_owned()));
    }
    Ok(parts.join("/"))
}
