// SPDX-License-Identifier: GPL-3.0-or-later
//! Carrying out a recipe: packages in, store item out. This is what `fruix-relocate` does inside a build.
//!
//! The tree is held in memory, as places in the item, until every step has been applied; then it is written
//! to the outputs. Whatever host path is left at that moment makes the build fail.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::deb::{self, DebError, Node};
use crate::elf::{self, Edit, ElfError};
use crate::recipe::{Recipe, RecipeError, Step};
use crate::{hostpath, layout};

/// The largest package that is taken, unpacked (bytes).
const LARGEST_PACKAGE: u64 = 2 << 30;

/// Everything a relocation is made from.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The packages (`.deb` files), in order.
    pub debs: Vec<PathBuf>,
    /// Other seed items: name and store path. Libraries are looked for in their `lib`, in this order.
    pub inputs: Vec<(String, String)>,
    /// Output names and paths; the first is where files go unless moved.
    pub outputs: Vec<(String, String)>,
    /// The steps, with placeholders.
    pub recipe: Recipe,
}

/// Why a relocation failed.
#[derive(Debug, thiserror::Error)]
pub enum RelocateError {
    /// A package could not be unpacked.
    #[error("{}: {source}", file.display())]
    Deb {
        /// The package.
        file: PathBuf,
        /// What is wrong with it.
        source: DebError,
    },
    /// An ELF file could not be rewritten.
    #[error("{file}: {source}")]
    Elf {
        /// The file's place in the item.
        file: String,
        /// What is wrong with it.
        source: ElfError,
    },
    /// The recipe is wrong.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// Two packages of one item hold different files at one place.
    #[error("two packages have different files at {0:?}")]
    Conflict(String),
    /// A needed library is in no input.
    #[error("{file} needs {library}, which neither the item nor its inputs have")]
    Library {
        /// The file's place in the item.
        file: String,
        /// The library's name.
        library: String,
    },
    /// A step matched nothing: the distribution's package is not what the table was written for.
    #[error("recipe step does not apply to any file: {0}")]
    Unmatched(String),
    /// Host paths are left.
    #[error("{file} still names {path} of the host")]
    HostPath {
        /// The file's place in the item.
        file: String,
        /// The path.
        path: String,
    },
    /// A program of the item failed.
    #[error("{program} failed: {detail}")]
    Run {
        /// What was run.
        program: String,
        /// How it ended, and what it said.
        detail: String,
    },
    /// Reading or writing failed.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

type Result<T> = std::result::Result<T, RelocateError>;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    File {
        bytes: Vec<u8>,
        executable: bool,
    },
    /// A link to a place of the item.
    Own(String),
    /// A link as written.
    Link(String),
}

struct Item<'a> {
    files: BTreeMap<String, Content>,
    /// Places that are not in the first output.
    moved: BTreeMap<String, usize>,
    request: &'a Request,
    interpreter: Option<String>,
    shell: Option<String>,
}

/// Make the item. What was done is told line by line to `log`.
pub fn relocate(request: &Request, log: &mut dyn FnMut(String)) -> Result<()> {
    let temporary = std::env::temp_dir().to_string_lossy().into_owned();
    let mut names = BTreeMap::from([("tmp".to_owned(), temporary)]);
    names.extend(request.inputs.iter().chain(&request.outputs).cloned());
    let recipe = request.recipe.fill(&names)?;
    let mut item = Item {
        files: BTreeMap::new(),
        moved: BTreeMap::new(),
        request,
        interpreter: None,
        shell: None,
    };
    for file in &request.debs {
        item.unpack(file)?;
    }
    for step in &recipe.steps {
        item.apply(step)?;
    }
    item.drop_dangling(log);
    item.rewrite(&recipe.steps, log)?;
    item.check()?;
    item.write()?;
    for step in &recipe.steps {
        match step {
            Step::Run(words) => drop(run(words)?),
            Step::Specs(words) => write_specs(&item, words)?,
            Step::Directory(path) => make_directory(Path::new(path))?,
            Step::Take(place, source) => take(Path::new(item.output_of(place)), place, source)?,
            _ => (),
        }
    }
    Ok(())
}

fn matching<'a>(
    files: &'a BTreeMap<String, Content>,
    pattern: &'a str,
) -> impl Iterator<Item = &'a String> + 'a {
    files.keys().filter(move |name| hostpath::glob(pattern, name))
}

impl Item<'_> {
    fn unpack(&mut self, file: &Path) -> Result<()> {
        let io = |source| RelocateError::Io { file: file.to_owned(), source };
        let bytes = fs::read(file).map_err(io)?;
        let nodes = deb::unpack(&bytes, LARGEST_PACKAGE)
            .map_err(|source| RelocateError::Deb { file: file.to_owned(), source })?;
        for (path, node) in nodes {
            let Some(place) = layout::place(&path) else { continue };
            let content = match node {
                Node::File { bytes, executable } => Content::File { bytes, executable },
                Node::Link(target) => match layout::place(&layout::resolve(&path, &target)) {
                    // `/lib64/ld.so` and `/lib/TRIPLET/ld.so` become one.
                    Some(target) if target == place => continue,
                    Some(target) => Content::Own(target),
                    None => continue,
                },
            };
            match self.files.get(&place) {
                Some(Content::File { .. }) if !matches!(content, Content::File { .. }) => (),
                Some(other @ Content::File { .. }) if *other != content => {
                    return Err(RelocateError::Conflict(place));
                }
                _ => {
                    self.files.insert(place, content);
                }
            }
        }
        Ok(())
    }

    fn apply(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Interpreter(path) => self.interpreter = Some(path.clone()),
            Step::Shell(path) => self.shell = Some(path.clone()),
            Step::Drop(pattern) => self.files.retain(|name, _| !hostpath::glob(pattern, name)),
            Step::Move(pattern, output) => {
                let index = self.request.outputs.iter().position(|(name, _)| name == output);
                let index = index.ok_or_else(|| RecipeError::Placeholder(output.clone()))?;
                let names: Vec<_> = matching(&self.files, pattern).cloned().collect();
                self.moved.extend(names.into_iter().map(|name| (name, index)));
            }
            Step::Rename(old, new) => {
                if let Some(content) = self.files.remove(old) {
                    self.files.insert(new.clone(), content);
                }
            }
            Step::Link(place, target) => {
                let content = match target.starts_with('/') {
                    true => Content::Link(target.clone()),
                    false => Content::Own(layout::resolve(place, target)),
                };
                self.files.insert(place.clone(), content);
            }
            Step::Write(place, text) => {
                let bytes = text.clone().into_bytes();
                let content = Content::File { bytes, executable: text.starts_with("#!") };
                self.files.insert(place.clone(), content);
            }
            Step::Copy(place, source) => {
                let io = |error| RelocateError::Io { file: source.into(), source: error };
                let bytes = fs::read(source).map_err(io)?;
                self.files.insert(place.clone(), Content::File { bytes, executable: true });
            }
            Step::Fill(place, marker, text) => {
                let file = self.files.get_mut(place);
                let filled = match file {
                    Some(Content::File { bytes, .. }) => fill(bytes, marker, text),
                    _ => false,
                };
                if !filled {
                    return Err(RelocateError::Unmatched(format!("fill {place} {marker}")));
                }
            }
            Step::Retarget(..) | Step::Text(..) => (),
            Step::Run(_) | Step::Specs(_) | Step::Directory(_) | Step::Take(..) => (),
        }
        Ok(())
    }

    /// Leave out links to files that the item does not have.
    fn drop_dangling(&mut self, log: &mut dyn FnMut(String)) {
        loop {
            let dangling: Vec<String> = self
                .files
                .iter()
                .filter(|(_, content)| matches!(content, Content::Own(to) if !self.has(to)))
                .map(|(name, _)| name.clone())
                .collect();
            if dangling.is_empty() {
                return;
            }
            for name in dangling {
                log(format!("left out {name}: what it links to is left out"));
                self.files.remove(&name);
            }
        }
    }

    fn has(&self, place: &str) -> bool {
        let below = format!("{place}/");
        self.files.contains_key(place)
            || self.files.range(below.clone()..).next().is_some_and(|(n, _)| n.starts_with(&below))
    }

    fn output_of(&self, place: &str) -> &str {
        let index = self.moved.get(place).copied().unwrap_or(0);
        self.request.outputs.get(index).map_or("", |(_, path)| path)
    }

    fn rewrite(&mut self, steps: &[Step], log: &mut dyn FnMut(String)) -> Result<()> {
        let mut used = BTreeSet::new();
        let names: Vec<String> = self.files.keys().cloned().collect();
        for name in names {
            let Some(Content::File { bytes, executable }) = self.files.get_mut(&name) else {
                continue;
            };
            let (mut bytes, executable) = (std::mem::take(bytes), *executable);
            if elf::is_elf(&bytes) && !name.ends_with(".o") {
                bytes = self.rewrite_elf(&name, bytes, steps, &mut used)?;
            } else if !bytes[..bytes.len().min(8192)].contains(&0) {
                bytes = self.rewrite_text(&name, bytes, executable, steps, &mut used);
            }
            let blanked = hostpath::blank(&name, &mut bytes);
            if blanked > 0 {
                log(format!("blanked {blanked} host paths in {name}"));
            }
            self.files.insert(name, Content::File { bytes, executable });
        }
        for (index, step) in steps.iter().enumerate() {
            let matters = matches!(step, Step::Retarget(..) | Step::Text(..));
            if matters && !used.contains(&index) {
                return Err(RelocateError::Unmatched(format!("{step:?}")));
            }
        }
        Ok(())
    }

    fn rewrite_elf(
        &self,
        name: &str,
        bytes: Vec<u8>,
        steps: &[Step],
        used: &mut BTreeSet<usize>,
    ) -> Result<Vec<u8>> {
        let wrong = |source| RelocateError::Elf { file: name.to_owned(), source };
        let info = elf::inspect(&bytes).map_err(wrong)?;
        let mut directories: Vec<String> = Vec::new();
        for library in &info.needed {
            // The dynamic linker itself is always there already.
            let directory = self.find_library(name, library)?;
            if !directories.contains(&directory) {
                directories.push(directory);
            }
        }
        let run_path = directories.join(":");
        let mut retargets = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            if let Step::Retarget(pattern, old, new) = step
                && hostpath::glob(pattern, name)
            {
                used.insert(index);
                retargets.push((old.clone(), new.clone()));
            }
        }
        let edit = Edit {
            interpreter: self.interpreter.as_deref(),
            run_path: (!run_path.is_empty()).then_some(run_path.as_str()),
            retargets: &retargets,
        };
        elf::rewrite(bytes, &edit).map_err(wrong)
    }

    /// The directory from which `file` shall load `library`: its own, the item's, or an input's.
    fn find_library(&self, file: &str, library: &str) -> Result<String> {
        let beside = file.rsplit_once('/').map_or("", |(directory, _)| directory);
        for directory in [beside, "lib"] {
            let place = format!("{directory}/{library}");
            if self.files.contains_key(&place) {
                return Ok(format!("{}/{directory}", self.output_of(&place)));
            }
        }
        for (_, path) in &self.request.inputs {
            let directory = format!("{path}/lib");
            if Path::new(&directory).join(library).exists() {
                return Ok(directory);
            }
        }
        Err(RelocateError::Library { file: file.to_owned(), library: library.to_owned() })
    }

    fn rewrite_text(
        &self,
        name: &str,
        bytes: Vec<u8>,
        executable: bool,
        steps: &[Step],
        used: &mut BTreeSet<usize>,
    ) -> Vec<u8> {
        let mut text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => return error.into_bytes(),
        };
        for (index, step) in steps.iter().enumerate() {
            if let Step::Text(pattern, old, new) = step
                && hostpath::glob(pattern, name)
                && text.contains(old.as_str())
            {
                used.insert(index);
                text = text.replace(old.as_str(), new);
            }
        }
        let mut result = String::with_capacity(text.len());
        let mut done = 0;
        for range in hostpath::find(text.as_bytes()) {
            let path = &text[range.clone()];
            let own = layout::place(path.trim_start_matches('/'))
                .filter(|place| self.files.contains_key(place))
                .map(|place| format!("{}/{place}", self.output_of(&place)));
            let shells = ["/bin/sh", "/bin/bash", "/usr/bin/sh", "/usr/bin/bash"];
            let new = match &self.shell {
                Some(shell) if executable && shells.contains(&path) => Some(shell.clone()),
                // A licence is left as it is.
                _ => own.filter(|_| !hostpath::is_allowed(name, path)),
            };
            if let Some(new) = new {
                result.push_str(&text[done..range.start]);
                result.push_str(&new);
                done = range.end;
            }
        }
        result.push_str(&text[done..]);
        result.into_bytes()
    }

    fn check(&self) -> Result<()> {
        for (name, content) in &self.files {
            let text;
            let bytes: &[u8] = match content {
                Content::File { bytes, .. } => bytes,
                Content::Own(_) => continue,
                Content::Link(target) => {
                    text = target.clone();
                    text.as_bytes()
                }
            };
            if let Some(range) = hostpath::forbidden(name, bytes).next() {
                let path = String::from_utf8_lossy(&bytes[range]).into_owned();
                return Err(RelocateError::HostPath { file: name.clone(), path });
            }
        }
        Ok(())
    }

    fn write(&self) -> Result<()> {
        for (_, output) in &self.request.outputs {
            make_directory(Path::new(output))?;
        }
        for (name, content) in &self.files {
            let output = self.output_of(name);
            let path = Path::new(output).join(name);
            if let Some(parent) = path.parent() {
                make_directory(parent)?;
            }
            let done = match content {
                Content::File { bytes, executable } => fs::write(&path, bytes).and_then(|()| {
                    let mode = if *executable { 0o555 } else { 0o444 };
                    fs::set_permissions(&path, fs::Permissions::from_mode(mode))
                }),
                Content::Own(target) if self.output_of(target) == output => {
                    symlink(layout::relative(name, target), &path)
                }
                Content::Own(target) => {
                    symlink(Path::new(self.output_of(target)).join(target), &path)
                }
                Content::Link(target) => symlink(target, &path),
            };
            done.map_err(|source| RelocateError::Io { file: path, source })?;
        }
        Ok(())
    }
}

fn take(output: &Path, place: &str, source: &str) -> Result<()> {
    let file = output.join(place);
    make_directory(file.parent().unwrap_or(output))?;
    let done = fs::read(source).and_then(|bytes| fs::write(&file, bytes));
    let done = done.and_then(|()| fs::set_permissions(&file, fs::Permissions::from_mode(0o444)));
    done.map_err(|error| RelocateError::Io { file: source.into(), source: error })
}

fn make_directory(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|source| RelocateError::Io { file: path.to_owned(), source })
}

/// Put `text` and a NUL over the slot that begins with `marker` and extends over the NULs after it.
fn fill(bytes: &mut [u8], marker: &str, text: &str) -> bool {
    let marker = marker.as_bytes();
    let Some(at) = bytes.windows(marker.len()).position(|window| window == marker) else {
        return false;
    };
    let slot = &bytes[at + marker.len()..];
    let zeros = slot.iter().take_while(|&&byte| byte == 0).count();
    let room = marker.len() + zeros;
    if text.len() + 1 > room {
        return false;
    }
    bytes[at..at + room].fill(0);
    bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
    true
}

/// Run a program and return what it prints.
fn run(words: &[String]) -> Result<String> {
    let Some((program, arguments)) = words.split_first() else { return Ok(String::new()) };
    let failed = |detail| RelocateError::Run { program: program.clone(), detail };
    let output = std::process::Command::new(program).args(arguments).env_clear().output();
    let output = output.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(failed(format!("{}: {said}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn write_specs(item: &Item<'_>, words: &[String]) -> Result<()> {
    let [driver, place, additions @ ..] = words else { return Ok(()) };
    let printed = run(&[driver.clone(), "-dumpspecs".to_owned()])?;
    let specs = add_specs(&printed, additions)?;
    let file = Path::new(item.output_of(place)).join(place);
    let io = |source| RelocateError::Io { file: file.clone(), source };
    if let Some(range) = hostpath::forbidden(place, specs.as_bytes()).next() {
        let path = specs[range].to_owned();
        return Err(RelocateError::HostPath { file: place.clone(), path });
    }
    fs::write(&file, &specs).map_err(io)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).map_err(io)
}

/// Append to specs as GCC prints them: a line `*NAME:`, a line of text, an empty line.
fn add_specs(printed: &str, additions: &[String]) -> Result<String> {
    let mut lines: Vec<String> = printed.lines().map(str::to_owned).collect();
    for pair in additions.chunks_exact(2) {
        let heading = format!("*{}:", pair[0]);
        let at = lines.iter().position(|line| *line == heading);
        let text = at.and_then(|at| lines.get_mut(at + 1));
        let text = text.ok_or_else(|| RelocateError::Unmatched(format!("specs {heading}")))?;
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&pair[1]);
    }
    Ok(lines.join("\n") + "\n")
}
