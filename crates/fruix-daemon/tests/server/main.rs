// SPDX-License-Identifier: GPL-3.0-or-later
//! The daemon and its clients: the stock one, which cannot tell it from guix-daemon, and bad ones, which harm
//! nobody.
#![allow(clippy::unwrap_used)] // in helpers of tests, too

mod bad_clients;

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;

use fruix_core::store_path::StoreDir;
use fruix_daemon::{Listener, Place, Server, ServerOptions, Settings};
use fruix_fetch::Fetcher;
use fruix_oracle::{Guix, Oracle};
use fruix_store::{Layout, Options, Store};

/// Serve a store of LAYOUT at SOCKET, in this process, until it ends.
fn serve(layout: Layout, socket: &Path, options: ServerOptions) -> Arc<Store> {
    let cache = layout.state_dir().join("cache");
    let fetcher = Arc::new(Fetcher::for_host(cache, Vec::new()));
    let store = Arc::new(Store::open(layout, Options::default()).unwrap());
    let server = Server::new(store.clone(), Settings::new(fetcher), options).unwrap();
    let listener = Listener::bind(&Place::File(socket.to_path_buf())).unwrap();
    std::thread::spawn(move || server.serve(&[listener], None::<UnixListener>));
    store
}

/// The answers of the daemon that listens now.
fn answers(guix: &Guix) -> Vec<String> {
    let script = guix.oracle().scratch().join("client");
    let _ = fs::remove_dir_all(&script);
    fs::create_dir(&script).unwrap();
    fs::write(script.join("script.scm"), include_str!("script.scm")).unwrap();
    let mut command = guix.command("guile");
    command.arg("--no-auto-compile").arg(guix.oracle().inside("client/script.scm"));
    command.env("NIX_STORE_DIR", guix.store_dir());
    let output = fruix_oracle::output_of(command).unwrap();
    let mut answers: Vec<String> = output.lines().map(str::to_owned).collect();
    // Commands, on 200 derivations and as many sources of a package.
    let drv = guix.guix(&["build", "--derivations", "--no-grafts", "hello"]).unwrap();
    let drv = drv.trim();
    answers.push(drv.to_owned());
    for arguments in [
        &["gc", "--references", drv][..],
        &["gc", "--requisites", drv],
        &["gc", "--derivers", drv],
        &["gc", "--list-failures"],
        &["gc", "--verify=contents"],
        &["gc", "--delete", drv],
    ] {
        let said = guix.guix(arguments).unwrap();
        let mut lines: Vec<&str> = said.lines().collect();
        lines.sort_unstable();
        answers.push(format!("guix {}: {lines:?}", arguments.join(" ")));
    }
    answers
}

/// Every procedure of `(guix store)` gets the same answer from both daemons.
#[test]
fn the_stock_client_sees_no_difference() {
    let Some(oracle) = Oracle::find_or_skip("comparing the daemon with guix-daemon") else {
        return;
    };
    let mut guix = Guix::with_scratch_store(oracle).unwrap().visible_here().unwrap();
    guix.start(&[], &[]).unwrap();
    let theirs = answers(&guix);
    guix.stop();

    let scratch = guix.oracle().scratch().to_path_buf();
    for directory in ["gnu/store", "state", "log"] {
        let directory = scratch.join(directory);
        let deleted = std::process::Command::new("rm").arg("-rf").arg(&directory).status();
        assert!(deleted.unwrap().success());
        fs::create_dir_all(&directory).unwrap();
    }
    let store_dir = StoreDir::new(&guix.store_dir()).unwrap();
    let (state, log) = (scratch.join("state"), scratch.join("log"));
    let layout = Layout::new(store_dir, guix.physical_store(), state, log);
    serve(layout, &scratch.join("socket"), ServerOptions::default());
    let ours = answers(&guix);

    let differences: Vec<String> = theirs
        .iter()
        .zip(&ours)
        .filter(|(theirs, ours)| theirs != ours)
        .map(|(theirs, ours)| format!("- {theirs}\n+ {ours}"))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(theirs.len(), ours.len(), "{theirs:#?}");
    fruix_oracle::say(&format!("{} answers are those of guix-daemon", ours.len()));
}
