// SPDX-License-Identifier: GPL-3.0-or-later
//! `fruix daemon` and `fruix processes`.

use crate::args::{DaemonArgs, StoreArgs, YesNo};
use crate::error::{CommandError, Result};
use crate::{building, stores};
use fruix_core::store_path::StoreDir;
use fruix_daemon::{BuildOptions, Listener, Place, Server, ServerOptions, Settings, status_socket};
use fruix_store::{Layout, Options, Store};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Serves clients for ever.
pub fn run(args: &DaemonArgs) -> Result<ExitCode> {
    // Before anything else opens files, which would get the numbers of those that were passed.
    let mut listeners = Listener::passed().map_err(CommandError::new)?;
    let layout = layout(&args.store)?;
    let settings = settings(args)?;
    let store = Arc::new(Store::open(layout.clone(), store_options(args, &settings))?);
    let server = Server::new(store, settings, server_options(args))?;
    if listeners.is_empty() {
        for place in places(args, &layout)? {
            listeners.push(Listener::bind(&place).map_err(CommandError::new)?);
        }
    }
    // What relative names of clients would be relative to.
    std::env::set_current_dir("/")?;
    let status = Listener::bind_private(&status_socket(layout.state_dir()))
        .map_err(|error| log(&format!("`fruix processes' will not work: {error}")));
    server.serve(&listeners, status.ok())?;
    Ok(ExitCode::SUCCESS)
}

/// Lists the clients of a running daemon.
pub fn processes(args: &StoreArgs) -> Result<ExitCode> {
    let socket = status_socket(layout(args)?.state_dir());
    let mut text = String::new();
    let asked =
        UnixStream::connect(&socket).and_then(|mut daemon| daemon.read_to_string(&mut text));
    asked.map_err(|error| {
        CommandError::new(format!("no daemon answers at `{}': {error}", socket.display()))
            .hint("only the user whose daemon it is may ask; `fruix daemon' starts one")
    })?;
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The store's directories: as guix-daemon, the daemon can be given others by the environment.
fn layout(args: &StoreArgs) -> Result<Layout> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let Some(store) = variable("NIX_STORE_DIR").filter(|_| args.folder.is_none()) else {
        return stores::layout(args);
    };
    let directory = |name: &str, usual: &str| PathBuf::from(variable(name).unwrap_or(usual.into()));
    let store = StoreDir::new(&store).map_err(CommandError::new)?;
    let state = directory("GUIX_STATE_DIRECTORY", "/var/guix");
    let physical = PathBuf::from(store.as_str());
    Ok(Layout::new(store, physical, state, directory("GUIX_LOG_DIRECTORY", "/var/log/guix")))
}

fn places(args: &DaemonArgs, layout: &Layout) -> Result<Vec<Place>> {
    if args.listen.is_empty() {
        return Ok(vec![Place::File(layout.state_dir().join("daemon-socket/socket"))]);
    }
    let parse = |text: &String| {
        Place::parse(text).ok_or_else(|| {
            CommandError::new(format!("`{text}' is no socket to listen on"))
                .hint("name a file by its whole name, or HOST, or HOST:PORT")
        })
    };
    args.listen.iter().map(parse).collect()
}

fn settings(args: &DaemonArgs) -> Result<Settings> {
    let mut settings = building::settings()?;
    if let Some(group) = &args.build_users_group {
        settings.build_users_group.clone_from(group);
    } else if rustix::process::geteuid().is_root() {
        log(
            "warning: daemon is running as root, so using `--build-users-group' is highly recommended",
        );
    }
    if let Some(system) = &args.system {
        settings.system = system.as_str().into();
    }
    Ok(settings)
}

fn store_options(args: &DaemonArgs, settings: &Settings) -> Options {
    Options {
        deduplicate: !args.disable_deduplication,
        keep_outputs: args.gc_keep_outputs == YesNo::Yes,
        keep_derivations: args.gc_keep_derivations == YesNo::Yes,
        build_group: fruix_sandbox::group_id(&settings.build_users_group).ok().flatten(),
        ..Options::default()
    }
}

fn server_options(args: &DaemonArgs) -> ServerOptions {
    let seconds = |n: u64| (n > 0).then(|| Duration::from_secs(n));
    ServerOptions {
        build: BuildOptions {
            max_jobs: args.max_jobs,
            cores: args.cores,
            rounds: args.rounds.max(1),
            timeout: seconds(args.timeout),
            max_silent: seconds(args.max_silent_time),
            cache_failures: args.cache_failures,
            keep_log: !args.lose_logs,
            ..BuildOptions::default()
        },
        substitute_urls: args.substitute_urls.split_whitespace().map(str::to_owned).collect(),
        log: if args.debug { log } else { |_| {} },
        ..ServerOptions::default()
    }
}

/// One line for the service manager's log.
fn log(line: &str) {
    let _ = writeln!(std::io::stderr(), "fruix daemon: {line}");
}
