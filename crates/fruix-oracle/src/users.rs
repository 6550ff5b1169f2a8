// SPDX-License-Identifier: GPL-3.0-or-later
//! A machine that has build users, for as long as a test runs.

use std::path::Path;
use std::process::Command;
use std::{fs, io};

/// Two members of `guixbuild`, with numbers that nobody has.
const USERS: &str = "builder1:x:61241:61240::/:/x\nbuilder2:x:61242:61240::/:/x\n";
const GROUP: &str = "guixbuild:x:61240:builder1,builder2\n";

/// A command that runs PROGRAM where the group `guixbuild` has two members, whoever they are outside: in a
/// mount namespace with other files in `/etc`, which lie in DIRECTORY. Needs root.
///
/// # Errors
/// When the files cannot be read or written.
pub fn with_build_users(directory: &Path, program: &Path) -> io::Result<Command> {
    for (name, more) in [("passwd", USERS), ("group", GROUP)] {
        let text = fs::read_to_string(Path::new("/etc").join(name))?;
        fs::write(directory.join(name), text.replace("guixbuild", "other") + more)?;
    }
    let script = "mount --bind \"$0/passwd\" /etc/passwd && mount --bind \"$0/group\" /etc/group \
                  && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script]).arg(directory).arg(program);
    Ok(command)
}
