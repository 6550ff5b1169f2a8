// SPDX-License-Identifier: GPL-3.0-or-later
//! What this program is when a test needs another process.

use std::path::Path;

use fruix_core::StorePath;
use fruix_daemon::{BuildOptions, Cancellation, Event, Goal};

use super::bench::Bench;

/// `build DIR DRV`: build in the bench in DIR, and tell when it begins and what was built.
pub fn run(args: &[String]) {
    let [verb, dir, drv] = args else { panic!("wrong arguments: {args:?}") };
    assert_eq!(verb, "build");
    let bench = Bench::new(Path::new(dir)).unwrap();
    let goals = [Goal::new(StorePath::from_base_name(drv).unwrap())];
    let observer = |event: Event<'_>| {
        if matches!(event, Event::Running { .. }) {
            println!("running");
        }
    };
    let options = BuildOptions::default();
    match bench.builder.build(&goals, &options, &observer, &Cancellation::new()) {
        Ok(report) => println!("built {}", report.built.len()),
        Err(error) => println!("{error}"),
    }
}
