// SPDX-License-Identifier: GPL-3.0-or-later
//! The properties that the fuzz targets check, on good inputs, mutated ones and noise: the same
//! each time, and few enough for every run of the tests.

#[path = "../../../fuzz/properties.rs"]
mod properties;

use fruix_core::nar::NarWriter;

/// Inputs for each seed, mutated and random.
const ROUNDS: u64 = 1_500;

/// A small generator of reproducible numbers (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        // What the formats are made of comes more often than chance would have it.
        const TELLING: &[u8] = b"\0\x01\x08\xff\"\\,()[]/.-0az\nr";
        match self.below(2) {
            0 => TELLING[self.below(TELLING.len())],
            _ => self.next() as u8,
        }
    }

    fn mutate(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            let end = (at + self.below(12)).min(bytes.len());
            match self.below(5) {
                0 => bytes.insert(at, self.byte()),
                1 => {
                    bytes.drain(at..end);
                }
                2 => {
                    let copy = bytes[at..end].to_vec();
                    let to = self.below(bytes.len() + 1);
                    bytes.splice(to..to, copy);
                }
                3 => bytes.truncate(at),
                _ if at < bytes.len() => bytes[at] = self.byte(),
                _ => bytes.push(self.byte()),
            }
        }
        bytes
    }
}

fn run(property: fn(&[u8]), seeds: &[&[u8]]) {
    let mut random = Random(0x5eed_0ff4);
    for seed in seeds {
        property(seed);
        for _ in 0..ROUNDS {
            property(&random.mutate(seed));
        }
    }
    for _ in 0..ROUNDS {
        let length = random.below(200);
        let noise: Vec<u8> = (0..length).map(|_| random.byte()).collect();
        property(&noise);
    }
}

#[test]
fn base32() {
    run(properties::base32, &[b"", b"0qk1", b"cmj66qk1"]);
}

#[test]
fn store_path() {
    run(
        properties::store_path,
        &[
            b"2nfg943asrl9dv64zrr1a4kpb25mfafd-hello-2.12.2.drv",
            b"/gnu/store/2nfg943asrl9dv64zrr1a4kpb25mfafd-hello-2.12.2/bin/hello",
        ],
    );
}

#[test]
fn derivation() {
    run(
        properties::derivation,
        &[
            br#"Derive([("out","","","")],[],[],"x","/bin/sh",[],[("out","")])"#,
            concat!(
                r#"Derive([("lib","/gnu/store/wf7arxvma7liv44fi681r2jycyaax7ih-x-1-lib","","#,
                r#"""),("out","/gnu/store/myrzsg2x5m689yj9lg69wb3g9v252qcr-x-1","r:sha256","")],"#,
                r#"[("/gnu/store/2nfg943asrl9dv64zrr1a4kpb25mfafd-y.drv",["lib","out"])],"#,
                r#"["/gnu/store/5a2y6rv3swyv36cakj5y2xfl7m959bkb-z"],"x86_64-linux","#,
                r#""builtin:download",["a \"b\"\n","\\\t\r"],[("lib","é"),("out","")])"#
            )
            .as_bytes(),
        ],
    );
}

#[test]
fn nar() {
    let mut writer = NarWriter::new(Vec::new()).expect("write to memory");
    let tree = (|| {
        writer.directory()?;
        writer.entry(b"a")?;
        writer.regular(true, 9)?;
        writer.chunk(b"123456789")?;
        writer.entry(b"b")?;
        writer.directory()?;
        writer.entry(b"c")?;
        writer.symlink(b"../a")?;
        writer.end_directory()?;
        writer.end_directory()?;
        writer.finish()
    })();
    run(properties::nar, &[&tree.expect("a good tree")]);
}

#[test]
fn references() {
    run(
        properties::references,
        &[b"abcdefghijklmnopqrstuvwxyz", b"\x01\x02\x04\x05eeeeeeeeeeeeeeee\0\0\0"],
    );
}
