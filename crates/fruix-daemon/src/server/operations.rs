// SPDX-License-Identifier: GPL-3.0-or-later
//! What the store answers (`performOp`).

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use fruix_core::hash::HashAlgorithm;
use fruix_core::store_path::{HashMethod, HashPart, StorePath};
use fruix_protocol::wire::{
    GcRequest, GcVerb, Operation, Request, Substitutable, WireBuildMode, WireError, WirePathInfo,
    Writer, write_path_info, write_substitutables,
};
use fruix_store::{GcAction, GcOptions, Problem};

use super::connection::{Connection, Trouble};
use super::transfer::{FileStream, NarStream};
use super::words::checked_name;

/// The builtin builders, as `built-in-builders` announces them.
const BUILTINS: [&str; 2] = ["download", "git-download"];

/// A result.
pub(super) enum Answer {
    Nothing,
    Boolean(bool),
    String(String),
    Strings(Vec<String>),
    Pairs(Vec<(String, String)>),
    Info(WirePathInfo),
    /// The old way to tell of one path that can be downloaded: there is none.
    NoSubstitutable,
    Substitutables(Vec<Substitutable>),
    Collected {
        paths: Vec<String>,
        freed: u64,
    },
}

impl Answer {
    /// Write it to the client.
    pub(super) fn write(&self, writer: &mut Writer<impl Write>) -> Result<(), WireError> {
        match self {
            Answer::Nothing => Ok(()),
            Answer::Boolean(value) => writer.boolean(*value),
            Answer::NoSubstitutable => writer.u64(0),
            Answer::String(string) => writer.string(string),
            Answer::Strings(strings) => writer.strings(strings),
            Answer::Pairs(pairs) => writer.pairs(pairs),
            Answer::Info(info) => write_path_info(writer, info),
            Answer::Substitutables(all) => write_substitutables(writer, all),
            Answer::Collected { paths, freed } => {
                writer.strings(paths)?;
                writer.u64(*freed)?;
                writer.u64(0)
            }
        }
    }
}

impl Connection<'_> {
    /// Carry out REQUEST.
    pub(super) fn answer(&mut self, request: Request) -> Result<Answer, Trouble> {
        match request {
            Request::Path(operation, path) => self.about_path(operation, &path),
            Request::Paths(operation, paths) => self.about_paths(operation, &paths),
            Request::Plain(operation) => self.plain(operation),
            Request::AddToStore { name, recursive, algorithm } => {
                self.add_to_store(&name, recursive, &algorithm)
            }
            Request::AddTextToStore { name, text, references } => {
                checked_name(&name)?;
                let mut items = BTreeSet::new();
                for reference in &references {
                    items.insert(self.existing(reference)?);
                }
                let path = self.store.add_text_to_store(&name, &text, &items)?;
                Ok(Answer::String(self.show(&path)))
            }
            Request::BuildThings { mode: WireBuildMode::Repair, .. } if !self.trusted => Err(
                Trouble::refused("repairing is not supported when building through the Nix daemon"),
            ),
            Request::BuildThings { things, mode } => self.build_things(&things, mode),
            Request::ExportPath { path, sign } => self.export(&path, sign),
            Request::SetOptions(options) => {
                self.options = *options;
                Ok(Answer::Nothing)
            }
            Request::CollectGarbage(request) => self.collect_garbage(&request),
            Request::VerifyStore { check_contents, repair } => self.verify(check_contents, repair),
        }
    }

    /// The full name of ITEM.
    pub(super) fn show(&self, item: &StorePath) -> String {
        self.store.layout().display(item)
    }

    fn show_all<'a>(&self, items: impl IntoIterator<Item = &'a StorePath>) -> Answer {
        Answer::Strings(items.into_iter().map(|item| self.show(item)).collect())
    }

    /// The item called PATH; `None` for a file of the store directory that can be none.
    pub(super) fn item(&self, path: &str) -> Result<Option<StorePath>, Trouble> {
        let store = self.store.layout().store_dir().as_str();
        let below = path.strip_prefix(store).and_then(|rest| rest.strip_prefix('/'));
        match below {
            Some(name) if !name.is_empty() && !name.contains('/') => {
                Ok(StorePath::from_base_name(name).ok())
            }
            _ => Err(Trouble::refused(format!("path `{path}' is not in the store"))),
        }
    }

    /// The item called PATH, which must be able to be one.
    pub(super) fn existing(&self, path: &str) -> Result<StorePath, Trouble> {
        let none = || Trouble::refused(format!("path `{path}' is not valid"));
        self.item(path)?.ok_or_else(none)
    }

    fn items(&self, paths: &[String]) -> Result<BTreeSet<StorePath>, Trouble> {
        let mut items = BTreeSet::new();
        for path in paths {
            items.extend(self.item(path)?);
        }
        Ok(items)
    }

    fn about_path(&mut self, operation: Operation, path: &str) -> Result<Answer, Trouble> {
        match operation {
            Operation::AddIndirectRoot => {
                self.store.add_indirect_root(&Path::new("/").join(path))?;
                return Ok(Answer::Boolean(true));
            }
            Operation::PathFromHashPart => {
                let invalid = |_| Trouble::refused("invalid hash part");
                let part = HashPart::new(path.as_bytes()).map_err(invalid)?;
                let found = self.store.query_path_from_hash_part(&part)?;
                return Ok(Answer::String(found.map_or_else(String::new, |item| self.show(&item))));
            }
            Operation::HasSubstitutes => {
                self.item(path)?;
                return Ok(Answer::Boolean(false));
            }
            Operation::SubstitutablePathInfo => return Ok(Answer::NoSubstitutable),
            Operation::ValidPath => {
                let item = self.item(path)?;
                let valid = match item {
                    Some(item) => self.store.is_valid_path(&item)?,
                    None => false,
                };
                return Ok(Answer::Boolean(valid));
            }
            Operation::Referrers | Operation::ValidDerivers | Operation::AddTempRoot
                if self.item(path)?.is_none() =>
            {
                let nothing = Answer::Strings(Vec::new());
                let is_root = operation == Operation::AddTempRoot;
                return Ok(if is_root { Answer::Boolean(true) } else { nothing });
            }
            _ => {}
        }
        let item = self.existing(path)?;
        let not_valid = || Trouble::refused(format!("path `{path}' is not valid"));
        Ok(match operation {
            Operation::PathHash => {
                let info = self.store.query_path_info(&item)?.ok_or_else(not_valid)?;
                Answer::String(info.nar_hash.to_base16())
            }
            Operation::PathInfo => {
                let info = self.store.query_path_info(&item)?.ok_or_else(not_valid)?;
                Answer::Info(WirePathInfo {
                    deriver: info.deriver.map_or_else(String::new, |drv| self.show(&drv)),
                    hash: info.nar_hash.to_base16(),
                    references: info.references.iter().map(|item| self.show(item)).collect(),
                    registration_time: info.registration_time.unsigned_abs(),
                    nar_size: info.nar_size,
                })
            }
            Operation::References => self.show_all(&self.store.references(&item)?),
            Operation::Referrers => self.show_all(&self.store.referrers(&item)?),
            Operation::ValidDerivers => self.show_all(&self.store.query_valid_derivers(&item)?),
            Operation::Deriver => {
                let deriver = self.store.query_deriver(&item)?;
                Answer::String(deriver.map_or_else(String::new, |drv| self.show(&drv)))
            }
            Operation::DerivationOutputs => {
                let outputs = self.store.query_derivation_outputs(&item)?;
                self.show_all(&outputs.into_values().collect::<BTreeSet<_>>())
            }
            Operation::DerivationOutputNames => {
                let outputs = self.store.query_derivation_outputs(&item)?;
                Answer::Strings(outputs.into_keys().collect())
            }
            Operation::AddTempRoot => {
                self.store.add_temp_root(&item)?;
                Answer::Boolean(true)
            }
            Operation::EnsurePath => self.ensure(item)?,
            other => return Err(unsupported(other)),
        })
    }

    fn about_paths(&mut self, operation: Operation, paths: &[String]) -> Result<Answer, Trouble> {
        if operation == Operation::ClearFailedPaths {
            if paths.iter().any(|path| path == "*") {
                self.store.clear_all_failed_paths()?;
            } else {
                self.store.clear_failed_paths(&self.items(paths)?)?;
            }
            return Ok(Answer::Boolean(true));
        }
        let items = self.items(paths)?;
        Ok(match operation {
            Operation::ValidPaths => self.show_all(&self.store.query_valid_paths(&items)?),
            Operation::SubstitutablePaths => Answer::Strings(Vec::new()),
            Operation::SubstitutablePathInfos => Answer::Substitutables(Vec::new()),
            other => return Err(unsupported(other)),
        })
    }

    fn plain(&mut self, operation: Operation) -> Result<Answer, Trouble> {
        Ok(match operation {
            Operation::SyncWithGc => {
                self.store.sync_with_gc()?;
                Answer::Boolean(true)
            }
            Operation::FindRoots => {
                let roots = self.store.find_roots()?;
                let pair = |(file, item): (std::path::PathBuf, StorePath)| {
                    (file.to_string_lossy().into_owned(), self.show(&item))
                };
                Answer::Pairs(roots.into_iter().map(pair).collect())
            }
            Operation::AllValidPaths => {
                let mut all = Vec::new();
                self.store.for_each_valid_path(|item| {
                    all.push(self.store.layout().display(&item));
                    Ok(())
                })?;
                all.sort_unstable();
                Answer::Strings(all)
            }
            Operation::FailedPaths => self.show_all(&self.store.query_failed_paths()?),
            Operation::OptimizeStore => {
                self.store.optimise()?;
                Answer::Boolean(true)
            }
            Operation::BuiltinBuilders => Answer::Strings(BUILTINS.map(str::to_owned).into()),
            Operation::SubstituteUrls => {
                Answer::Strings(self.server.options.substitute_urls.clone())
            }
            other => return Err(unsupported(other)),
        })
    }

    /// Add the archive that follows. Whatever goes wrong, it is read to its end, so that the next request
    /// is found.
    fn add_to_store(
        &mut self,
        name: &str,
        recursive: bool,
        algorithm: &str,
    ) -> Result<Answer, Trouble> {
        let unknown = |_| Trouble::refused(format!("unknown hash algorithm `{algorithm}'"));
        let algorithm = algorithm.parse::<HashAlgorithm>().map_err(unknown);
        let algorithm = checked_name(name).and(algorithm);
        let source = self.reader.stream();
        let (added, drained) = if recursive {
            let mut nar = NarStream::new(source);
            let added = algorithm.and_then(|algorithm| {
                let method = HashMethod::Recursive;
                Ok(self.store.add_to_store_from_dump(name, &mut nar, method, algorithm)?)
            });
            (added, nar.drain())
        } else {
            let mut file = FileStream::new(source);
            let added = algorithm.and_then(|algorithm| {
                let method = HashMethod::Flat;
                Ok(self.store.add_to_store_from_dump(name, &mut file, method, algorithm)?)
            });
            let drained = file.drain();
            let added = if file.is_regular() {
                added
            } else {
                Err(Trouble::refused("regular file expected"))
            };
            (added, drained)
        };
        // If the archive has no end, nobody knows where the next request begins.
        drained.map_err(|error| Trouble::from(WireError::from(error)))?;
        Ok(Answer::String(self.show(&added?)))
    }

    fn ensure(&mut self, item: StorePath) -> Result<Answer, Trouble> {
        self.store.add_temp_root(&item)?;
        if self.store.is_valid_path(&item)? {
            return Ok(Answer::Boolean(true));
        }
        let path = self.show(&item);
        self.tell_not_substitutable(&path)?;
        Err(Trouble::refused(format!("path `{path}' does not exist and cannot be created")))
    }

    pub(super) fn tell_not_substitutable(&self, path: &str) -> Result<(), WireError> {
        self.tell(&format!(
            "path `{path}' is required, but there is no substituter that can build it\n"
        ))
    }

    fn collect_garbage(&mut self, request: &GcRequest) -> Result<Answer, Trouble> {
        if request.ignore_liveness {
            return Err(Trouble::refused("you are not allowed to ignore liveness"));
        }
        let action = match request.verb {
            GcVerb::ReturnLive => GcAction::ReturnLive,
            GcVerb::ReturnDead => GcAction::ReturnDead,
            GcVerb::DeleteDead => GcAction::DeleteDead,
            GcVerb::DeleteSpecific => GcAction::DeleteSpecific(self.items(&request.paths)?),
        };
        self.tell("finding garbage collector roots...\n")?;
        let options = GcOptions { max_freed: request.max_freed, ..GcOptions::new(action) };
        let results = self.store.collect_garbage(&options)?;
        Ok(Answer::Collected { paths: results.paths, freed: results.bytes_freed })
    }

    /// True: errors remain.
    fn verify(&mut self, check_contents: bool, repair: bool) -> Result<Answer, Trouble> {
        if repair && !self.trusted {
            return Err(Trouble::refused("you are not privileged to repair paths"));
        }
        let mut cannot = |_: &StorePath| Ok(false);
        let report =
            self.store.verify(check_contents, if repair { Some(&mut cannot) } else { None })?;
        for problem in report.remaining.iter().chain(&report.repaired) {
            self.tell(&format!("{}\n", self.words(problem)))?;
        }
        Ok(Answer::Boolean(!report.remaining.is_empty()))
    }

    /// PROBLEM in guix-daemon's words, where it has some.
    fn words(&self, problem: &Problem) -> String {
        let name = |item: &StorePath| self.show(item);
        match problem {
            Problem::Database(words) => format!("the database is damaged: {words}"),
            Problem::NotInStore(path) => format!("path `{path}' is not in the store"),
            Problem::Disappeared(item) => {
                format!("path `{}' disappeared, removing from database...", name(item))
            }
            Problem::Missing(item) => {
                format!("path `{}' disappeared, but it still has valid referrers!", name(item))
            }
            Problem::Modified { path, expected, got } => format!(
                "path `{}' was modified! expected hash `{}', got `{}'",
                name(path),
                expected.to_base32(),
                got.to_base32()
            ),
            Problem::Unreadable { path, reason } => {
                format!("path `{}' cannot be read: {reason}", name(path))
            }
            Problem::BadLink(hash) => {
                format!("link `{hash}' has other contents than its name says")
            }
        }
    }

    fn export(&mut self, path: &str, sign: bool) -> Result<Answer, Trouble> {
        let _ = (self.existing(path)?, sign);
        Err(unsupported(Operation::ExportPath))
    }
}

fn unsupported(operation: Operation) -> Trouble {
    Trouble::refused(format!("operation `{}' is not yet supported", operation.name()))
}
