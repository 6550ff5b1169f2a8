// SPDX-License-Identifier: GPL-3.0-or-later
//! `fruix shell` (Guix's manual, "Invoking guix shell"): runs a command with packages at hand, without
//! a profile: the variables list the packages' own directories.

use crate::args::ShellArgs;
use crate::building::Building;
use crate::error::{CommandError, Result};
use crate::session::{self, Wanted};
use crate::stores;
use fruix_core::StorePath;
use fruix_daemon::Goal;
use fruix_packages::session::SearchPath;
use fruix_packages::{Session, Target};
use fruix_sandbox::{Access, Mount, StoreView};
use fruix_store::{Layout, Store};
use regex::Regex;
use std::collections::{BTreeMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;

/// The hidden command by which this program enters the view of an embedded store; see [`enter_view`].
pub const ENTER: &str = "enter-store-view";

/// Variables that `--pure` keeps.
const KEPT: [&str; 6] = ["HOME", "LOGNAME", "USER", "TERM", "DISPLAY", "TZ"];

/// Outputs in the order of the command line, and the search paths of their packages.
#[derive(Default)]
struct Contents {
    outputs: Vec<StorePath>,
    goals: Vec<Goal>,
    paths: Vec<SearchPath>,
    seen: HashSet<(i64, Option<String>)>,
}

/// Runs the command.
pub fn run(args: &ShellArgs) -> Result<ExitCode> {
    let targets = &args.targets;
    let store = Arc::new(stores::open(&targets.session.store)?);
    let mut session = session::open(&store, &targets.session, &targets.common)?;
    let wanted = session::find(&mut session, &store, targets)?;
    let system = targets.common.system.as_deref();
    let mut contents = Contents::default();
    for wanted in wanted {
        match wanted {
            Wanted::Path(path) => {
                contents.goals.push(Goal::new(path.clone()));
                contents.outputs.push(path);
            }
            Wanted::Target(target, output) => {
                add(&mut session, &mut contents, *target, output, system)?;
            }
        }
    }
    if !Building::new(store.clone(), &targets.common)?.run(&contents.goals)? {
        return Ok(ExitCode::SUCCESS);
    }
    let variables = variables(&store, &contents, args.pure);
    if args.search_paths {
        for (name, value) in &variables {
            println!("export {name}=\"{value}\"");
        }
        return Ok(ExitCode::SUCCESS);
    }
    // The store's session keeps what is used from being collected until this process is another one; from then
    // on, the collector sees that the process uses it.
    Err(execute(store.layout(), &args.command, &environment(args, variables)?))
}

/// Adds a package and what it propagates.
fn add(
    session: &mut Session,
    contents: &mut Contents,
    target: Target,
    output: Option<String>,
    system: Option<&str>,
) -> Result {
    let mut queue = vec![(target, output)];
    while let Some((target, output)) = queue.pop() {
        if !contents.seen.insert((target.number, output.clone())) {
            continue;
        }
        let lowered = session::lower(session, &target, system)?;
        let wanted = output.unwrap_or_else(|| "out".to_owned());
        let single = lowered.outputs.len() == 1;
        let chosen = lowered.outputs.iter().find(|(name, _)| *name == wanted || single);
        contents.outputs.extend(chosen.map(|(_, path)| path.clone()));
        let names = chosen.map(|(name, _)| name.clone()).into_iter().collect();
        contents.goals.push(if lowered.path.is_derivation() {
            Goal::Derivation { drv: lowered.path, outputs: names }
        } else {
            contents.outputs.push(lowered.path.clone());
            Goal::Item(lowered.path)
        });
        let paths = session.search_paths(target.number);
        let paths = paths.map_err(|error| session::words(error, None))?;
        contents.paths.extend(paths.paths);
        for (number, output) in paths.propagated.into_iter().rev() {
            queue.push((Target { number, package: None }, Some(output)));
        }
    }
    Ok(())
}

/// The variables that the search paths give, in front of the host's values unless `pure`.
fn variables(store: &Store, contents: &Contents, pure: bool) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for path in &contents.paths {
        if variables.contains_key(&path.variable) {
            continue;
        }
        let mut entries: Vec<String> = Vec::new();
        for output in &contents.outputs {
            for file in &path.files {
                // What exists is looked at where it lies, and named as it is seen.
                let real = store.physical(output).join(file);
                let fits = match path.file_type.as_str() {
                    "regular" => real.is_file(),
                    _ => real.is_dir(),
                };
                let name = match file.as_str() {
                    "" | "." => store.layout().display(output),
                    file => format!("{}/{file}", store.layout().display(output)),
                };
                if fits && !entries.contains(&name) {
                    entries.push(name);
                }
            }
        }
        if entries.is_empty() {
            continue;
        }
        let Some(separator) = &path.separator else {
            variables.insert(path.variable.clone(), entries.swap_remove(0));
            continue;
        };
        if !pure && let Ok(value) = std::env::var(&path.variable) {
            entries.push(value);
        }
        variables.insert(path.variable.clone(), entries.join(separator));
    }
    variables
}

/// The whole environment of the command: of the host's, with `--pure`, only what is to be kept.
fn environment(
    args: &ShellArgs,
    variables: BTreeMap<String, String>,
) -> Result<BTreeMap<OsString, OsString>> {
    let mut patterns = Vec::new();
    for text in &args.preserve {
        let pattern = Regex::new(text).map_err(|error| {
            CommandError::new(format!("`{text}' is not a regular expression: {error}"))
        })?;
        patterns.push(pattern);
    }
    let keeps = |name: &OsString| {
        let name = name.to_string_lossy();
        !args.pure || KEPT.contains(&&*name) || patterns.iter().any(|p| p.is_match(&name))
    };
    let mut all: BTreeMap<OsString, OsString> =
        std::env::vars_os().filter(|(name, _)| keeps(name)).collect();
    all.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
    Ok(all)
}

/// Becomes the command; returns only upon failure.
fn execute(
    layout: &Layout,
    words: &[String],
    environment: &BTreeMap<OsString, OsString>,
) -> CommandError {
    let shell = [std::env::var("SHELL").unwrap_or_else(|_| "/bin/sh".to_owned())];
    let words = if words.is_empty() { &shell[..] } else { words };
    let mut command = if layout.is_embedded() {
        let mut command = Command::new("/proc/self/exe");
        command.arg(ENTER).arg(layout.physical_store()).arg(layout.store_dir().as_str());
        command.args(words);
        command
    } else {
        // A program is looked for on the new PATH, not on ours.
        let path = environment.get(OsStr::new("PATH")).cloned().unwrap_or_default();
        let Some(program) = locate(&words[0], &path, Path::to_path_buf) else {
            return not_found(&words[0]);
        };
        let mut command = Command::new(program);
        command.arg0(&words[0]).args(&words[1..]);
        command
    };
    let error = command.env_clear().envs(environment).exec();
    CommandError::new(format!("cannot run `{}': {error}", words[0]))
}

fn not_found(program: &str) -> CommandError {
    CommandError::new(format!("there is no program `{program}' in these packages or on the PATH"))
        .hint("`fruix search' finds packages by what they are for")
}

/// The program on PATH; `real` says where a file that is named so lies.
fn locate(program: &str, path: &OsStr, real: impl Fn(&Path) -> PathBuf) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    if program.contains('/') {
        return Some(PathBuf::from(program));
    }
    std::env::split_paths(path).map(|dir| dir.join(program)).find(|file| {
        let meta = std::fs::metadata(real(file));
        meta.is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    })
}

/// The second half for an embedded store: makes the store appear where its items' names say, and becomes the
/// command. `words`: the store's real folder, its name, the command. Runs before any thread is started, since a
/// process with several cannot have a user namespace of its own.
pub fn enter_view(words: &[OsString]) -> CommandError {
    let [physical, name, program, ..] = words else {
        return CommandError::new("this command is for fruix's own use");
    };
    let (physical, name) = (PathBuf::from(physical), PathBuf::from(name));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let real = |file: &Path| match file.strip_prefix(&name) {
        Ok(rest) => physical.join(rest),
        Err(_) => file.to_path_buf(),
    };
    let text = program.to_string_lossy();
    let Some(found) = locate(&text, &path, real) else { return not_found(&text) };
    let found = std::path::absolute(&found).unwrap_or(found);
    let view = StoreView {
        mounts: vec![Mount {
            source: physical.clone(),
            target: name.clone(),
            access: Access::ReadOnly,
        }],
        program: found,
        args: words[2..].to_vec(),
        env: std::env::vars_os().collect(),
    };
    CommandError::new(view.exec()).hint("user namespaces are needed: see docs/isolation.md")
}
