// SPDX-License-Identifier: GPL-3.0-or-later
//! What `--help` says, command by command: a change of it is to be seen. `FRUIX_UPDATE=1` records it anew.

use std::process::Command;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/help.txt");
const COMMANDS: &[&str] =
    &["build", "shell", "gc", "show", "search", "repl", "derivations", "daemon"];

fn help(words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fruix"));
    command.args(words).arg("--help").env_clear().env("COLUMNS", "100");
    let output = command.output().expect("fruix runs");
    assert!(output.status.success(), "{words:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn what_help_says_is_recorded() {
    let mut all = format!("# fruix\n{}", help(&[]));
    for command in COMMANDS {
        all += &format!("\n# fruix {command}\n{}", help(&[command]));
    }
    if std::env::var_os("FRUIX_UPDATE").is_some() {
        std::fs::write(FILE, &all).expect("the repository");
    }
    let recorded = std::fs::read_to_string(FILE).unwrap_or_default();
    let first = all.lines().zip(recorded.lines()).find(|(now, before)| now != before);
    assert!(all == recorded, "the first line that differs (now, recorded): {first:?}");
}
