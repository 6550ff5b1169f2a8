// SPDX-License-Identifier: GPL-3.0-or-later
//! Builders that are part of fruix. `builtin:download` is what Guix's `url-fetch` makes derivations
//! of; it runs in this process, and writes to one file in a directory that the store has lent it.

use std::fs::File;
use std::io::Read;

use fruix_fetch::{Mirrors, Progress, Request};
use fruix_store::BuildDir;

use crate::error::{Error, Result};
use crate::events::Event;
use crate::log::LogWriter;
use crate::run::Job;

/// How their names begin.
pub(crate) const PREFIX: &str = "builtin:";

/// A longer list of mirrors, in bytes, is not read.
const LONGEST_MIRRORS: u64 = 1024 * 1024;

/// Make the output of JOB's derivation in DIR.
pub(crate) fn run(job: &Job<'_>, dir: &BuildDir, log: &mut LogWriter) -> Result<()> {
    let derivation = &job.node.derivation;
    let drv = || job.workshop.store.layout().display(&job.node.drv);
    if derivation.builder != "builtin:download" {
        return Err(Error::Builtin { drv: drv(), builder: derivation.builder.clone() });
    }
    let attribute = |attribute, reason: &str| Error::Attribute {
        drv: drv(),
        attribute,
        reason: reason.to_owned(),
    };
    let output = derivation.outputs.get("out").and_then(|output| output.path.as_ref());
    let (Some((method, hash)), Some(output)) = (derivation.fixed_output(), output) else {
        return Err(attribute("outputHash", "downloads need one"));
    };
    let url = derivation.env.get("url").ok_or_else(|| attribute("url", "there is none"))?;
    let urls = fruix_fetch::parse_urls(url).map_err(|e| attribute("url", &e.to_string()))?;
    let request = Request {
        urls,
        name: output.name().to_owned(),
        method,
        hash: *hash,
        executable: derivation.env.get("executable").is_some_and(|value| value == "1"),
        mirrors: mirrors(job)?,
    };
    let target = dir.place_of(output);
    let drv = &job.node.drv;
    job.workshop
        .settings
        .fetcher
        .fetch(
            &request,
            &target,
            &mut |progress| {
                note(log, progress);
                job.observer.event(Event::Download { drv, progress });
            },
            &|| job.cancel.is_cancelled(),
        )
        .map_err(|source| match source {
            fruix_fetch::Error::Cancelled => Error::Cancelled,
            fruix_fetch::Error::HashMismatch { expected, actual, .. } => {
                let path = job.workshop.store.layout().display(output);
                fruix_store::Error::HashMismatch { path, expected, got: actual }.into()
            }
            source => {
                Error::Download { output: job.workshop.store.layout().display(output), source }
            }
        })
}

/// Write down what was tried.
fn note(log: &mut LogWriter, progress: Progress<'_>) {
    let line = match progress {
        Progress::Trying { place } => format!("trying {place}\n"),
        Progress::Failed { place, reason } => format!("{place}: {reason}\n"),
        Progress::Complete { place, size } => format!("{place}: {size} bytes\n"),
        _ => return,
    };
    log.write(line.as_bytes());
}

/// The mirrors that the derivation itself brings along: a store file with Guix's `%mirrors`.
fn mirrors(job: &Job<'_>) -> Result<Mirrors> {
    let layout = job.workshop.store.layout();
    let file = job.node.derivation.env.get("mirrors");
    let Some(item) = file.and_then(|file| layout.parse(file).ok()) else {
        return Ok(Mirrors::none());
    };
    if !job.node.derivation.sources.contains(&item) {
        return Ok(Mirrors::none());
    }
    let path = layout.physical(&item);
    let mut text = String::new();
    File::open(&path)
        .and_then(|file| file.take(LONGEST_MIRRORS).read_to_string(&mut text))
        .map_err(Error::io("reading", &path))?;
    Mirrors::parse(&text).map_err(|e| Error::Attribute {
        drv: layout.display(&job.node.drv),
        attribute: "mirrors",
        reason: e.to_string(),
    })
}
