// SPDX-License-Identifier: GPL-3.0-or-later
//! `builtin:download` with a server of our own.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use fruix_core::hash::{Hash, HashAlgorithm};
use fruix_core::store_path::HashMethod;
use fruix_daemon::{BuildOptions, Error};
use fruix_fetch::Fetcher;

use super::bench::{Bench, Test, TestResult};
use crate::ensure;

pub const TESTS: &[Test] = &[
    ("download", download),
    ("download-failures", failures),
    ("download-mirrors", mirrors),
    ("download-executable", executable),
    ("distfiles", distfiles),
    ("unknown-builtin", unknown_builtin),
];

pub const TEXT: &str = "the contents of a file";

/// Serve some files until the end of the program; the result is the address.
pub fn serve() -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}", listener.local_addr()?);
    let own = address.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = answer(stream, &own);
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream, own: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let text = match path {
        "/file" | "/pub/dir/file" => {
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{TEXT}", TEXT.len())
        }
        "/moved" => {
            format!("HTTP/1.1 302 Found\r\nLocation: {own}/file\r\nContent-Length: 0\r\n\r\n")
        }
        "/loop" => {
            format!("HTTP/1.1 302 Found\r\nLocation: {own}/loop\r\nContent-Length: 0\r\n\r\n")
        }
        "/short" => format!("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{TEXT}"),
        "/other" => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother".to_owned(),
        _ => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
    };
    stream.write_all(text.as_bytes())
}

fn hash() -> Hash {
    Hash::sha256(TEXT.as_bytes())
}

fn download(bench: &Bench) -> TestResult {
    let server = serve()?;
    // A printed string, a printed list, and through a redirection.
    for (name, url) in [
        ("string", format!("\"{server}/file\"")),
        ("list", format!("(\"ftp://nowhere/file\" \"{server}/missing\" \"{server}/file\")")),
        ("moved", format!("\"{server}/moved\"")),
    ] {
        let drv = bench.drv(name, &[]).builder("builtin:download").env("url", &url);
        let drv = drv.fixed(HashMethod::Flat, hash()).done();
        bench.build(&drv)?;
        ensure!(bench.contents(&drv, "")? == TEXT, "{name}");
        ensure!(bench.log(&drv).contains("22 bytes"), "{}", bench.log(&drv));
        let info = bench.store.query_path_info(&bench.output(&drv, "out"))?.ok_or("invalid")?;
        ensure!(info.references.is_empty() && info.deriver == Some(drv), "{info:?}");
    }
    ensure!(bench.leftovers().is_empty(), "{:?}", bench.leftovers());
    bench.verify()
}

fn failures(bench: &Bench) -> TestResult {
    let server = serve()?;
    let fail = |name: &str, url: &str| {
        let drv = bench.drv(name, &[]).builder("builtin:download");
        let drv = drv.env("url", &format!("{url:?}")).fixed(HashMethod::Flat, hash()).done();
        bench.failure(&drv, &BuildOptions::default())
    };
    match fail("wrong", &format!("{server}/other"))? {
        Error::Store(fruix_store::Error::HashMismatch { expected, got: actual, .. }) => {
            ensure!((*expected, *actual) == (hash(), Hash::sha256(b"other")), "{actual}");
        }
        other => return Err(other.into()),
    }
    for (name, url, word) in [
        ("missing", format!("{server}/missing"), "404"),
        ("loop", format!("{server}/loop"), "redirect"),
        ("short", format!("{server}/short"), "/short"),
        ("ftp", "ftp://nowhere/x".to_owned(), "FTP"),
        ("local", "file:///etc/passwd".to_owned(), "local file"),
        ("nomirror", "mirror://nobody/x".to_owned(), "no mirrors"),
        ("down", "http://127.0.0.1:1/x".to_owned(), "127.0.0.1:1/x"),
    ] {
        let error = fail(name, &url)?.to_string();
        ensure!(error.contains(word), "{name}: {error}");
    }
    ensure!(bench.leftovers().is_empty(), "{:?}", bench.leftovers());
    Ok(())
}

fn mirrors(bench: &Bench) -> TestResult {
    let list = format!("((pub \"http://127.0.0.1:1/\" \"{}/pub/\"))", serve()?);
    let file = bench.store.add_text_to_store("mirrors", list.as_bytes(), &Default::default())?;
    let drv = bench.drv("mirrored", &[]).builder("builtin:download").source("mirrors", &file);
    let drv = drv.env("url", "\"mirror://pub/dir/file\"").fixed(HashMethod::Flat, hash()).done();
    bench.build(&drv)?;
    Ok(())
}

fn executable(bench: &Bench) -> TestResult {
    let mut writer = fruix_core::nar::NarWriter::new(Vec::new())?;
    writer.regular(true, TEXT.len() as u64)?;
    writer.chunk(TEXT.as_bytes())?;
    let hash = Hash::of(HashAlgorithm::Sha256, &writer.finish()?);
    let drv = bench.drv("exe", &[]).builder("builtin:download").env("executable", "1");
    let drv = drv.env("url", &format!("\"{}/file\"", serve()?));
    let drv = drv.fixed(HashMethod::Recursive, hash).done();
    bench.build(&drv)?;
    Ok(())
}

fn distfiles(bench: &Bench) -> TestResult {
    let folder = bench.dir.join("distfiles");
    std::fs::create_dir(&folder)?;
    std::fs::write(folder.join("x-1.tar"), TEXT)?;
    let fetcher = Fetcher { distfiles: vec![folder], ..Fetcher::default() };
    let bench = Bench::with_fetcher(&bench.dir, fetcher)?;
    let drv = bench.drv("source", &[]).builder("builtin:download");
    let drv = drv.env("url", "\"mirror://gone/x-1.tar\"").fixed(HashMethod::Flat, hash()).done();
    bench.build(&drv)?;
    Ok(())
}

fn unknown_builtin(bench: &Bench) -> TestResult {
    let drv = bench.drv("x", &[]).builder("builtin:magic").fixed(HashMethod::Flat, hash()).done();
    let error = bench.failure(&drv, &BuildOptions::default())?;
    ensure!(matches!(error, Error::Builtin { .. }), "{error}");
    Ok(())
}
