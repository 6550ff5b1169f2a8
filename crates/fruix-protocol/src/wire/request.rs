// SPDX-License-Identifier: GPL-3.0-or-later
//! Requests and their arguments.

use std::io::{BufRead, Write};

use super::handshake::Version;
use super::operation::Operation;
use super::options::ClientOptions;
use super::primitives::{Reader, WireError, Writer};

/// A request. Paths are as they were sent: whether they are any is for the daemon to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// A question about one path, or an operation on it: any of [`Request::PATH`].
    Path(Operation, String),
    /// A question about many paths, or an operation on them: any of [`Request::PATHS`].
    Paths(Operation, Vec<String>),
    /// An operation without arguments: any of [`Request::PLAIN`].
    Plain(Operation),
    /// `add-to-store`; an archive follows.
    AddToStore {
        /// Name of the item.
        name: String,
        /// Whether the hash is that of the archive, or of the one file in it.
        recursive: bool,
        /// Name of the hash algorithm.
        algorithm: String,
    },
    /// `add-text-to-store`.
    AddTextToStore {
        /// Name of the item.
        name: String,
        /// Contents.
        text: Vec<u8>,
        /// What it refers to.
        references: Vec<String>,
    },
    /// `build-things`: derivations, items, or `DERIVATION!OUTPUT,…`.
    BuildThings {
        /// What.
        things: Vec<String>,
        /// How.
        mode: WireBuildMode,
    },
    /// `export-path`.
    ExportPath {
        /// Which.
        path: String,
        /// Whether to sign it.
        sign: bool,
    },
    /// `set-options`.
    SetOptions(Box<ClientOptions>),
    /// `collect-garbage`.
    CollectGarbage(GcRequest),
    /// `verify-store`.
    VerifyStore {
        /// Read all files.
        check_contents: bool,
        /// Put right what is wrong.
        repair: bool,
    },
}

/// `build-mode` of `(guix store)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum WireBuildMode {
    Normal = 0,
    Repair = 1,
    Check = 2,
}

/// `gc-action` of `(guix store)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum GcVerb {
    ReturnLive = 0,
    ReturnDead = 1,
    DeleteDead = 2,
    DeleteSpecific = 3,
}

/// Arguments of `collect-garbage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GcRequest {
    /// What to do.
    pub verb: GcVerb,
    /// What to delete, for [`GcVerb::DeleteSpecific`].
    pub paths: Vec<String>,
    /// Delete even what is alive: refused by daemons.
    pub ignore_liveness: bool,
    /// Stop after so many bytes.
    pub max_freed: u64,
}

impl Request {
    /// Operations with one path, file name or hash part.
    pub const PATH: &[Operation] = &[
        Operation::ValidPath,
        Operation::HasSubstitutes,
        Operation::PathHash,
        Operation::References,
        Operation::Referrers,
        Operation::EnsurePath,
        Operation::AddTempRoot,
        Operation::AddIndirectRoot,
        Operation::Deriver,
        Operation::SubstitutablePathInfo,
        Operation::DerivationOutputs,
        Operation::DerivationOutputNames,
        Operation::PathInfo,
        Operation::PathFromHashPart,
        Operation::ValidDerivers,
    ];
    /// Operations with a list of paths.
    pub const PATHS: &[Operation] = &[
        Operation::ClearFailedPaths,
        Operation::SubstitutablePathInfos,
        Operation::ValidPaths,
        Operation::SubstitutablePaths,
    ];
    /// Operations without arguments. The archives of `import-paths` are asked for by the daemon.
    pub const PLAIN: &[Operation] = &[
        Operation::SyncWithGc,
        Operation::FindRoots,
        Operation::AllValidPaths,
        Operation::FailedPaths,
        Operation::ImportPaths,
        Operation::OptimizeStore,
        Operation::BuiltinBuilders,
        Operation::SubstituteUrls,
    ];

    /// Which operation it is.
    pub fn operation(&self) -> Operation {
        match self {
            Request::Path(operation, _)
            | Request::Paths(operation, _)
            | Request::Plain(operation) => *operation,
            Request::AddToStore { .. } => Operation::AddToStore,
            Request::AddTextToStore { .. } => Operation::AddTextToStore,
            Request::BuildThings { .. } => Operation::BuildThings,
            Request::ExportPath { .. } => Operation::ExportPath,
            Request::SetOptions(_) => Operation::SetOptions,
            Request::CollectGarbage(_) => Operation::CollectGarbage,
            Request::VerifyStore { .. } => Operation::VerifyStore,
        }
    }

    /// Read the arguments of OPERATION as a client of VERSION sends them.
    pub fn read(
        reader: &mut Reader<impl BufRead>,
        operation: Operation,
        version: Version,
    ) -> Result<Request, WireError> {
        if Request::PATH.contains(&operation) {
            return Ok(Request::Path(operation, reader.string()?));
        }
        if Request::PATHS.contains(&operation) {
            return Ok(Request::Paths(operation, reader.strings()?));
        }
        Ok(match operation {
            Operation::AddToStore => {
                let name = reader.string()?;
                // What once was another way to name items; those clients want SHA-256 of archives.
                let fixed = reader.boolean()?;
                let recursive = reader.int()? == 1;
                let algorithm = reader.string()?;
                if fixed {
                    Request::AddToStore { name, recursive, algorithm }
                } else {
                    Request::AddToStore { name, recursive: true, algorithm: "sha256".into() }
                }
            }
            Operation::AddTextToStore => Request::AddTextToStore {
                name: reader.string()?,
                text: reader.text()?,
                references: reader.strings()?,
            },
            Operation::BuildThings => {
                let things = reader.strings()?;
                let mode = match if version.minor() >= 15 { reader.int()? } else { 0 } {
                    0 => WireBuildMode::Normal,
                    1 => WireBuildMode::Repair,
                    2 => WireBuildMode::Check,
                    other => {
                        return Err(WireError::Value { what: "build mode", got: other.into() });
                    }
                };
                Request::BuildThings { things, mode }
            }
            Operation::ExportPath => {
                Request::ExportPath { path: reader.string()?, sign: reader.int()? == 1 }
            }
            Operation::SetOptions => {
                Request::SetOptions(Box::new(ClientOptions::read(reader, version)?))
            }
            Operation::CollectGarbage => Request::CollectGarbage(GcRequest::read(reader, version)?),
            Operation::VerifyStore => Request::VerifyStore {
                check_contents: reader.boolean()?,
                repair: reader.boolean()?,
            },
            plain => Request::Plain(plain),
        })
    }

    /// Write the request, with its operation's number, for a daemon of VERSION.
    pub fn write(
        &self,
        writer: &mut Writer<impl Write>,
        version: Version,
    ) -> Result<(), WireError> {
        writer.u64(self.operation() as u64)?;
        match self {
            Request::Path(_, path) => writer.string(path),
            Request::Paths(_, paths) => writer.strings(paths),
            Request::Plain(_) => Ok(()),
            Request::AddToStore { name, recursive, algorithm } => {
                writer.string(name)?;
                writer.boolean(true)?;
                writer.boolean(*recursive)?;
                writer.string(algorithm)
            }
            Request::AddTextToStore { name, text, references } => {
                writer.string(name)?;
                writer.bytes(text)?;
                writer.strings(references)
            }
            Request::BuildThings { things, mode } => {
                writer.strings(things)?;
                if version.minor() >= 15 { writer.u64(*mode as u64) } else { Ok(()) }
            }
            Request::ExportPath { path, sign } => {
                writer.string(path)?;
                writer.boolean(*sign)
            }
            Request::SetOptions(options) => options.write(writer, version),
            Request::CollectGarbage(request) => request.write(writer, version),
            Request::VerifyStore { check_contents, repair } => {
                writer.boolean(*check_contents)?;
                writer.boolean(*repair)
            }
        }
    }
}

impl GcRequest {
    fn read(reader: &mut Reader<impl BufRead>, version: Version) -> Result<GcRequest, WireError> {
        let verb = match reader.int()? {
            0 => GcVerb::ReturnLive,
            1 => GcVerb::ReturnDead,
            2 => GcVerb::DeleteDead,
            3 => GcVerb::DeleteSpecific,
            other => return Err(WireError::Value { what: "action", got: other.into() }),
        };
        let request = GcRequest {
            verb,
            paths: reader.strings()?,
            ignore_liveness: reader.boolean()?,
            max_freed: reader.u64()?,
        };
        reader.int()?; // obsolete
        if version.minor() >= 5 {
            reader.int()?;
            reader.int()?;
        }
        Ok(request)
    }

    fn write(&self, writer: &mut Writer<impl Write>, version: Version) -> Result<(), WireError> {
        writer.u64(self.verb as u64)?;
        writer.strings(&self.paths)?;
        writer.boolean(self.ignore_liveness)?;
        writer.u64(self.max_freed)?;
        writer.u64(0)?;
        if version.minor() >= 5 {
            writer.u64(0)?;
            writer.u64(0)?;
        }
        Ok(())
    }
}
