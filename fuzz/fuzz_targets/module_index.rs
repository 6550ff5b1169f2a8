// SPDX-License-Identifier: GPL-3.0-or-later
#![no_main]

#[path = "../properties/scheme.rs"]
#[allow(dead_code)]
mod properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::module_index(data));
