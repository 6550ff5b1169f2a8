// SPDX-License-Identifier: GPL-3.0-or-later
//! Archives within the protocol: an archive ends where its own text says so, and what follows belongs to
//! the protocol again, whatever becomes of the item.

use std::convert::Infallible;
use std::io::{self, BufRead, Read};

use fruix_core::nar::{NarEvent, NarParser};

/// One archive of a stream, then the end.
pub(super) struct NarStream<'a, R> {
    source: &'a mut R,
    parser: NarParser,
    /// How many bytes at the front of the source's buffer belong to the archive and were not taken yet.
    pending: usize,
}

impl<'a, R: BufRead> NarStream<'a, R> {
    pub(super) fn new(source: &'a mut R) -> Self {
        Self { source, parser: NarParser::new(), pending: 0 }
    }

    /// Go to the end of the archive. It has none if it is broken.
    pub(super) fn drain(&mut self) -> io::Result<()> {
        loop {
            match self.fill_buf()?.len() {
                0 => return self.parser.finish::<Infallible>().map_err(invalid),
                taken => self.consume(taken),
            }
        }
    }
}

fn invalid(error: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

impl<R: BufRead> BufRead for NarStream<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.pending == 0 && !self.parser.is_finished() {
            let block = self.source.fill_buf()?;
            self.pending =
                self.parser.feed(block, |_| Ok::<(), Infallible>(())).map_err(invalid)?;
        }
        match self.pending {
            0 => Ok(&[]),
            pending => Ok(&self.source.fill_buf()?[..pending]),
        }
    }

    fn consume(&mut self, count: usize) {
        self.pending -= count;
        self.source.consume(count);
    }
}

impl<R: BufRead> Read for NarStream<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}

fn read_buffered(source: &mut impl BufRead, buffer: &mut [u8]) -> io::Result<usize> {
    let block = source.fill_buf()?;
    let count = block.len().min(buffer.len());
    buffer[..count].copy_from_slice(&block[..count]);
    source.consume(count);
    Ok(count)
}

/// The contents of the one regular file in an archive.
pub(super) struct FileStream<'a, R> {
    source: &'a mut R,
    parser: NarParser,
    block: Vec<u8>,
    taken: usize,
    regular: bool,
}

impl<'a, R: BufRead> FileStream<'a, R> {
    pub(super) fn new(source: &'a mut R) -> Self {
        Self { source, parser: NarParser::new(), block: Vec::new(), taken: 0, regular: true }
    }

    /// Go to the end of the archive.
    pub(super) fn drain(&mut self) -> io::Result<()> {
        while !self.parser.is_finished() {
            self.advance()?;
        }
        Ok(())
    }

    /// Whether there is one regular file, as far as is known.
    pub(super) fn is_regular(&self) -> bool {
        self.regular
    }

    fn advance(&mut self) -> io::Result<()> {
        let bytes = self.source.fill_buf()?;
        if bytes.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.block.clear();
        self.taken = 0;
        let (block, regular) = (&mut self.block, &mut self.regular);
        let count = self.parser.feed(bytes, |event| {
            match event {
                NarEvent::Chunk(chunk) => block.extend_from_slice(chunk),
                NarEvent::Regular { .. } => {}
                _ => *regular = false,
            }
            Ok::<(), Infallible>(())
        });
        let count = count.map_err(invalid)?;
        self.source.consume(count);
        Ok(())
    }
}

impl<R: BufRead> BufRead for FileStream<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.taken == self.block.len() && !self.parser.is_finished() {
            self.advance()?;
        }
        if self.regular {
            Ok(&self.block[self.taken..])
        } else {
            Err(invalid("regular file expected"))
        }
    }

    fn consume(&mut self, count: usize) {
        self.taken += count;
    }
}

impl<R: BufRead> Read for FileStream<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fruix_core::nar::NarWriter;

    fn archive(contents: &[u8]) -> Vec<u8> {
        let mut writer = NarWriter::new(Vec::new()).unwrap();
        writer.regular(false, contents.len() as u64).unwrap();
        writer.chunk(contents).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn an_archive_ends_where_it_says() {
        let nar = archive(&[7; 5000]);
        let bytes = [&nar[..], b"rest"].concat();
        for size in [1, 7, 64, 4096, 100_000] {
            let mut source = io::BufReader::with_capacity(size, &bytes[..]);
            let (mut got, mut rest) = (Vec::new(), Vec::new());
            NarStream::new(&mut source).read_to_end(&mut got).unwrap();
            source.read_to_end(&mut rest).unwrap();
            assert_eq!((&got, &rest[..]), (&nar, &b"rest"[..]));
            let mut source = io::BufReader::with_capacity(size, &bytes[..]);
            got.clear();
            FileStream::new(&mut source).read_to_end(&mut got).unwrap();
            assert_eq!(got, [7; 5000]);
        }
    }

    #[test]
    fn truncated_and_broken_archives_are_refused() {
        let nar = archive(b"abc");
        assert!(NarStream::new(&mut &nar[..nar.len() - 1]).drain().is_err());
        assert!(NarStream::new(&mut &b"garbage garbage garbage"[..]).drain().is_err());
        assert!(FileStream::new(&mut &nar[..nar.len() - 1]).drain().is_err());
        let mut link = NarWriter::new(Vec::new()).unwrap();
        link.symlink(b"target").unwrap();
        let link = link.finish().unwrap();
        let mut source = &link[..];
        let mut file = FileStream::new(&mut source);
        file.drain().unwrap();
        assert!(!file.is_regular());
    }
}
