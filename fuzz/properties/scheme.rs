// SPDX-License-Identifier: GPL-3.0-or-later
//! What must hold of `fruix-scheme` for any bytes at all; see `core.rs`.

use fruix_scheme::Engine;
use fruix_scheme::interactive::Typed;

/// An engine's heap grows with what is read, so each serves for this many texts.
const TEXTS: usize = 2_000;

thread_local! {
    static ENGINE: std::cell::RefCell<(usize, Option<Engine>)> = const { std::cell::RefCell::new((0, None)) };
}

/// The reader: it takes no more than there is, and what it takes is all that it needs.
pub fn reader(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    ENGINE.with_borrow_mut(|(count, engine)| {
        if count.is_multiple_of(TEXTS) {
            *engine = None;
        }
        *count += 1;
        let engine = engine.get_or_insert_with(Engine::new);
        let mut rest = &*text;
        while let Typed::Form(_, used) = engine.read_typed(rest, 0) {
            assert!(used > 0 && used <= rest.len(), "{used} of {}", rest.len());
            // An atom ends where another thing begins.
            let alone = format!("{}\n", &rest[..used]);
            let again = engine.read_typed(&alone, 0);
            assert!(matches!(again, Typed::Form(_, n) if n.abs_diff(used) <= 1), "{alone:?}");
            rest = &rest[used..];
        }
    });
}
