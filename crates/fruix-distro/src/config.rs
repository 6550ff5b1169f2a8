// SPDX-License-Identifier: GPL-3.0-or-later
//! The mirrors that the client's configuration names: its `sources.list` files, of both kinds.

use std::fs;
use std::path::{Path, PathBuf};

use crate::deb822::paragraphs;

/// Mirror roots named by a one-line-style `.list` file, in order.
fn list_mirrors(text: &str) -> Vec<String> {
    let mut mirrors = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let Some(rest) = line.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t', '-']))
        else {
            continue;
        };
        let rest = rest.strip_prefix("-src").unwrap_or(rest).trim_start();
        // Options: [arch=amd64 signed-by=…]
        let rest = match rest.strip_prefix('[') {
            Some(options) => options.split_once(']').map_or("", |(_, rest)| rest),
            None => rest,
        };
        let mut words = rest.split_whitespace();
        if let (Some(uri), Some(suite)) = (words.next(), words.next())
            && !suite.ends_with('/')
        {
            mirrors.push(uri.to_owned());
        }
    }
    mirrors
}

/// Mirror roots named by a deb822 `.sources` file, in order.
fn sources_mirrors(text: &str) -> Vec<String> {
    let mut mirrors = Vec::new();
    for paragraph in paragraphs(text) {
        let get = |name| paragraph.get(name).unwrap_or_default();
        let disabled = matches!(get("Enabled").to_ascii_lowercase().as_str(), "no" | "false");
        let flat = get("Suites").split_whitespace().all(|suite| suite.ends_with('/'));
        if !disabled && !flat {
            mirrors.extend(get("URIs").split_whitespace().map(str::to_owned));
        }
    }
    mirrors
}

/// The roots of all mirrors that the configuration below `root` (usually `/`) names, each once, in the client's
/// order: `etc/apt/sources.list`, then the files of `etc/apt/sources.list.d` by name. Files that
/// cannot be read are passed over: a host without the client has no mirrors.
pub fn mirrors(root: &Path) -> Vec<String> {
    let apt = root.join("etc/apt");
    let mut files = vec![apt.join("sources.list")];
    let parts = fs::read_dir(apt.join("sources.list.d")).into_iter().flatten().flatten();
    let mut parts: Vec<PathBuf> = parts.map(|entry| entry.path()).collect();
    parts.sort();
    files.extend(parts);
    let mut mirrors: Vec<String> = Vec::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let named = match file.extension().and_then(|extension| extension.to_str()) {
            Some("list") => list_mirrors(&text),
            Some("sources") => sources_mirrors(&text),
            _ => continue,
        };
        for uri in named.into_iter().flat_map(|uri| expand_mirror(root, &uri)) {
            let uri = uri.trim_end_matches('/').to_owned();
            if !mirrors.contains(&uri) {
                mirrors.push(uri);
            }
        }
    }
    mirrors
}

/// `mirror+file:/etc/apt/mirrors/x.list` names a file of mirrors; other methods than these have no address.
fn expand_mirror(root: &Path, uri: &str) -> Vec<String> {
    if let Some(list) = uri.strip_prefix("mirror+file:") {
        let file = root.join(list.trim_start_matches('/'));
        let text = fs::read_to_string(file).unwrap_or_default();
        let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        return lines.filter_map(first).collect();
    }
    let known = ["http://", "https://", "file:"];
    let taken = known.iter().any(|method| uri.starts_with(method));
    if taken { vec![uri.to_owned()] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_kinds_of_configuration() {
        let root = tempfile::tempdir().unwrap();
        let parts = root.path().join("etc/apt/sources.list.d");
        fs::create_dir_all(&parts).unwrap();
        fs::create_dir_all(root.path().join("etc/apt/mirrors")).unwrap();
        let write = |name: &str, text: &str| {
            fs::write(root.path().join("etc/apt").join(name), text).unwrap();
        };
        write(
            "sources.list",
            "# deb http://no.example/ x main\ndeb [arch=amd64 signed-by=/k] http://a.example/debian/ s main\n\
             deb-src http://a.example/debian s main\ndeb cdrom:[Debian]/ s main\ndebug x y\n\
             deb http://flat.example ./\n",
        );
        write(
            "sources.list.d/d.sources",
            "Types: deb\n# comment\nURIs: https://b.example/debian\n http://c.example/debian\nSuites: s s-updates\n\
             Components: main\n\nTypes: deb\nEnabled: no\nURIs: http://no.example\nSuites: s\n",
        );
        write("sources.list.d/ignored.save", "deb http://no.example s main\n");
        write("sources.list.d/m.list", "deb mirror+file:/etc/apt/mirrors/m.list s main\n");
        write("mirrors/m.list", "http://d.example/debian\tpriority:1\n");
        assert_eq!(
            mirrors(root.path()),
            [
                "http://a.example/debian",
                "https://b.example/debian",
                "http://c.example/debian",
                "http://d.example/debian",
            ]
        );
    }

    #[test]
    fn a_host_without_the_client_has_no_mirrors() {
        let root = tempfile::tempdir().unwrap();
        assert!(mirrors(root.path()).is_empty());
    }
}
