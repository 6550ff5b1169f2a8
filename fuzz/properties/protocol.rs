// SPDX-License-Identifier: GPL-3.0-or-later
//! What must hold of `fruix-protocol` for any bytes at all.

use fruix_protocol::wire::{
    Limits, Message, Operation, Reader, Request, Version, Writer, accept_rest, read_path_info,
    read_substitutables,
};

/// Bounds that are small beside what the bytes can say.
const LIMITS: Limits = Limits { string: 1 << 12, text: 1 << 14, elements: 1 << 10, list: 1 << 14 };

/// A client's bytes: what is a request, in any version, is the same when it is written and read again.
pub fn request(data: &[u8]) {
    for minor in [0x64, 0x61, 15, 8, 1] {
        let Ok(version) = Version::new(0x100 | minor) else { return };
        let mut reader = Reader::new(data, LIMITS);
        while let Ok(Some(number)) = reader.u64_or_end() {
            let Ok(operation) = Operation::new(number) else { break };
            let Ok(request) = Request::read(&mut reader, operation, version) else { break };
            let mut bytes = Vec::new();
            let written = request.write(&mut Writer::new(&mut bytes), version);
            assert!(written.is_ok());
            let mut again = Reader::new(&bytes[8..], LIMITS);
            let reread = Request::read(&mut again, operation, version);
            assert_eq!(reread.ok(), Some(request));
            assert!(matches!(again.u64_or_end(), Ok(None)));
        }
    }
    let _ = accept_rest(&mut Reader::new(data, LIMITS), 0x164);
}

/// A daemon's bytes: what is a message is the same when it is written and read again.
pub fn answer(data: &[u8]) {
    let mut reader = Reader::new(data, LIMITS);
    while let Ok(message) = Message::read(&mut reader, Version::OURS) {
        let mut bytes = Vec::new();
        assert!(message.write(&mut Writer::new(&mut bytes), Version::OURS).is_ok());
        let again = Message::read(&mut Reader::new(&bytes[..], LIMITS), Version::OURS);
        assert_eq!(again.ok(), Some(message));
    }
    let _ = read_path_info(&mut Reader::new(data, LIMITS));
    let _ = read_substitutables(&mut Reader::new(data, LIMITS));
}
