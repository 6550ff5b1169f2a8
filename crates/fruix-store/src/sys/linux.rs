// SPDX-License-Identifier: GPL-3.0-or-later
//! The Linux side of [`crate::sys`].

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{flistxattr, fremovexattr, syncfs};
use rustix::io::Errno;

/// Write everything of the file system that DIR is on to the disk. False: this system cannot.
pub(crate) fn sync_file_system(dir: &File) -> io::Result<bool> {
    syncfs(dir)?;
    Ok(true)
}

/// Remove the extended attributes of FILE, access control lists among them.
///
/// `security.*` is the kernel's and the administrator's business (SELinux labels come back by
/// themselves) and `system.nfs4_acl` cannot be removed; file systems without attributes have none.
pub(crate) fn clear_attributes(file: &File) -> io::Result<()> {
    let mut names = [0u8; 4096];
    let used = match flistxattr(file, &mut names[..]) {
        Ok(used) => used,
        Err(Errno::NOTSUP | Errno::NOSYS | Errno::RANGE) => return Ok(()),
        Err(e) => return Err(e.into()),
    };
    for name in names[..used].split(|b| *b == 0) {
        let kept = name.is_empty()
            || (name.starts_with(b"security.") && name != b"security.capability")
            || name == b"system.nfs4_acl";
        if kept {
            continue;
        }
        match fremovexattr(file, name) {
            Ok(()) | Err(Errno::NODATA | Errno::NOTSUP) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

/// Call FOUND with every absolute file name that a running process has open, mapped, as its
/// program, as its working directory, or in its environment (`(guix store roots)`).
///
/// Processes of other users are passed over when their details may not be read.
pub(crate) fn each_runtime_path(store: &Path, found: &mut dyn FnMut(&Path)) -> io::Result<()> {
    let entries = match fs::read_dir("/proc") {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().as_bytes().iter().all(u8::is_ascii_digit) {
            // A process may end, or be somebody else's, at every step.
            let _ = process_paths(&entry.path(), store, found);
        }
    }
    Ok(())
}

fn process_paths(proc: &Path, store: &Path, found: &mut dyn FnMut(&Path)) -> io::Result<()> {
    for link in ["exe", "cwd"] {
        if let Ok(target) = fs::read_link(proc.join(link)) {
            found(&target);
        }
    }
    if let Ok(descriptors) = fs::read_dir(proc.join("fd")) {
        for descriptor in descriptors.flatten() {
            if let Ok(target) = fs::read_link(descriptor.path()) {
                found(&target);
            }
        }
    }
    if let Ok(maps) = File::open(proc.join("maps")) {
        let mut maps = BufReader::new(maps);
        let mut line = Vec::new();
        while maps.read_until(b'\n', &mut line)? > 0 {
            let name = line.strip_suffix(b"\n").unwrap_or(&line);
            if let Some(start) = name.iter().position(|b| *b == b'/') {
                found(Path::new(std::ffi::OsStr::from_bytes(&name[start..])));
            }
            line.clear();
        }
    }
    let mut environment = Vec::new();
    File::open(proc.join("environ"))?.read_to_end(&mut environment)?;
    paths_in_text(&environment, store, found);
    Ok(())
}

/// Call FOUND with every file name in TEXT that begins with `STORE/`.
fn paths_in_text(text: &[u8], store: &Path, found: &mut dyn FnMut(&Path)) {
    let mut prefix = store.as_os_str().as_bytes().to_vec();
    prefix.push(b'/');
    let in_name = |b: &u8| b.is_ascii_alphanumeric() || b"+-._?=".contains(b);
    let mut rest = text;
    while let Some(start) = find(rest, &prefix) {
        let after = &rest[start + prefix.len()..];
        let length = after.iter().take_while(|b| in_name(b)).count();
        let name = &rest[start..start + prefix.len() + length];
        found(Path::new(std::ffi::OsStr::from_bytes(name)));
        rest = &after[length..];
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_paths_are_found_in_the_environment() {
        let text = b"A=1\0PATH=/gnu/store/aaa-x/bin:/gnu/store/bbb-y:/usr/bin\0Z=/gnu/store/\0";
        let mut all = Vec::new();
        paths_in_text(text, Path::new("/gnu/store"), &mut |p| all.push(p.to_path_buf()));
        assert_eq!(
            all,
            ["/gnu/store/aaa-x", "/gnu/store/bbb-y", "/gnu/store/"].map(std::path::PathBuf::from)
        );
    }

    #[test]
    fn this_process_is_seen() {
        let exe = std::env::current_exe().unwrap();
        let mut seen = false;
        each_runtime_path(Path::new("/gnu/store"), &mut |p| seen |= p == exe).unwrap();
        assert!(seen);
    }
}
