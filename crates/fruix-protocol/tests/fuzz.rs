// SPDX-License-Identifier: GPL-3.0-or-later
//! The properties of this crate's fuzz targets, and what real clients and daemons say.
#![allow(clippy::unwrap_used)] // in helpers of tests, too

#[path = "../../../fuzz/mutation.rs"]
mod mutation;
#[path = "../../../fuzz/properties/protocol.rs"]
mod properties;

use fruix_protocol::wire::{
    ClientOptions, GcRequest, GcVerb, Greeting, Limits, Message, Operation, Reader, Remote,
    Request, Version, WireBuildMode, WireError, WirePathInfo, Writer, accept, accept_rest,
    write_path_info,
};
use mutation::run;

fn requests() -> Vec<Request> {
    let path = || "/gnu/store/2nfg943asrl9dv64zrr1a4kpb25mfafd-hello".to_owned();
    let named = vec![("build-max-jobs".to_owned(), "2".to_owned())];
    vec![
        Request::Path(Operation::ValidPath, path()),
        Request::Paths(Operation::ValidPaths, vec![path(), String::new()]),
        Request::Plain(Operation::BuiltinBuilders),
        Request::AddToStore { name: "n".into(), recursive: true, algorithm: "sha256".into() },
        Request::AddTextToStore { name: "t".into(), text: vec![0, 255], references: vec![path()] },
        Request::BuildThings { things: vec![path()], mode: WireBuildMode::Check },
        Request::ExportPath { path: path(), sign: true },
        Request::SetOptions(Box::new(ClientOptions { named, ..ClientOptions::default() })),
        Request::CollectGarbage(GcRequest {
            verb: GcVerb::DeleteSpecific,
            paths: vec![path()],
            ignore_liveness: false,
            max_freed: u64::MAX,
        }),
        Request::VerifyStore { check_contents: true, repair: false },
    ]
}

fn bytes(write: impl FnOnce(&mut Writer<&mut Vec<u8>>) -> Result<(), WireError>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut Writer::new(&mut bytes)).unwrap();
    bytes
}

#[test]
fn request() {
    let seeds: Vec<Vec<u8>> =
        requests().iter().map(|r| bytes(|writer| r.write(writer, Version::OURS))).collect();
    let all: Vec<u8> = seeds.concat();
    let mut seeds: Vec<&[u8]> = seeds.iter().map(Vec::as_slice).collect();
    seeds.push(&all);
    run(properties::request, &seeds);
}

#[test]
fn answer() {
    let error = Message::Error(Remote { message: "no".into(), status: 100 });
    let messages = [
        Message::Log(b"line\n".to_vec()),
        Message::Read(65536),
        Message::Write(vec![1, 2, 3]),
        Message::Last,
        error,
    ];
    let seeds: Vec<Vec<u8>> =
        messages.iter().map(|m| bytes(|writer| m.write(writer, Version::OURS))).collect();
    let info = WirePathInfo {
        deriver: String::new(),
        hash: "00".repeat(32),
        references: vec!["/gnu/store/x".into()],
        registration_time: 1,
        nar_size: 2,
    };
    let info = bytes(|writer| write_path_info(writer, &info));
    let mut seeds: Vec<&[u8]> = seeds.iter().map(Vec::as_slice).collect();
    seeds.push(&info);
    run(properties::answer, &seeds);
}

#[test]
fn every_request_comes_as_it_went() {
    for request in requests() {
        let bytes = bytes(|writer| request.write(writer, Version::OURS));
        let mut reader = Reader::new(&bytes[..], Limits::default());
        let operation = Operation::new(reader.u64().unwrap()).unwrap();
        assert_eq!(Request::read(&mut reader, operation, Version::OURS).unwrap(), request);
        assert_eq!(reader.u64_or_end().unwrap(), None);
    }
}

/// Clients of all ages greet: what they send depends on their minor version.
#[test]
fn older_clients_are_understood() {
    let say = |minor: u64, rest: &[u64]| {
        let numbers = [&[0x6e69_7863, 0x100 | minor], rest].concat();
        let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        let mut reader = Reader::new(&bytes[..], Limits::default());
        let mut answer = Vec::new();
        let number = accept(&mut reader, &mut Writer::new(&mut answer)).unwrap();
        assert_eq!(answer, [0x6478_696f_u64, 0x164].map(u64::to_le_bytes).concat());
        let greeting = accept_rest(&mut reader, number).unwrap();
        assert_eq!(reader.u64_or_end().unwrap(), None);
        greeting
    };
    assert_eq!(say(0x64, &[0, 1]), Greeting::new());
    assert_eq!(say(0x64, &[1, 3, 0]).cpu_affinity, Some(3));
    assert!(!say(11, &[0]).reserve_space);
    assert_eq!(say(5, &[]).version.minor(), 5);
}

/// Memory is taken for what has come, not for what was announced.
#[test]
fn lengths_are_not_believed() {
    let announced = [8_u64, 1, u64::from(b'n'), 1 << 29].map(u64::to_le_bytes).concat();
    let mut reader = Reader::new(&announced[8..], Limits::default());
    let read = Request::read(&mut reader, Operation::AddTextToStore, Version::OURS);
    assert!(matches!(read, Err(WireError::Closed)), "{read:?}");
}
