// SPDX-License-Identifier: GPL-3.0-or-later
//! What must hold of `fruix-fetch` for any bytes at all; see `core.rs`.

use fruix_fetch::{Mirrors, parse_urls};

/// Data in download derivations: addresses that are read are those that are read when printed again.
pub fn datum(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = Mirrors::parse(text);
    if let Ok(urls) = parse_urls(text) {
        let quoted =
            |url: &String| format!("\"{}\"", url.replace('\\', "\\\\").replace('"', "\\\""));
        let words: Vec<String> = urls.iter().map(quoted).collect();
        assert_eq!(parse_urls(&format!("({})", words.join(" "))).as_ref(), Ok(&urls));
    }
}
