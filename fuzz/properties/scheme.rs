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

/// The index of an entry in the cache of compiled modules: any bytes are one that stays as it is, or none.
pub fn module_index(data: &[u8]) {
    fruix_scheme::cache::is_index(data);
}

/// Programs whose sections are good inputs for [`module_section`]; they have no names but those in [`NAMES`].
pub const PROGRAMS: &[&str] = &[
    "(let loop ((i 0) (l '(1 2.5 #\\x \"text\"))) (if (< i 5) (loop (+ i 1) (cons i l)) l))",
    "(let ((x 1)) (define (f y) (set! x (+ x y)) (lambda () (f x))) ((f 2)))",
    "((lambda* (a #:optional (b a) . c) (list a b c #(1 2) 'a)) 1 2 3)",
];

/// What sections of [`module_section`] may refer to: nothing that does anything.
const NAMES: &[&str] =
    &["guile", "guile-user", "list", "cons", "a", "b", "c", "x", "y", "f", "loop", "+"];

fn names() -> Vec<Box<str>> {
    NAMES.iter().map(|&name| name.into()).collect()
}

thread_local! {
    static LIBRARY: std::cell::RefCell<(usize, Option<Engine>)> = const { std::cell::RefCell::new((0, None)) };
}

fn with_library<T>(f: impl FnOnce(&mut Engine) -> T) -> T {
    LIBRARY.with_borrow_mut(|(count, engine)| {
        if count.is_multiple_of(TEXTS) {
            *engine = None;
        }
        *count += 1;
        f(engine.get_or_insert_with(|| Engine::with_library().expect("the library boots")))
    })
}

/// The section of a program.
pub fn section(program: &str) -> Vec<u8> {
    with_library(|engine| {
        let made = engine.section_with(program, &names());
        made.ok().flatten().expect("it can be stored")
    })
}

/// A section of the cache of compiled modules: any bytes are refused, or run without harm.
pub fn module_section(data: &[u8]) {
    with_library(|engine| {
        let _ = engine.try_section(data, &names(), true);
    });
}
