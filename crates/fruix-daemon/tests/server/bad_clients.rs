// SPDX-License-Identifier: GPL-3.0-or-later
//! Clients that send garbage, stall, flood or go away. After each of them, a good one is served as before.

use std::io::{BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fruix_daemon::ServerOptions;
use fruix_protocol::wire::{
    Greeting, Limits, Message, Operation, Reader, Request, Version, Writer, greet,
};
use fruix_store::Layout;
use proptest::prelude::*;

/// A client that does as it should.
struct Client {
    reader: Reader<BufReader<UnixStream>>,
    writer: Writer<UnixStream>,
}

impl Client {
    fn connect(socket: &Path) -> Client {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut reader =
            Reader::new(BufReader::new(stream.try_clone().unwrap()), Limits::default());
        let mut writer = Writer::new(stream);
        let version = greet(&mut reader, &mut writer, Greeting::new()).unwrap();
        assert_eq!(version, Version::OURS);
        let mut client = Client { reader, writer };
        assert_eq!(client.message(), Message::Last);
        client
    }

    fn message(&mut self) -> Message {
        Message::read(&mut self.reader, Version::OURS).unwrap()
    }

    fn send(&mut self, request: &Request) {
        request.write(&mut self.writer, Version::OURS).unwrap();
    }

    fn add_text(&mut self, name: &str, text: &[u8]) -> String {
        let (name, text) = (name.to_owned(), text.to_vec());
        self.send(&Request::AddTextToStore { name, text, references: Vec::new() });
        assert_eq!(self.message(), Message::Last);
        self.reader.string().unwrap()
    }

    fn is_valid(&mut self, path: &str) -> bool {
        self.send(&Request::Path(Operation::ValidPath, path.to_owned()));
        assert_eq!(self.message(), Message::Last);
        self.reader.boolean().unwrap()
    }

    /// The daemon tells an error; whether the connection ends after it.
    fn fails(&mut self) -> (String, bool) {
        let Message::Error(error) = self.message() else { panic!("an error was expected") };
        let ended = {
            self.writer.stream().set_read_timeout(Some(Duration::from_millis(300))).unwrap();
            matches!(self.reader.u64_or_end(), Ok(None))
        };
        (error.message, ended)
    }
}

fn daemon(options: ServerOptions) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("socket");
    super::serve(Layout::embedded(dir.path()), &socket, options);
    (dir, socket)
}

fn greeting() -> Vec<u8> {
    [0x6e69_7863_u64, 0x164, 0, 1].iter().flat_map(|n| n.to_le_bytes()).collect()
}

#[test]
fn errors_leave_the_connection_usable() {
    let (_dir, socket) = daemon(ServerOptions::default());
    let mut client = Client::connect(&socket);
    let path = client.add_text("a", b"text");
    client.send(&Request::Path(Operation::References, "/etc/passwd".into()));
    let Message::Error(error) = client.message() else { panic!("an error was expected") };
    assert_eq!(error.message, "path `/etc/passwd' is not in the store");
    // A file that is none, and a hash that there is not: the archive is skipped.
    let mut nar = fruix_core::nar::NarWriter::new(Vec::new()).unwrap();
    nar.symlink(b"x").unwrap();
    let nar = nar.finish().unwrap();
    for (recursive, algorithm) in [(false, "sha256"), (true, "crc32")] {
        let (name, algorithm) = ("n".to_owned(), algorithm.to_owned());
        client.send(&Request::AddToStore { name, recursive, algorithm });
        client.writer.stream().write_all(&nar).unwrap();
        assert!(matches!(client.message(), Message::Error(_)));
        assert!(client.is_valid(&path));
    }
}

#[test]
fn lengths_are_bounded() {
    let (_dir, socket) = daemon(ServerOptions::default());
    // A path, a text and a list, each of them too long to be true.
    let requests: [&[u64]; 4] = [&[1, u64::MAX], &[1, 1 << 30], &[8, 0, 1 << 62], &[31, 1 << 40]];
    for request in requests {
        let mut client = Client::connect(&socket);
        request.iter().for_each(|number| client.writer.u64(*number).unwrap());
        let (message, ended) = client.fails();
        assert!(message.contains("longer than") && ended, "{message}");
    }
    let mut client = Client::connect(&socket);
    client.writer.u64(4711).unwrap();
    assert_eq!(client.fails(), ("invalid operation 4711".into(), true));
    Client::connect(&socket).add_text("a", b"");
}

#[test]
fn deep_archives_are_refused() {
    let (_dir, socket) = daemon(ServerOptions::default());
    let mut nar = Vec::new();
    let word = |nar: &mut Vec<u8>, word: &str| {
        Writer::new(nar).string(word).unwrap();
    };
    word(&mut nar, "nix-archive-1");
    for _ in 0..100_000 {
        ["(", "type", "directory", "entry", "(", "name", "a", "node"]
            .iter()
            .for_each(|text| word(&mut nar, text));
    }
    for recursive in [false, true] {
        let mut client = Client::connect(&socket);
        let (name, algorithm) = ("deep".to_owned(), "sha256".to_owned());
        client.send(&Request::AddToStore { name, recursive, algorithm });
        // It may hang up before it has seen everything.
        let _ = client.writer.stream().write_all(&nar);
        let mut rest = Vec::new();
        let _ = client.writer.stream().read_to_end(&mut rest);
    }
    Client::connect(&socket).add_text("a", b"");
}

#[test]
fn who_stalls_or_leaves_holds_up_nobody() {
    let timeout = Duration::from_millis(300);
    let (_dir, socket) = daemon(ServerOptions { greeting_timeout: timeout, ..Default::default() });
    let mut silent = UnixStream::connect(&socket).unwrap();
    let mut stalled = Client::connect(&socket);
    stalled.writer.u64(8).unwrap();
    stalled.writer.string("name").unwrap();
    stalled.writer.u64(1 << 20).unwrap();
    for _ in 0..20 {
        let mut leaver = Client::connect(&socket);
        leaver.writer.u64(7).unwrap();
        leaver.writer.string("half").unwrap();
    }
    let start = Instant::now();
    Client::connect(&socket).add_text("a", b"");
    assert!(start.elapsed() < Duration::from_secs(30));
    // Who does not greet is shown the door.
    silent.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
    // Who stalls may go on.
    stalled.writer.stream().write_all(&vec![b'x'; 1 << 20]).unwrap();
    stalled.writer.u64(0).unwrap();
    assert_eq!(stalled.message(), Message::Last);
}

#[test]
fn who_floods_is_kept_out() {
    let options = ServerOptions { max_clients: 1, max_clients_per_user: 1, ..Default::default() };
    let (_dir, socket) = daemon(options);
    let many: Vec<Client> =
        (0..200).filter(|_| is_root()).map(|_| Client::connect(&socket)).collect();
    drop(many);
    let mut first = Client::connect(&socket);
    if !is_root() {
        let stream = UnixStream::connect(&socket).unwrap();
        let mut reader =
            Reader::new(BufReader::new(stream.try_clone().unwrap()), Limits::default());
        greet(&mut reader, &mut Writer::new(stream), Greeting::new()).unwrap();
        let said = Message::read(&mut reader, Version::OURS).unwrap();
        assert!(matches!(said, Message::Error(_)));
    }
    first.add_text("a", b"");
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whatever bytes come, others are served.
#[test]
fn garbage_harms_nobody() {
    let (_dir, socket) = daemon(ServerOptions::default());
    let mut good = Client::connect(&socket);
    let path = good.add_text("a", b"text");
    let words = prop::collection::vec(
        prop_oneof![0..90u64, 0..90u64, Just(8u64), Just(u64::MAX), any::<u64>()],
        0..40,
    );
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let garbage = (any::<bool>(), words, prop::collection::vec(any::<u8>(), 0..30));
    runner
        .run(&garbage, |(greet, words, bytes)| {
            let mut bad = UnixStream::connect(&socket).unwrap();
            let mut all = if greet { greeting() } else { Vec::new() };
            // A collection or a check would only take time.
            let words = words.into_iter().filter(|n| ![20, 34, 35].contains(n));
            all.extend(words.flat_map(u64::to_le_bytes));
            all.extend(bytes);
            let _ = bad.write_all(&all);
            let _ = bad.shutdown(std::net::Shutdown::Write);
            bad.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            let _ = bad.read_to_end(&mut Vec::new());
            Ok(())
        })
        .unwrap();
    assert!(good.is_valid(&path));
}
