// SPDX-License-Identifier: GPL-3.0-or-later
//! HTTP and HTTPS, with rustls: proxies from the environment (`http_proxy` and kin), certificates from
//! the system (`SSL_CERT_FILE` and `SSL_CERT_DIR` heeded).

use std::collections::HashSet;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ureq::tls::{RootCerts, TlsConfig};

use crate::error::{Error, Reason};

/// How long a server may take to be found and to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long it may take to begin its answer.
const RESPONSE: Duration = Duration::from_secs(30);
/// How long a whole file may take.
const BODY: Duration = Duration::from_secs(3 * 60 * 60);
const REDIRECTS: u32 = 10;

/// Something that downloads from HTTP servers, and remembers which did not answer.
pub struct Http {
    agent: ureq::Agent,
    down: Mutex<HashSet<String>>,
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Http")
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

impl Http {
    /// One that has talked to nobody yet.
    pub fn new() -> Self {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .max_redirects(REDIRECTS)
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(RESPONSE))
            .timeout_recv_body(Some(BODY))
            .user_agent(concat!("fruix/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.into(), down: Mutex::default() }
    }

    /// Write what is at URL, at most LIMIT bytes, to SINK. ADVANCED is told how many bytes came, of
    /// how many if that is known, and says whether to go on.
    pub fn get(
        &self,
        url: &str,
        limit: u64,
        sink: &mut dyn Write,
        advanced: &mut dyn FnMut(u64, Option<u64>) -> bool,
    ) -> Result<Result<(), Reason>, Error> {
        let server = server(url);
        if self.is_down(server) {
            return Ok(Err(Reason::ServerDown));
        }
        let response = match self.agent.get(url).call() {
            Err(ureq::Error::StatusCode(status)) => return Ok(Err(Reason::Status(status))),
            Err(error) => {
                self.lock().insert(server.to_owned());
                return Ok(Err(Reason::Network(error.to_string())));
            }
            Ok(response) => response,
        };
        let body = response.into_body();
        let length = body.content_length();
        if length.is_some_and(|length| length > limit) {
            return Ok(Err(Reason::TooLong(limit)));
        }
        let mut reader = body.into_reader();
        let mut block = vec![0; 64 * 1024];
        let mut total = 0;
        loop {
            let count = match reader.read(&mut block) {
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(e) => return Ok(Err(Reason::Network(e.to_string()))),
                Ok(0) => break,
                Ok(count) => count,
            };
            total += count as u64;
            if total > limit {
                return Ok(Err(Reason::TooLong(limit)));
            }
            sink.write_all(&block[..count])
                .map_err(|source| Error::Write { path: url.into(), source })?;
            if !advanced(total, length) {
                return Err(Error::Cancelled);
            }
        }
        if length.is_some_and(|length| length != total) {
            return Ok(Err(Reason::Network(format!("it broke off after {total} bytes"))));
        }
        Ok(Ok(()))
    }

    fn is_down(&self, server: &str) -> bool {
        self.lock().contains(server)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Scheme, host and port of URL.
fn server(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find('/').map_or(url.len(), |at| start + at);
    &url[..end]
}
