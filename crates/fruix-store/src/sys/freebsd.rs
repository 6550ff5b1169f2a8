// SPDX-License-Identifier: GPL-3.0-or-later
//! The FreeBSD side of [`crate::sys`].

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::Command;

/// FreeBSD has no `syncfs`; the caller syncs file by file.
pub(crate) fn sync_file_system(_dir: &File) -> io::Result<bool> {
    Ok(false)
}

/// Clear the file flags (`chflags`) and user extended attributes of FILE.
pub(crate) fn clear_attributes(file: &File) -> io::Result<()> {
    // SAFETY: a plain system call on an open descriptor.
    if unsafe { libc::fchflags(file.as_raw_fd(), 0) } != 0 {
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EOPNOTSUPP) {
            return Err(error);
        }
    }
    let mut names = [0u8; 4096];
    // SAFETY: the buffer is writable for the length that is passed.
    let used = unsafe {
        libc::extattr_list_fd(
            file.as_raw_fd(),
            libc::EXTATTR_NAMESPACE_USER,
            names.as_mut_ptr().cast(),
            names.len(),
        )
    };
    let Ok(used) = usize::try_from(used) else { return Ok(()) };
    let mut rest = &names[..used];
    // Each name is preceded by its length in one byte.
    while let Some((length, after)) = rest.split_first() {
        let Some((name, after)) = after.split_at_checked(usize::from(*length)) else { break };
        let name = std::ffi::CString::new(name).map_err(io::Error::other)?;
        // SAFETY: NAME ends in a null byte and outlives the call.
        unsafe {
            libc::extattr_delete_fd(file.as_raw_fd(), libc::EXTATTR_NAMESPACE_USER, name.as_ptr());
        }
        rest = after;
    }
    Ok(())
}

/// Call FOUND with every absolute file name that a running process has open or mapped, as
/// `procstat` of the base system tells.
pub(crate) fn each_runtime_path(_store: &Path, found: &mut dyn FnMut(&Path)) -> io::Result<()> {
    for what in ["files", "vm"] {
        let output = Command::new("/usr/bin/procstat").args(["-h", "-a", what]).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        for line in text.lines() {
            if let Some(start) = line.find('/') {
                found(Path::new(line[start..].trim_end()));
            }
        }
    }
    Ok(())
}
