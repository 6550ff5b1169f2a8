// SPDX-License-Identifier: GPL-3.0-or-later
//! Running a command to its end and asking how much processor time it took.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Longest time that one process may take, by the clock.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// What a process did.
pub struct Finished {
    /// Whether it ended with status 0 in time.
    pub ok: bool,
    /// Its standard output.
    pub output: String,
    /// Its standard error.
    pub errors: String,
    /// User and system time, its children's included.
    pub time: Duration,
}

impl Finished {
    /// The last line of standard error, or what else is known about a failure.
    pub fn reason(&self) -> String {
        let last = self.errors.lines().rev().find(|line| !line.trim().is_empty());
        last.unwrap_or("failed without a word").chars().take(160).collect()
    }
}

/// Runs a command with nothing to read.
pub fn run(mut command: Command) -> std::io::Result<Finished> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let before = children_time()?;
    let mut child = command.spawn()?;
    let start = Instant::now();
    let output = child.stdout.take().map(drain);
    let errors = child.stderr.take().map(drain);
    let ok = loop {
        match child.try_wait()? {
            Some(status) => break status.success(),
            None if start.elapsed() > TIME_LIMIT => {
                child.kill()?;
                child.wait()?;
                break false;
            }
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    };
    let time = children_time()?.saturating_sub(before);
    let text = |pipe: Option<std::thread::JoinHandle<Vec<u8>>>| {
        let bytes = pipe.and_then(|pipe| pipe.join().ok()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Ok(Finished { ok, output: text(output), errors: text(errors), time })
}

fn drain(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is what there is.
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

/// The processor time of all children that have been waited for: the clock on the wall says more
/// about the neighbours than about the program.
fn children_time() -> std::io::Result<Duration> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the call writes at most one `rusage` to the place that it is given.
    if unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr()) } != 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: all zeros is a valid `rusage`, whatever the call has filled in.
    let usage = unsafe { usage.assume_init() };
    let duration = |time: libc::timeval| {
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        Duration::from_secs(seconds)
            + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0))
    };
    Ok(duration(usage.ru_utime) + duration(usage.ru_stime))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_child_takes_time_and_a_failure_is_told() {
        let mut busy = Command::new("sh");
        busy.args(["-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo $i"]);
        let busy = run(busy).expect("sh starts");
        assert!(busy.ok && busy.output == "20000\n");
        assert!(busy.time > Duration::from_micros(500), "{:?}", busy.time);
        let mut failing = Command::new("sh");
        failing.args(["-c", "echo why >&2; exit 3"]);
        let failing = run(failing).expect("sh starts");
        assert!(!failing.ok);
        assert_eq!(failing.reason(), "why");
    }
}
