// SPDX-License-Identifier: GPL-3.0-or-later
//! Where a distribution's file goes in a store item: without `/usr`, without the architecture's name.

/// Architecture names that multiarch distributions put below `lib` and `include`.
const TRIPLETS: [&str; 2] = ["x86_64-linux-gnu", "aarch64-linux-gnu"];

/// What of `share` is of use to programs; documentation and translations are left out.
const SHARED: [&str; 3] = ["share/awk/", "share/file/", "share/misc/"];

/// The place in an item of the file `path` of the distribution (no leading slash), or nothing if items leave it out.
pub fn place(path: &str) -> Option<String> {
    let path = path.strip_prefix("usr/").unwrap_or(path);
    let (top, rest) = path.split_once('/')?;
    match top {
        "bin" | "sbin" | "libexec" => Some(path.to_owned()),
        "lib" | "lib64" => Some(format!("lib/{}", without_triplet(rest, "gcc"))),
        // GCC looks for its machine's C++ headers below the triplet.
        "include" => Some(format!("include/{}", without_triplet(rest, "c++"))),
        "share" => {
            let licence = path.starts_with("share/doc/") && path.ends_with("/copyright");
            let kept = licence || SHARED.iter().any(|start| path.starts_with(start));
            kept.then(|| path.to_owned())
        }
        _ => None,
    }
}

fn without_triplet<'a>(rest: &'a str, except: &str) -> &'a str {
    for triplet in TRIPLETS {
        let tail = rest.strip_prefix(triplet).and_then(|tail| tail.strip_prefix('/'));
        if let Some(tail) = tail
            && tail.split('/').next() != Some(except)
        {
            return tail;
        }
    }
    rest
}

/// The file that a link with `target`, at `path` of the distribution, leads to (no leading slash).
pub fn resolve(path: &str, target: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    if !target.starts_with('/') {
        parts.extend(path.split('/'));
        parts.pop();
    }
    for part in target.split('/') {
        match part {
            "" | "." => (),
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// How `target` is written in a link at `path`, both places of the same item.
pub fn relative(path: &str, target: &str) -> String {
    let mut from: Vec<&str> = path.split('/').collect();
    from.pop();
    let to: Vec<&str> = target.split('/').collect();
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut parts = vec![".."; from.len() - common];
    parts.extend(&to[common..]);
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for (path, want) in [
            ("bin/sh", Some("bin/sh")),
            ("usr/bin/awk", Some("bin/awk")),
            ("lib/x86_64-linux-gnu/libc.so.6", Some("lib/libc.so.6")),
            ("lib64/ld-linux-x86-64.so.2", Some("lib/ld-linux-x86-64.so.2")),
            ("usr/lib/gcc/x86_64-linux-gnu/12/cc1", Some("lib/gcc/x86_64-linux-gnu/12/cc1")),
            ("usr/include/x86_64-linux-gnu/sys/types.h", Some("include/sys/types.h")),
            (
                "usr/include/x86_64-linux-gnu/c++/12/bits/os.h",
                Some("include/x86_64-linux-gnu/c++/12/bits/os.h"),
            ),
            ("usr/share/man/man1/ls.1.gz", None),
            ("usr/share/doc/sed/copyright", Some("share/doc/sed/copyright")),
            ("etc/magic", None),
        ] {
            assert_eq!(place(path).as_deref(), want, "{path}");
        }
    }

    #[test]
    fn links() {
        assert_eq!(resolve("usr/lib/a/b.so", "../../../lib/b.so.1"), "lib/b.so.1");
        assert_eq!(resolve("usr/lib/a/b.so", "/lib/b.so.1"), "lib/b.so.1");
        assert_eq!(relative("lib/a/b.so", "lib/b.so.1"), "../b.so.1");
        assert_eq!(relative("bin/awk", "bin/gawk"), "gawk");
    }
}
