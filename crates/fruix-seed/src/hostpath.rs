// SPDX-License-Identifier: GPL-3.0-or-later
//! Finding file names of the host inside files, and making them dead.
//!
//! A host path is an absolute name below one of the directories of a conventional system (`/usr`, `/lib`,
//! `/bin`, …). What a relocated file must keep (names that mean the running system's configuration or state,
//! as they do in Guix's packages) is on an explicit list, with the reason. Every other one is *blanked*: the
//! letters of its first component become dots, so that `/usr/lib/debug` reads `/.../lib/debug`: same length, same
//! offsets, same tail for strings that share it, and a name that nothing has.

use std::ops::Range;

/// First components that are the host's.
const ROOTS: [&str; 16] = [
    "usr", "lib", "lib64", "lib32", "libx32", "bin", "sbin", "etc", "var", "opt", "home", "root",
    "build", "run", "srv", "mnt",
];

/// One exception: files it holds for, names it allows, and why.
#[derive(Debug, Clone, Copy)]
pub struct Allowed {
    /// Glob over the file's place in its item (`*` matches anything).
    pub file: &'static str,
    /// Glob over the host path.
    pub path: &'static str,
    /// Why it is harmless or right.
    pub reason: &'static str,
}

const fn allow(file: &'static str, path: &'static str, reason: &'static str) -> Allowed {
    Allowed { file, path, reason }
}

/// Everything that may stay.
pub const ALLOWED: &[Allowed] = &[
    allow("*", "/etc/passwd", "the running system's accounts"),
    allow("*", "/etc/group", "the running system's accounts"),
    allow("*", "/etc/shadow", "the running system's accounts"),
    allow("*", "/etc/gshadow", "the running system's accounts"),
    allow("*", "/etc/hosts", "the running system's name service"),
    allow("*", "/etc/services", "the running system's name service"),
    allow("*", "/etc/protocols", "the running system's name service"),
    allow("*", "/etc/networks", "the running system's name service"),
    allow("*", "/etc/nsswitch.conf", "the running system's name service"),
    allow("*", "/etc/nsswitch.co", "the same, as the immediate operand of a comparison"),
    allow("*", "/etc/resolv.conf", "the running system's name service"),
    allow("*", "/etc/host.conf", "the running system's name service"),
    allow("*", "/etc/gai.conf", "the running system's name service"),
    allow("*", "/etc/hosts.equiv", "the running system's name service"),
    allow("*", "/etc/netgroup", "the running system's name service"),
    allow("*", "/etc/ethers", "the running system's name service"),
    allow("*", "/etc/rpc", "the running system's name service"),
    allow("*", "/etc/aliases", "the running system's name service"),
    allow("*", "/etc/hostid", "the running system's identity"),
    allow("*", "/etc/localtime", "the running system's time zone"),
    allow("*", "/etc/loc", "the same, as an immediate operand"),
    allow("*", "/etc/mtab", "the running system's mounts"),
    allow("*", "/etc/fstab", "the running system's mounts"),
    allow("*", "/etc/shells", "the running system's shells, in getusershell"),
    allow("*", "/etc/ttys", "the running system's terminals"),
    allow("*", "/etc/.pwd.lock", "the lock of the running system's accounts"),
    allow("*", "/etc/suid-debug", "only asked for by set-user-id programs"),
    allow("*", "/etc/profile", "a login shell's start-up file, the running system's"),
    allow("*", "/etc/inputrc", "readline's configuration, the running system's"),
    allow("*", "/var/run/*", "sockets and records of the running system"),
    allow("*", "/var/log/*", "records of the running system"),
    allow("*", "/var/tmp", "a temporary directory"),
    allow("lib/file/magic.mgc", "*", "patterns that `file` recognises; never opened"),
    allow("share/doc/*/copyright", "*", "licence texts, as they were"),
    allow("share/file/magic*", "*", "patterns that `file` recognises; never opened"),
];

/// Whether `name` matches `pattern`, where `*` stands for any run of characters.
pub fn glob(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._+-/%@~#".contains(&byte)
}

/// Whether a slash after `byte` continues a name (or a pattern or URL) instead of starting one.
fn continues(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._+-/%@~#*?)}$\\]".contains(&byte)
}

/// The host paths in `bytes`, in order, allowed or not.
pub fn find(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(skip) = bytes.get(at..)?.iter().position(|&byte| byte == b'/') {
            let start = at + skip;
            at = start + 1;
            if start > 0 && continues(bytes[start - 1]) {
                continue;
            }
            let tail = &bytes[start..bytes.len().min(start + 4096)];
            let length = tail.iter().position(|&byte| !is_name_byte(byte)).unwrap_or(tail.len());
            if is_host_name(&tail[1..length]) {
                at = start + length;
                return Some(start..start + length);
            }
        }
        None
    })
}

/// `name` is what follows the first slash.
fn is_host_name(name: &[u8]) -> bool {
    let end = name.iter().position(|&byte| byte == b'/');
    let root = &name[..end.unwrap_or(name.len())];
    // `/lib` alone is as often a suffix to append as a name; `/usr` alone never is.
    (end.is_some() || root == b"usr" || root == b"lib64")
        && ROOTS.iter().any(|known| known.as_bytes() == root)
}

/// Whether `file` (its place in the item) may name `path`.
pub fn is_allowed(file: &str, path: &str) -> bool {
    ALLOWED.iter().any(|entry| glob(entry.file, file) && glob(entry.path, path))
}

/// The host paths in `bytes` that `file` may not name.
pub fn forbidden<'a>(file: &'a str, bytes: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
    find(bytes)
        .filter(move |range| !is_allowed(file, &String::from_utf8_lossy(&bytes[range.clone()])))
}

/// Make every forbidden host path in `bytes` a dead name of the same length. Returns how many there were.
pub fn blank(file: &str, bytes: &mut [u8]) -> usize {
    let ranges: Vec<_> = forbidden(file, bytes).collect();
    for range in &ranges {
        for byte in bytes[range.start + 1..range.end].iter_mut() {
            if *byte == b'/' {
                break;
            }
            *byte = b'.';
        }
    }
    ranges.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&str> {
        find(text.as_bytes()).map(|range| &text[range]).collect()
    }

    #[test]
    fn finds_absolute_names_only() {
        let text =
            "a=/usr/bin:/bin/sh '/etc/x' ../usr/lib /gnu/store/x/lib/y %s/lib/z /libfoo/x /usr";
        assert_eq!(names(text), ["/usr/bin", "/bin/sh", "/etc/x", "/usr"]);
    }

    #[test]
    fn blanking_keeps_length_and_tail_and_leaves_nothing() {
        let mut text = b"\0/usr/lib/gcc/\0/lib64/ld.so\0/etc/passwd\0/etc/ld.so.cache".to_vec();
        assert_eq!(blank("bin/x", &mut text), 3);
        assert_eq!(text, b"\0/.../lib/gcc/\0/...../ld.so\0/etc/passwd\0/.../ld.so.cache");
        assert_eq!(forbidden("bin/x", &text).count(), 0);
    }

    #[test]
    fn globs() {
        assert!(glob("share/doc/*/copyright", "share/doc/a/copyright"));
        assert!(!glob("share/doc/*/copyright", "share/doc/a/copying"));
        assert!(glob("*.a", "lib/libc.a") && !glob("*.a", "lib/libc.so") && glob("x", "x"));
        assert!(!glob("ab*b", "ab"));
    }
}
