// SPDX-License-Identifier: GPL-3.0-or-later
//! One client: the greeting, then requests one after the other (`processConnection`).

use std::io::{BufReader, BufWriter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fruix_protocol::wire::{
    ClientOptions, Greeting, Limits, Message, Operation, Reader, Remote, Request, Version,
    WireError, Writer, accept, accept_rest,
};
use fruix_store::Store;

use super::Server;
use super::operations::Answer;
use super::peer::Peer;
use super::registry::Entry;
use super::stream::Stream;
use super::words;

/// Bytes that are read from a socket at a time.
const READ: usize = 32 * 1024;

/// The way to a client.
pub(super) type Out = Writer<BufWriter<Stream>>;

/// A client being served.
pub(super) struct Connection<'s> {
    pub(super) server: &'s Arc<Server>,
    pub(super) stream: Stream,
    pub(super) reader: Reader<BufReader<Stream>>,
    /// Builds write to it from several threads.
    pub(super) out: Mutex<Out>,
    pub(super) version: Version,
    pub(super) trusted: bool,
    /// User and group, of a local client.
    pub(super) owner: Option<(u32, u32)>,
    pub(super) store: Arc<Store>,
    pub(super) options: ClientOptions,
    pub(super) entry: Entry,
}

/// Why a request got no answer.
pub(super) enum Trouble {
    /// The client is told, and goes on.
    Refused(Remote),
    /// The client is told, and the connection ends: nobody knows where the next request begins.
    Lost(String),
    /// Nobody is there to be told.
    Gone,
}

impl Trouble {
    /// MESSAGE with the status of most errors.
    pub(super) fn refused(message: impl ToString) -> Trouble {
        Trouble::Refused(Remote { message: message.to_string(), status: 1 })
    }
}

impl From<WireError> for Trouble {
    fn from(error: WireError) -> Trouble {
        if error.is_disconnection() { Trouble::Gone } else { Trouble::Lost(error.to_string()) }
    }
}

impl From<fruix_store::Error> for Trouble {
    fn from(error: fruix_store::Error) -> Trouble {
        Trouble::refused(words::of_store(&error))
    }
}

impl<'s> Connection<'s> {
    /// Serve the client PEER at the other end of STREAM until it leaves. Without ENTRY, there is no place
    /// for it.
    pub(super) fn serve(
        server: &'s Arc<Server>,
        stream: Stream,
        peer: &Peer,
        entry: Option<Entry>,
    ) {
        if let Err(Trouble::Lost(error)) = Connection::run(server, stream.clone(), peer, entry) {
            (server.options.log)(&format!("client lost: {peer}: {error}"));
        }
        stream.shut_down();
    }

    fn run(
        server: &'s Arc<Server>,
        stream: Stream,
        peer: &Peer,
        entry: Option<Entry>,
    ) -> Result<(), Trouble> {
        let gone = |_| Trouble::Gone;
        stream.set_read_timeout(Some(server.options.greeting_timeout)).map_err(gone)?;
        let source = BufReader::with_capacity(READ, stream.clone());
        let mut reader = Reader::new(source, Limits::default());
        let mut out = Writer::new(BufWriter::new(stream.clone()));
        let number = accept(&mut reader, &mut out)?;
        let Greeting { version, .. } = accept_rest(&mut reader, number)?;
        let Some(entry) = entry else {
            let message = "too many clients are connected; try again later".to_owned();
            Message::Error(Remote { message, status: 1 }).write(&mut out, version)?;
            return Ok(out.flush()?);
        };
        Message::Last.write(&mut out, version)?;
        out.flush()?;
        stream.set_read_timeout(None).map_err(gone)?;
        let mut connection = Connection {
            server,
            stream,
            reader,
            out: Mutex::new(out),
            version,
            trusted: peer.is_trusted(),
            owner: peer.owner(),
            store: Arc::new(server.store.session()),
            options: ClientOptions::default(),
            entry,
        };
        connection.requests()
    }

    fn requests(&mut self) -> Result<(), Trouble> {
        while let Some(number) = self.reader.u64_or_end()? {
            let answered = self.request(number);
            self.entry.set_operation(None);
            let mut out = self.out();
            match answered {
                Ok(answer) => {
                    Message::Last.write(&mut out, self.version)?;
                    answer.write(&mut out)?;
                }
                Err(Trouble::Refused(remote)) => {
                    Message::Error(remote).write(&mut out, self.version)?;
                }
                Err(Trouble::Lost(message)) => {
                    let remote = Remote { message: message.clone(), status: 1 };
                    Message::Error(remote).write(&mut out, self.version)?;
                    out.flush()?;
                    return Err(Trouble::Lost(message));
                }
                Err(Trouble::Gone) => return Err(Trouble::Gone),
            }
            out.flush()?;
        }
        Ok(())
    }

    fn request(&mut self, number: u64) -> Result<Answer, Trouble> {
        let operation = Operation::new(number)?;
        let request = Request::read(&mut self.reader, operation, self.version)?;
        self.entry.set_operation(Some(operation.name()));
        self.answer(request)
    }

    /// The way to the client.
    pub(super) fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tell the client LINES, during a request.
    pub(super) fn tell(&self, lines: &str) -> Result<(), WireError> {
        let mut out = self.out();
        Message::write_log(&mut out, lines.as_bytes())?;
        out.flush()
    }
}
