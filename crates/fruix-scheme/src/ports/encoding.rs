// SPDX-License-Identifier: GPL-3.0-or-later
//! Text to bytes and back, in the encodings that ports and `iconv` procedures know.

use super::Conversion;

/// Whether an encoding's name means that each byte is a Latin-1 character.
pub fn is_latin1(encoding: &str) -> bool {
    matches!(
        encoding.to_ascii_uppercase().as_str(),
        "ISO-8859-1" | "ISO8859-1" | "LATIN1" | "LATIN-1" | "US-ASCII" | "ASCII"
    )
}

/// The bytes of `text`.
///
/// # Errors
/// The first character that the encoding does not have, if the conversion is strict.
pub fn encode(text: &str, encoding: &str, conversion: Conversion) -> Result<Vec<u8>, char> {
    let upper = encoding.to_ascii_uppercase();
    let limit = match upper.as_str() {
        "US-ASCII" | "ASCII" | "ANSI_X3.4-1968" => 0x80,
        _ if is_latin1(encoding) => 0x100,
        "UTF-16LE" => return Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        "UTF-16" | "UTF-16BE" => {
            return Ok(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
        }
        "UTF-32LE" => return Ok(text.chars().flat_map(|c| (c as u32).to_le_bytes()).collect()),
        "UTF-32" | "UTF-32BE" => {
            return Ok(text.chars().flat_map(|c| (c as u32).to_be_bytes()).collect());
        }
        _ => return Ok(text.as_bytes().to_vec()),
    };
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        let code = c as u32;
        if code < limit {
            bytes.push(code as u8);
            continue;
        }
        match conversion {
            Conversion::Error => return Err(c),
            Conversion::Substitute => bytes.push(b'?'),
            Conversion::Escape if code < 0x100 => bytes.extend(format!("\\x{code:02x}").bytes()),
            Conversion::Escape if code < 0x10000 => bytes.extend(format!("\\u{code:04x}").bytes()),
            Conversion::Escape => bytes.extend(format!("\\U{code:06x}").bytes()),
        }
    }
    Ok(bytes)
}

/// The text of `bytes`.
///
/// # Errors
/// The offset of the first byte that means nothing, if the conversion is strict.
pub fn decode(bytes: &[u8], encoding: &str, conversion: Conversion) -> Result<String, usize> {
    if is_latin1(encoding) {
        return Ok(bytes.iter().map(|&b| b as char).collect());
    }
    let units = |big: bool| {
        bytes.chunks_exact(2).map(move |pair| {
            let pair = [pair[0], pair[1]];
            if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        })
    };
    let replace = |c: Result<char, _>| c.unwrap_or(char::REPLACEMENT_CHARACTER);
    match encoding.to_ascii_uppercase().as_str() {
        "UTF-16LE" => Ok(char::decode_utf16(units(false)).map(replace).collect()),
        "UTF-16" | "UTF-16BE" => Ok(char::decode_utf16(units(true)).map(replace).collect()),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) if conversion == Conversion::Error => Err(error.valid_up_to()),
            Err(_) => Ok(String::from_utf8_lossy(bytes).into_owned()),
        },
    }
}
