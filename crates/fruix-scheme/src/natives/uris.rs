// SPDX-License-Identifier: GPL-3.0-or-later
//! Taking URIs apart for `(web uri)` (RFC 3986, appendix B).

use super::args::string;
use crate::engine::Engine;
use crate::native;
use crate::native::{Native, Result};
use crate::value::Value;

/// The procedures, visible to the library alone.
pub static LIBRARY: &[Native] = &[
    native!("%split-uri", 1, split_uri),
    native!("%plain-host?", 1, |e, host| {
        let host = string(e, "%plain-host?", 1, host)?;
        Ok(Value::bool(is_plain_host(&host)))
    }),
];

/// `(%split-uri TEXT)`: a list of scheme, authority, path, query, fragment: strings, `#f` for what is not there.
fn split_uri(engine: &mut Engine, text: Value) -> Result {
    let text = string(engine, "string->uri", 1, text)?;
    let rest = text.as_str();
    let (scheme, rest) = match rest.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
        _ => (None, rest),
    };
    let (rest, fragment) = match rest.split_once('#') {
        Some((rest, fragment)) => (rest, Some(fragment)),
        None => (rest, None),
    };
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (rest, None),
    };
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            (Some(authority), path)
        }
        None => (None, rest),
    };
    let parts = [scheme, authority, Some(path), query, fragment];
    let values = parts.map(|part| part.map_or(Value::FALSE, |part| engine.heap.string(part)));
    Ok(engine.heap.list(&values))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+.-".contains(&b))
}

/// Whether TEXT is a domain name in the usual form, so that neither user nor port are in it.
fn is_plain_host(text: &str) -> bool {
    let is_label = |label: &str| {
        let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        edge(label.as_bytes().first())
            && edge(label.as_bytes().last())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.split('.').all(is_label)
        && text.rsplit('.').next().is_some_and(|l| l.starts_with(|c: char| c.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_hosts_are_plain() {
        for host in ["a", "gnu.org", "x86-64.example.org"] {
            assert!(is_plain_host(host), "{host}");
        }
        for host in ["", "a.", ".a", "a..b", "-a", "a-", "1.2.3.4", "a:80", "u@a", "[::1]", "a_b"] {
            assert!(!is_plain_host(host), "{host}");
        }
    }
}
