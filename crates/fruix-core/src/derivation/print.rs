// SPDX-License-Identifier: GPL-3.0-or-later
//! Writes derivations (`write-derivation` of `(guix derivations)`).

use std::collections::BTreeSet;

use super::{Derivation, DerivationOutput, OutputContents};
use crate::store_path::StoreDir;

/// The text of DRV.
pub(super) fn print(drv: &Derivation, store_dir: &StoreDir) -> Vec<u8> {
    let inputs = drv.inputs.iter().map(|(path, outputs)| (store_dir.print(path), outputs));
    print_with_inputs(drv, store_dir, inputs, false)
}

/// The text of DRV with INPUTS, in the order given, in place of its own. When MASKED, output
/// paths and the environment variables named as outputs are empty.
pub(super) fn print_with_inputs<'a>(
    drv: &Derivation,
    store_dir: &StoreDir,
    inputs: impl Iterator<Item = (String, &'a BTreeSet<String>)>,
    masked: bool,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(4096);
    out.extend_from_slice(b"Derive(");
    list(&mut out, &drv.outputs, |out, (name, output)| {
        print_output(out, store_dir, name, output, masked);
    });
    out.push(b',');
    list(&mut out, inputs, |out, (path, outputs)| {
        out.push(b'(');
        string(out, &path);
        out.push(b',');
        list(out, outputs, |out, output| string(out, output));
        out.push(b')');
    });
    out.push(b',');
    list(&mut out, &drv.sources, |out, path| {
        string(out, &store_dir.print(path));
    });
    out.push(b',');
    string(&mut out, &drv.system);
    out.push(b',');
    string(&mut out, &drv.builder);
    out.push(b',');
    list(&mut out, &drv.args, |out, arg| string(out, arg));
    out.push(b',');
    list(&mut out, &drv.env, |out, (name, value)| {
        let hidden = masked && drv.outputs.contains_key(name);
        tuple(out, &[name, if hidden { "" } else { value }]);
    });
    out.push(b')');
    out
}

fn print_output(
    out: &mut Vec<u8>,
    store_dir: &StoreDir,
    name: &str,
    output: &DerivationOutput,
    masked: bool,
) {
    let path = match &output.path {
        Some(path) if !masked => store_dir.print(path),
        _ => String::new(),
    };
    let (algorithm, hash) = match &output.contents {
        OutputContents::Unknown => (String::new(), String::new()),
        OutputContents::Algorithm(method, algorithm) => {
            (format!("{}{algorithm}", method.prefix()), String::new())
        }
        OutputContents::Fixed(method, hash) => {
            (format!("{}{}", method.prefix(), hash.algorithm()), hash.to_base16())
        }
    };
    tuple(out, &[name, &path, &algorithm, &hash]);
}

fn list<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut print: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        print(out, item);
    }
    out.push(b']');
}

fn tuple(out: &mut Vec<u8>, fields: &[&str]) {
    out.push(b'(');
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        string(out, field);
    }
    out.push(b')');
}

fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for &byte in text.as_bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}
