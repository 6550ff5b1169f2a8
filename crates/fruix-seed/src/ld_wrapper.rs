// SPDX-License-Identifier: GPL-3.0-or-later
//! What the linker wrapper decides; the behaviour is that of Guix's `(gnu build-support ld-wrapper)`.
//!
//! It looks at the `-L` and `-l` options and at shared libraries given by name, and adds `-rpath DIRECTORY`
//! for each library that is in the store. `GUIX_LD_WRAPPER_ALLOW_IMPURITIES=no` makes libraries outside the
//! store an error; `GUIX_LD_WRAPPER_DISABLE_RPATH` (set to anything) adds nothing; `GUIX_LD_WRAPPER_DEBUG`
//! tells on standard error what is going on.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// How deep response files may name each other, and links lead to each other.
const DEPTH: usize = 50;

/// What the environment says.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The store (`NIX_STORE`).
    pub store: PathBuf,
    /// `TMPDIR`.
    pub temporary: PathBuf,
    /// The top build directory (`NIX_BUILD_TOP`), inside a build.
    pub build: Option<PathBuf>,
    /// Whether libraries outside of the store are accepted.
    pub allow_impurities: bool,
    /// Whether to add no run path.
    pub disable_rpath: bool,
    /// Whether to talk.
    pub debug: bool,
}

impl Settings {
    /// Read the settings through `variable`, usually `std::env::var_os`. Also says what is wrong with them.
    pub fn new(variable: &dyn Fn(&str) -> Option<OsString>) -> (Settings, Option<String>) {
        let mut warning = None;
        let allow_impurities = match variable("GUIX_LD_WRAPPER_ALLOW_IMPURITIES") {
            None => true,
            Some(value) => match value.to_string_lossy().to_lowercase().as_str() {
                "yes" | "y" | "t" | "true" | "1" => true,
                "no" | "n" | "f" | "false" | "0" => false,
                other => {
                    let name = "GUIX_LD_WRAPPER_ALLOW_IMPURITIES";
                    warning = Some(format!("{other:?}: invalid value for '{name}'"));
                    true
                }
            },
        };
        let settings = Settings {
            store: variable("NIX_STORE").unwrap_or_else(|| "/gnu/store".into()).into(),
            temporary: variable("TMPDIR").unwrap_or_else(|| "/tmp".into()).into(),
            build: variable("NIX_BUILD_TOP").map(PathBuf::from),
            allow_impurities,
            disable_rpath: variable("GUIX_LD_WRAPPER_DISABLE_RPATH").is_some(),
            debug: variable("GUIX_LD_WRAPPER_DEBUG").is_some(),
        };
        (settings, warning)
    }
}

/// A library outside the store was used although that is not allowed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("attempt to use library outside of {}: {:?}", store.display(), library)]
pub struct Impurity {
    /// The store.
    pub store: PathBuf,
    /// The library.
    pub library: PathBuf,
}

/// The options to add to `arguments` (without the program's name).
pub fn extra_arguments(
    arguments: &[OsString],
    settings: &Settings,
) -> Result<Vec<OsString>, Impurity> {
    let arguments = expand(arguments, 0);
    // A static link has no use for a run path, and a position-independent static program crashes when it has
    // one: libc's start-up code asserts that there is none.
    let has = |option: &str| arguments.iter().any(|argument| argument == option);
    if has("-static") && !has("-Bdynamic") {
        return Ok(Vec::new());
    }
    let search = search_path(&arguments);
    let mut extra: Vec<OsString> = Vec::new();
    for library in libraries(&arguments, &search, settings) {
        let real = follow(&library);
        if !settings.disable_rpath && real.starts_with(&settings.store) {
            let directory = simplify(library.parent().unwrap_or(Path::new("/")));
            // Once is enough: the linker would drop the repetition.
            if !extra.iter().any(|word| word == directory.as_os_str()) {
                extra.push("-rpath".into());
                extra.push(directory.into());
            }
        } else if !settings.allow_impurities && !is_pure(&real, settings) {
            return Err(Impurity { store: settings.store.clone(), library });
        }
    }
    Ok(extra)
}

/// Replace `@FILE` by the words in that file; one that cannot be read stays.
fn expand(arguments: &[OsString], depth: usize) -> Vec<OsString> {
    let mut expanded = Vec::new();
    for argument in arguments {
        let file = argument.as_bytes().strip_prefix(b"@").filter(|_| depth < DEPTH);
        match file.map(|file| fs::read(OsStr::from_bytes(file))) {
            Some(Ok(text)) => expanded.extend(expand(&words(&text), depth + 1)),
            _ => expanded.push(argument.clone()),
        }
    }
    expanded
}

/// Words of a response file: separated by white space, which quotes and backslashes protect.
fn words(text: &[u8]) -> Vec<OsString> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quote = None;
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => word.get_or_insert_default().extend(bytes.next()),
            _ if quote == Some(byte) => quote = None,
            b'"' | b'\'' if quote.is_none() => {
                quote = Some(byte);
                word.get_or_insert_default();
            }
            _ if quote.is_none() && byte.is_ascii_whitespace() => {
                words.extend(word.take().map(OsString::from_vec));
            }
            _ => word.get_or_insert_default().push(byte),
        }
    }
    words.extend(word.map(OsString::from_vec));
    words
}

/// All `-L` directories: they hold for every `-l`, wherever either stands.
fn search_path(arguments: &[OsString]) -> Vec<PathBuf> {
    let mut path = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_bytes() {
            b"-L" => path.extend(arguments.next().map(PathBuf::from)),
            [b'-', b'L', directory @ ..] => path.push(OsStr::from_bytes(directory).into()),
            _ => (),
        }
    }
    path
}

/// The shared libraries that get linked: named in the store, or found for a `-l`.
fn libraries(arguments: &[OsString], search: &[PathBuf], settings: &Settings) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let bytes = argument.as_bytes();
        if matches!(bytes, b"-dynamic-linker" | b"-plugin") {
            arguments.next();
        } else if let Some(name) = bytes.strip_prefix(b"-l") {
            let name = OsStr::from_bytes(name);
            let mut file = OsString::from("lib");
            file.push(name);
            file.push(".so");
            found.extend(search.iter().map(|dir| dir.join(&file)).find(|path| path.exists()));
        } else if Path::new(argument).starts_with(&settings.store) && is_shared_library(bytes) {
            found.push(argument.into());
        }
    }
    found
}

/// `libx.so` or `libx.so.1.2`.
fn is_shared_library(name: &[u8]) -> bool {
    let trimmed = name.iter().rposition(|byte| !(byte.is_ascii_digit() || *byte == b'.'));
    trimmed.is_some_and(|last| name[..=last].ends_with(b".so")) && !name.ends_with(b".")
}

/// The same directory without the detours that GCC likes (`lib/../lib`), if it is the same.
fn simplify(directory: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for part in directory.components() {
        match part {
            Component::ParentDir => drop(short.pop()),
            other => short.push(other),
        }
    }
    let same = fs::canonicalize(&short).ok() == fs::canonicalize(directory).ok();
    if same { short } else { directory.to_owned() }
}

/// Where a chain of links ends.
fn follow(file: &Path) -> PathBuf {
    let mut file = file.to_owned();
    for _ in 0..DEPTH {
        let Ok(target) = fs::read_link(&file) else { break };
        file = file.parent().unwrap_or(Path::new("/")).join(target);
    }
    file
}

fn is_pure(file: &Path, settings: &Settings) -> bool {
    !file.is_absolute()
        || file.starts_with(&settings.store)
        || file.starts_with(&settings.temporary)
        || settings.build.as_ref().is_some_and(|build| file.starts_with(build))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(store: &Path) -> Settings {
        let variable = |name: &str| (name == "NIX_STORE").then(|| store.into());
        Settings { temporary: "/nowhere".into(), ..Settings::new(&variable).0 }
    }

    fn strings(words: &[&str]) -> Vec<OsString> {
        words.iter().map(Into::into).collect()
    }

    #[test]
    fn adds_the_directories_of_store_libraries_only() {
        let root = tempfile::tempdir().unwrap();
        let store = root.path().join("store");
        let (inside, outside) = (store.join("a/lib"), root.path().join("b"));
        fs::create_dir_all(&inside).unwrap();
        fs::create_dir_all(&outside).unwrap();
        fs::write(inside.join("liba.so"), "").unwrap();
        fs::write(outside.join("libb.so"), "").unwrap();
        let (l, b) = (inside.to_str().unwrap(), outside.to_str().unwrap());
        let mut settings = settings(&store);
        let line = strings(&["-la", "-L", l, &format!("-L{b}"), "-lb", "-la", "x.o"]);
        assert_eq!(extra_arguments(&line, &settings).unwrap(), strings(&["-rpath", l]));

        let file = format!("{l}/liba.so");
        let named = strings(&["-dynamic-linker", &file, &file]);
        assert_eq!(extra_arguments(&named, &settings).unwrap(), strings(&["-rpath", l]));
        assert!(extra_arguments(&named[..2], &settings).unwrap().is_empty());

        let response = root.path().join("response");
        fs::write(&response, format!("-la '-L' \"{l}\"")).unwrap();
        let line_at = strings(&[&format!("@{}", response.display()), "@/missing"]);
        assert_eq!(extra_arguments(&line_at, &settings).unwrap(), strings(&["-rpath", l]));

        let detour = strings(&["-la", &format!("-L{l}/../lib")]);
        assert_eq!(extra_arguments(&detour, &settings).unwrap(), strings(&["-rpath", l]));
        let fixed = strings(&["-static", "-la", "-L", l]);
        assert!(extra_arguments(&fixed, &settings).unwrap().is_empty());

        settings.allow_impurities = false;
        let error = extra_arguments(&line, &settings).unwrap_err();
        assert_eq!(error.library, outside.join("libb.so"));

        settings.allow_impurities = true;
        settings.disable_rpath = true;
        assert!(extra_arguments(&line, &settings).unwrap().is_empty());
    }

    #[test]
    fn names_of_shared_libraries() {
        for (name, want) in
            [("a.so", true), ("a.so.1.2", true), ("a.so.x", false), ("a.o", false), ("so", false)]
        {
            assert_eq!(is_shared_library(name.as_bytes()), want, "{name}");
        }
    }
}
