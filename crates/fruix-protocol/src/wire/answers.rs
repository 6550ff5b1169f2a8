// SPDX-License-Identifier: GPL-3.0-or-later
//! Results that are made of several values.

use std::io::{BufRead, Write};

use super::primitives::{Reader, WireError, Writer};

/// What `query-path-info` tells of a path (`read-path-info`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WirePathInfo {
    /// The derivation that made it; empty if there is none.
    pub deriver: String,
    /// SHA-256 of the archive, in base 16.
    pub hash: String,
    /// What it refers to.
    pub references: Vec<String>,
    /// Seconds since the epoch.
    pub registration_time: u64,
    /// Bytes of the archive.
    pub nar_size: u64,
}

/// Read what `query-path-info` answers.
pub fn read_path_info(reader: &mut Reader<impl BufRead>) -> Result<WirePathInfo, WireError> {
    Ok(WirePathInfo {
        deriver: reader.string()?,
        hash: reader.string()?,
        references: reader.strings()?,
        registration_time: reader.u64()?,
        nar_size: reader.u64()?,
    })
}

/// Write what `query-path-info` answers.
pub fn write_path_info(
    writer: &mut Writer<impl Write>,
    info: &WirePathInfo,
) -> Result<(), WireError> {
    writer.string(&info.deriver)?;
    writer.string(&info.hash)?;
    writer.strings(&info.references)?;
    writer.u64(info.registration_time)?;
    writer.u64(info.nar_size)
}

/// A path that can be downloaded (`read-substitutable-path-list`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substitutable {
    /// The path.
    pub path: String,
    /// The derivation that made it; empty if that is unknown.
    pub deriver: String,
    /// What it refers to.
    pub references: Vec<String>,
    /// Bytes to be downloaded; 0 if that is unknown.
    pub download_size: u64,
    /// Bytes of the archive; 0 if that is unknown.
    pub nar_size: u64,
}

/// Read what `query-substitutable-path-infos` answers.
pub fn read_substitutables(
    reader: &mut Reader<impl BufRead>,
) -> Result<Vec<Substitutable>, WireError> {
    reader.list(|reader, room| {
        Ok(Substitutable {
            path: reader.string_of(room)?,
            deriver: reader.string_of(room)?,
            references: reader.strings()?,
            download_size: reader.u64()?,
            nar_size: reader.u64()?,
        })
    })
}

/// Write what `query-substitutable-path-infos` answers.
pub fn write_substitutables(
    writer: &mut Writer<impl Write>,
    all: &[Substitutable],
) -> Result<(), WireError> {
    writer.u64(all.len() as u64)?;
    all.iter().try_for_each(|one| {
        writer.string(&one.path)?;
        writer.string(&one.deriver)?;
        writer.strings(&one.references)?;
        writer.u64(one.download_size)?;
        writer.u64(one.nar_size)
    })
}
