// SPDX-License-Identifier: GPL-3.0-or-later
//! The builder that tests use: compiled by itself, statically, since there is neither a shell nor a C
//! library in a build. Each argument is an action.

use std::collections::BTreeMap;
use std::env::{args, var, vars};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

fn main() {
    for action in args().skip(1) {
        let mut words = action.splitn(3, ' ');
        let verb = words.next().unwrap();
        let (one, two) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        perform(verb, one, two);
    }
}

/// `@NAME` is the value of a variable; anything else stands for itself.
fn value(word: &str) -> String {
    let mut text = String::new();
    for (number, part) in word.split('@').enumerate() {
        if number % 2 == 1 {
            text.push_str(&var(part).unwrap_or_default());
        } else {
            text.push_str(part);
        }
    }
    text
}

fn perform(verb: &str, one: &str, two: &str) {
    let (one, two) = (value(one), value(two));
    match verb {
        "write" => fs::write(&one, &two).unwrap(),
        "mkdir" => fs::create_dir_all(&one).unwrap(),
        "copy" => drop(fs::copy(&one, &two).unwrap()),
        "link" => std::os::unix::fs::symlink(&two, &one).unwrap(),
        "hardlink" => fs::hard_link(&one, &two).unwrap(),
        "mode" => {
            let mode = u32::from_str_radix(&two, 8).unwrap();
            fs::set_permissions(&one, fs::Permissions::from_mode(mode)).unwrap();
        }
        "try-mode" => {
            let mode = u32::from_str_radix(&two, 8).unwrap();
            if let Err(error) = fs::set_permissions(&one, fs::Permissions::from_mode(mode)) {
                eprintln!("{one}: {error}");
            }
        }
        // A process that outlives this one, if it may.
        "spawn" => {
            let action = format!("{one} {two}");
            drop(std::process::Command::new("/proc/self/exe").arg(action).spawn().unwrap());
        }
        "say" => println!("{one} {two}"),
        "fail" => std::process::exit(one.parse().unwrap()),
        "sleep" => std::thread::sleep(Duration::from_millis(one.parse().unwrap())),
        "read" => match fs::read(&one) {
            Ok(bytes) => println!("read {}", String::from_utf8_lossy(&bytes)),
            Err(error) => {
                println!("cannot read {one}: {error}");
                std::process::exit(3);
            }
        },
        "time" => {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
            fs::write(&one, format!("{}", now.as_nanos())).unwrap();
        }
        "env" => {
            let all: BTreeMap<String, String> = vars().collect();
            let text: Vec<String> = all.iter().map(|(n, v)| format!("{n}={v}\n")).collect();
            fs::write(&one, text.concat()).unwrap();
        }
        "list" => {
            let mut names: Vec<String> = fs::read_dir(&one)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            fs::write(&two, names.join("\n")).unwrap();
        }
        _ => panic!("no such action: {verb}"),
    }
}
