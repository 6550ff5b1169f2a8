// SPDX-License-Identifier: GPL-3.0-or-later
//! How the plain tests look for bytes that break a property: good inputs, mutated ones and noise; the same each
//! time, and few enough for every run of the tests.

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

/// Checks PROPERTY on SEEDS, on what comes of them, and on noise.
pub fn run(property: fn(&[u8]), seeds: &[&[u8]]) {
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
