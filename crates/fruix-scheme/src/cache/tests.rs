// SPDX-License-Identifier: GPL-3.0-or-later
//! Sections go out and come back; what was changed on the way does no harm.

use crate::engine::Engine;
use crate::value::Value;

/// Programs that use each kind of constant and most instructions, without outer effects.
const PROGRAMS: &[&str] = &[
    "(list 1 -7 'a #:b \"text\" #\\c 1.5 1/3 123456789012345678901234567890 '(1 . 2) #(1 (2)) #vu8(1 2))",
    "(let ((x 1)) (define (f) (set! x (+ x 1)) x) (f) (list (f) x))",
    "(let loop ((i 0) (sum '())) (if (< i 5) (loop (+ i 1) (cons (* i 2.0) sum)) sum))",
    "(letrec ((even? (lambda (n) (if (= n 0) #t (odd? (- n 1)))))
              (odd? (lambda (n) (if (= n 0) #f (even? (- n 1))))))
       (map even? '(1 2 3)))",
    "(call-with-values (lambda () (values 1 2 3)) (lambda (a b . rest) (list a b rest)))",
    "((lambda* (a #:optional (b a) #:key (c (list a b))) (set! a 5) (list a b c)) 1 2 #:c 3)",
    "(let* ((v (vector 1 2 3)) (n (vector-length v))) (vector-set! v 0 'x) (list n (vector-ref v 0)))",
    "(let ((k (lambda (x y . z) (apply + x y z)))) (list (k 1 2) (k 1 2 3 4) (apply k '(1 2))))",
    "(let ((fs (map (lambda (i) (lambda (j) (set! i (+ i j)) i)) '(1 2)))) ((car fs) 1) ((car fs) 1))",
    "(case-lambda ((a) a) ((a b) b))",
    "(list (eq? 'a 'b) (eqv? 2.0 2.0) (not #f) (pair? '()) (symbol? 'x) (char? #\\a) (string-ref \"ab\" 1))",
    "(syntax-case #'(a b c) () ((x y ...) (syntax->datum #'(y ... x))))",
];

fn engine() -> Engine {
    let Ok(engine) = Engine::with_library() else { panic!("the library is broken") };
    engine
}

fn section(engine: &mut Engine, program: &str) -> (Vec<u8>, Vec<Box<str>>) {
    let Ok(Some(section)) = engine.section_of(program) else { panic!("{program}") };
    section
}

fn text(engine: &Engine, value: Value) -> String {
    engine.datum_text(value).split(" 7").next().unwrap_or_default().to_owned()
}

#[test]
fn code_means_the_same_when_it_comes_back() {
    let mut engine = engine();
    for program in PROGRAMS {
        let Ok(plain) = engine.eval_text(program) else { panic!("{program}") };
        let (bytes, names) = section(&mut engine, program);
        let Some(Ok(value)) = engine.try_section(&bytes, &names, false) else {
            panic!("{program}")
        };
        assert_eq!(text(&engine, value), text(&engine, plain), "{program}");
    }
}

#[test]
fn what_has_no_meaning_elsewhere_is_not_stored() {
    let mut engine = engine();
    for program in ["(quote #{a b}#)", "(list 1 2)"] {
        assert!(engine.section_of(program).is_ok_and(|made| made.is_some()), "{program}");
    }
    let Ok(port) = engine.eval_text("(current-output-port)") else { panic!("a port") };
    let quote = engine.heap.intern("quote");
    let form = engine.heap.list(&[quote, port]);
    let Ok(thunk) = engine.compile_form(form) else { panic!("a thunk") };
    let entry = engine.begin_form(None);
    assert!(engine.encoded(|to| to.value(thunk)).is_none());
    engine.end_form(entry);
}

/// A small generator of reproducible numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

#[test]
fn changed_sections_are_refused_or_harmless() {
    let rounds = if cfg!(miri) { 20 } else { 1500 };
    let mut engine = engine();
    let mut random = Random(0x5eed);
    let (mut refused, mut run) = (0, 0);
    for program in PROGRAMS {
        let (whole, names) = section(&mut engine, program);
        for _ in 0..rounds {
            let mut bytes = whole.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(bytes.len());
                match random.below(4) {
                    0 => bytes[at] ^= 1 << random.below(8),
                    1 => bytes[at] = random.below(90) as u8,
                    2 => bytes.truncate(at.max(1)),
                    _ => {
                        let other = bytes[random.below(bytes.len())];
                        bytes[at] = other;
                    }
                }
            }
            match engine.try_section(&bytes, &names, true) {
                Some(_) => run += 1,
                None => refused += 1,
            }
        }
    }
    // Most changes show; those of constants do not.
    assert!(refused > run && run > 100, "{refused} {run}");
}
