// SPDX-License-Identifier: GPL-3.0-or-later
//! Build logs: `LOGDIR/drvs/XX/REST.drv.gz` (or `.bz2`, or neither), XX being the first two letters of the
//! derivation's name (`openLogFile` in `nix/libstore/build.cc`).

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use bzip2::bufread::MultiBzDecoder;
use bzip2::write::BzEncoder;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use fruix_core::StorePath;

use crate::error::{Error, Result};
use crate::events::LogLines;
use crate::options::LogCompression;

/// How many last lines are kept for an error message.
const TAIL: usize = 20;
/// How long a line there may be, in bytes.
const TAIL_LINE: usize = 1000;

fn stem(log_dir: &Path, drv: &StorePath) -> PathBuf {
    let (first, rest) = drv.as_str().split_at(2);
    log_dir.join("drvs").join(first).join(rest)
}

/// The log of the last build of DRV below LOG_DIR, as this program or guix-daemon wrote it: compressed
/// by gzip or bzip2, or not.
pub fn find_log(log_dir: &Path, drv: &StorePath) -> Option<PathBuf> {
    let stem = stem(log_dir, drv);
    ["gz", "bz2", ""].iter().map(|extension| with_suffix(&stem, extension)).find(|p| p.is_file())
}

/// Read the log in FILE, whichever of the three kinds it is.
pub fn open_log(file: &Path) -> io::Result<Box<dyn Read>> {
    let opened = BufReader::new(File::open(file)?);
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => Ok(Box::new(MultiGzDecoder::new(opened))),
        Some("bz2") => Ok(Box::new(MultiBzDecoder::new(opened))),
        _ => Ok(Box::new(opened)),
    }
}

fn with_suffix(stem: &Path, extension: &str) -> PathBuf {
    let mut name = stem.as_os_str().to_owned();
    if !extension.is_empty() {
        name.push(".");
        name.push(extension);
    }
    name.into()
}

/// What writes to the file.
enum Encoder {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Bzip2(BzEncoder<BufWriter<File>>),
}

impl Encoder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Encoder::Plain(file) => file.write_all(bytes),
            Encoder::Gzip(file) => file.write_all(bytes),
            Encoder::Bzip2(file) => file.write_all(bytes),
        }
    }

    fn finish(self) -> io::Result<()> {
        let mut file = match self {
            Encoder::Plain(file) => file,
            Encoder::Gzip(file) => file.finish()?,
            Encoder::Bzip2(file) => file.finish()?,
        };
        file.flush()
    }
}

/// A log being written.
pub(crate) struct LogWriter {
    file: Option<(PathBuf, Encoder)>,
    failure: Option<io::Error>,
    lines: LogLines,
    tail: VecDeque<String>,
}

impl LogWriter {
    /// A log that remembers the last lines and nothing else.
    pub(crate) fn none() -> Self {
        Self { file: None, failure: None, lines: LogLines::default(), tail: VecDeque::new() }
    }

    /// Begin the log of DRV below LOG_DIR anew. One that was compressed otherwise goes.
    pub(crate) fn create(
        log_dir: &Path,
        drv: &StorePath,
        compression: LogCompression,
    ) -> Result<Self> {
        let stem = stem(log_dir, drv);
        let extension = match compression {
            LogCompression::None => "",
            LogCompression::Gzip => "gz",
            LogCompression::Bzip2 => "bz2",
        };
        for other in ["gz", "bz2", ""].into_iter().filter(|other| *other != extension) {
            let _ = fs::remove_file(with_suffix(&stem, other));
        }
        let path = with_suffix(&stem, extension);
        let dir = path.parent().unwrap_or(log_dir);
        fs::create_dir_all(dir).map_err(Error::io("creating directory", dir))?;
        let file = File::create(&path).map_err(Error::io("creating log file", &path))?;
        let file = BufWriter::new(file);
        let encoder = match compression {
            LogCompression::None => Encoder::Plain(file),
            LogCompression::Gzip => Encoder::Gzip(GzEncoder::new(file, Compression::best())),
            LogCompression::Bzip2 => {
                Encoder::Bzip2(BzEncoder::new(file, bzip2::Compression::best()))
            }
        };
        Ok(Self { file: Some((path, encoder)), ..Self::none() })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|(path, _)| path.as_path())
    }

    /// Take BYTES. Failures are told by [`LogWriter::finish`], since the build goes on.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        if let Some((_, encoder)) = &mut self.file
            && self.failure.is_none()
        {
            self.failure = encoder.write(bytes).err();
        }
        let tail = &mut self.tail;
        self.lines.feed(bytes, |line| push_line(tail, line));
    }

    /// Complete the file. The result is where it is, and the last lines.
    pub(crate) fn finish(mut self) -> Result<(Option<PathBuf>, Vec<String>)> {
        let tail = &mut self.tail;
        self.lines.finish(|line| push_line(tail, line));
        let lines = self.tail.into();
        let Some((path, encoder)) = self.file else { return Ok((None, lines)) };
        let written = match self.failure {
            Some(failure) => Err(failure),
            None => encoder.finish(),
        };
        written.map_err(Error::io("writing log file", &path))?;
        Ok((Some(path), lines))
    }
}

fn push_line(tail: &mut VecDeque<String>, line: &[u8]) {
    if tail.len() == TAIL {
        tail.pop_front();
    }
    let line = &line[..line.len().min(TAIL_LINE)];
    tail.push_back(String::from_utf8_lossy(line).trim_end_matches('\r').to_owned());
}
