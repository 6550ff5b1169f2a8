// SPDX-License-Identifier: GPL-3.0-or-later
//! The figures as a Markdown table, with ratios and their geometric means.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::suite::{Error, Measured, during, repository};

const EXPLANATION: &str = "\
Times are milliseconds of processor time (user and system), the smallest of several rounds in which
both sides take turns. *Source to answer* is a whole process, from its start to its end, with nothing
cached: fruix from source, Guile's evaluator (`--no-auto-compile`), and Guile compiling the file and
running it; `×` is how many times as fast as Guile's faster way fruix is. *Compiled code only* is the
program's kernel, called again and again in one process until it is warm: fruix, Guile's virtual
machine (`GUILE_JIT_THRESHOLD=-1`) and Guile's JIT; `×` is how many times as fast as Guile without
JIT fruix is. Above 1 fruix is faster.
";

fn milliseconds(time: Option<Duration>) -> String {
    match time.map(|time| time.as_secs_f64() * 1000.0) {
        None => "—".to_string(),
        Some(time) if time < 10.0 => format!("{time:.2}"),
        Some(time) => format!("{time:.0}"),
    }
}

/// How many times as fast `ours` is as `theirs`.
fn ratio(ours: Option<Duration>, theirs: Option<Duration>) -> Option<f64> {
    let ratio = theirs?.as_secs_f64() / ours?.as_secs_f64();
    (ratio.is_finite() && ratio > 0.0).then_some(ratio)
}

fn shown(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "—".to_string(), |ratio| format!("{ratio:.2}"))
}

fn geometric_mean(ratios: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = ratios.fold((0.0, 0u32), |(sum, count), r| (sum + r.ln(), count + 1));
    (count > 0).then(|| (sum / f64::from(count)).exp())
}

fn smaller(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

impl Measured {
    fn source_ratio(&self) -> Option<f64> {
        ratio(self.ours, smaller(self.evaluated, self.compiled))
    }

    fn kernel_ratio(&self) -> Option<f64> {
        ratio(self.kernel_ours, self.kernel_plain)
    }

    fn jit_ratio(&self) -> Option<f64> {
        ratio(self.kernel_ours, self.kernel_jit)
    }
}

/// The table of these results.
pub fn table(results: &[Measured], rounds: usize) -> String {
    let mut text = String::new();
    let mut line = |cells: &[String]| {
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    };
    let head = "program|source: fruix|evaluator|compiler|×|kernel: fruix|Guile|JIT|×|× JIT";
    line(&head.split('|').map(str::to_string).collect::<Vec<_>>());
    line(&["---".to_string(), ["---:"; 9].join(" | ")]);
    for result in results {
        line(&[
            result.name.clone(),
            milliseconds(result.ours),
            milliseconds(result.evaluated),
            milliseconds(result.compiled),
            shown(result.source_ratio()),
            milliseconds(result.kernel_ours),
            milliseconds(result.kernel_plain),
            milliseconds(result.kernel_jit),
            shown(result.kernel_ratio()),
            shown(result.jit_ratio()),
        ]);
    }
    let mean = |of: fn(&Measured) -> Option<f64>| {
        format!("**{}**", shown(geometric_mean(results.iter().filter_map(of))))
    };
    let blank = String::new;
    line(&[
        "**geometric mean**".to_string(),
        blank(),
        blank(),
        blank(),
        mean(Measured::source_ratio),
        blank(),
        blank(),
        blank(),
        mean(Measured::kernel_ratio),
        mean(Measured::jit_ratio),
    ]);
    let _ = writeln!(text, "\n{} programs, {rounds} rounds.", results.len());
    text
}

/// Puts a table into the documentation.
pub fn write(table: &str) -> Result<(), Error> {
    let file = repository().join("docs/benchmarks.md");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let text = format!(
        "# The engine beside Guile\n\n{EXPLANATION}\nMade on {} by `cargo run --release -p fruix-bench -- --write` \
         (the programs are in `tests/engine/suite`).\n\n{table}",
        date(now.as_secs())
    );
    fs::write(&file, text).map_err(during(format!("writing {}", file.display())))
}

/// The day, in UTC, of a number of seconds since 1970 (days to civil date, with years that begin in March).
fn date(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_named() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(951_782_400), "2000-02-29");
        assert_eq!(date(1_709_996_825), "2024-03-09");
        assert_eq!(date(1_704_067_199), "2023-12-31");
    }

    #[test]
    fn ratios_say_how_many_times_as_fast() {
        let (a, b) = (Some(Duration::from_millis(10)), Some(Duration::from_millis(25)));
        assert_eq!(ratio(a, b), Some(2.5));
        assert_eq!(ratio(a, None), None);
        let mean = geometric_mean([0.5, 8.0].into_iter()).expect("two ratios");
        assert!((mean - 2.0).abs() < 1e-9);
        assert_eq!(geometric_mean(std::iter::empty()), None);
    }
}
