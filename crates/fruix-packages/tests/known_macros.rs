// SPDX-License-Identifier: GPL-3.0-or-later
//! GNU Guix's macros of which the expander knows the outcome must give what their transformers give:
//! the same programs, both ways, with Guix's own (guix records) and (guix gexp).

use fruix_oracle::Oracle;
use fruix_packages::{Seed, Session};
use fruix_scheme::Engine;
use fruix_store::MemoryStore;

const PRELUDE: &[&str] = &[
    "(use-modules (guix records) (guix gexp) (ice-9 format) (srfi srfi-1))",
    "(define notes '())
     (define (note x) (set! notes (cons x notes)) x)
     (define-record-type* <thing> thing make-thing
       thing? this-thing
       (name thing-name)
       (size thing-size (default 3) (thunked))
       (tag thing-tag (default (list 'tag (thing-name this-thing))) (thunked))
       (lazy thing-lazy (default (note 'lazy)) (delayed))
       (clean thing-clean (default \"x\") (sanitize string-upcase))
       (count thing-count (default (note 1)) (thunked) (innate)
              (sanitize (lambda (n) (+ n (thing-size this-thing)))))
       (place thing-place (default (current-source-location)) (innate)))
     (define base (thing (name \"base\") (size 7) (count 5)))
     (define-record-type* <plain> plain make-plain plain? (value plain-value (default 1)))
     (define (show x)
       (let ((fields (list (thing-name x) (thing-size x) (thing-tag x) (thing-lazy x)
                           (thing-clean x) (thing-count x) (thing-place x))))
         (list fields (reverse notes))))
     (define-syntax-rule (twice n)
       (thing (name n) (size (* 2 (string-length (thing-name this-thing))))))
     (define-syntax-rule (with-field field value) (thing (name \"m\") (field value)))",
    "(define (parts g)
       (define references ((@@ (guix gexp) gexp-references) g))
       (define (plain x)
         (cond (((@@ (guix gexp) gexp-input?) x)
                (list (let ((thing ((@@ (guix gexp) gexp-input-thing) x)))
                        (if (gexp? thing) (parts thing) thing))
                      ((@@ (guix gexp) gexp-input-output) x)
                      ((@@ (guix gexp) gexp-input-native?) x)))
               (((@@ (guix gexp) gexp-output?) x) ((@@ (guix gexp) gexp-output-name) x))
               (else x)))
       (list (map plain references)
             ((@@ (guix gexp) gexp-modules) g)))
     (define (text g)
       (define references ((@@ (guix gexp) gexp-references) g))
       (list (car (parts g)) (cadr (parts g))
             (apply ((@@ (guix gexp) gexp-proc) g)
                    (map (lambda (i) (list 'r i)) (iota (length references))))
             ((@@ (guix gexp) gexp-location) g)))
     (define x 1) (define y '(2 3)) (define z \"z\")",
];

const PROGRAMS: &[&str] = &[
    // Constructors.
    "(show (thing (name \"a\")))",
    "(show (thing (size (string-length (thing-name this-thing))) (name \"abc\")))",
    "(show (thing (inherit base) (name \"b\")))",
    "(show (thing (inherit (begin (note 'seen) base))))",
    "(show (thing (inherit base) (size (+ 1 (thing-size base))) (lazy (note 'mine))))",
    "(let ((name \"outer\")) (show (thing (name (string-append name \"!\")) (clean name))))",
    "(let ((inherit 1)) (show (thing (inherit base) (name \"b\"))))",
    "(let ((x \"mine\")) (show (thing (name x) (tag (list x (thing-name this-thing))))))",
    "(show (twice \"macro\"))",
    "(show (with-field size 9))",
    "(show (with-field name \"again\"))",
    "(thing-name (thing (name (thing-name (thing (name (thing-name (thing (name 'deep)))))))))",
    "(thing-size (thing (name 1) (size (thing-size (thing (inherit this-thing) (size 2))))))",
    "(let () (define y (thing (name \"l\"))) (define (f) y) (show (f)))",
    "(let () (define-record-type* <l> l make-l l? (a l-a (default 1))) (list (l-a (l)) (l-a (l (a 2)))))",
    "(let () (define-record-type* <l> plain make-l l? (a l-a (default 8))) (l-a (plain)))",
    "(plain-value (plain))",
    "(plain-value (plain (value this-record)))",
    "(procedure-name (thing-name (thing (name (lambda (q) q)))))",
    "((lambda () (thing-name (thing (name 'body)))))",
    "(thing)",
    "(thing (size 1))",
    "(thing (name 1) (name 2))",
    "(show (thing (inherit base) (name 1) (name 2)))",
    "(thing (nome 1))",
    "(thing (inherit base) (nome 1))",
    "(thing (name))",
    "(thing name)",
    "(thing (name 1) . 2)",
    "(thing (name 1 2))",
    "(thing (\"name\" 1))",
    "(show (thing (name \"a\") (size (this-thing 1))))",
    "(show (thing (name \"a\") (size (set! this-thing 1))))",
    "this-thing",
    "(map thing-name (map (lambda (n) (thing (name n))) '(1 2 3)))",
    "(thing-place (thing
        (name 1)))",
    // Quotations with escapes.
    "(text (gexp (a b . c)))",
    "(text (gexp \"text\"))",
    "(text (gexp (list (ungexp x) (ungexp-splicing y) (ungexp-native z) (ungexp-native-splicing y) 4)))",
    "(text (gexp (ungexp x)))",
    "(text (gexp (ungexp-splicing y)))",
    "(text (gexp (a . (ungexp x))))",
    "(text (gexp (a ungexp x)))",
    "(text (gexp (a (ungexp-splicing y) . rest)))",
    "(text (gexp (a ungexp-splicing y)))",
    "(text (gexp ((ungexp-splicing y))))",
    "(text (gexp ((ungexp output) (ungexp output \"doc\") (ungexp output (string-append z \"1\")))))",
    "(text (gexp ((ungexp x \"lib\") (ungexp-native x \"bin\") (ungexp x))))",
    "(text (gexp ((ungexp x) (ungexp y) (ungexp x) (ungexp z) (ungexp y))))",
    "(text (gexp #(a (ungexp x))))",
    "(text (gexp (ungexp)))",
    "(text (gexp (ungexp x y z)))",
    "(text (gexp ((ungexp-splicing x y))))",
    "(text (gexp (quote (quasiquote (unquote (ungexp x))))))",
    "(text (gexp (outer (ungexp (gexp (inner (ungexp x)))))))",
    "(text (gexp (outer (gexp (inner (ungexp x))))))",
    "(text (with-imported-modules '((guix build utils)) (gexp (ungexp x))))",
    "(let ((output 5)) (text (gexp (ungexp output))))",
    "(let ((ungexp list)) (text (gexp (ungexp x))))",
    "(text (gexp))",
    "(text (gexp a b))",
    "(text (gexp (#:key #\\c 1.5 #t () (()) #vu8(1 2))))",
    "(let-syntax ((m (syntax-rules () ((_ e) (gexp (first (ungexp e) (ungexp x))))))) (text (m (+ x 1))))",
    "(text #~(begin #$x #$@y (mkdir #$output) #$output:doc #+z))",
    "(length (car (text (gexp ((ungexp (string-append \"a\" \"b\")) (ungexp (string-append \"a\" \"b\")))))))",
];

fn engine_run(engine: &mut Engine, program: &str) -> String {
    let text = format!(
        "(begin (set! notes '())
           (call-with-output-string (lambda (port)
             (catch #t
               (lambda () (write (eval (call-with-input-string {program:?} read-syntax)
                                       (current-module))
                                 port))
               (lambda (key . args) (format port \"~s ~s\" key args))))))"
    );
    match engine.eval_text(&text) {
        Ok(value) => engine.heap.as_string(value).map(ToString::to_string).unwrap_or_default(),
        Err(_) => panic!("{program}"),
    }
}

fn answers(tree: std::path::PathBuf, known: bool) -> Vec<String> {
    let run = move || {
        let store = MemoryStore::default();
        let mut session = Session::new(Box::new(store), Seed::default(), &[tree])
            .unwrap_or_else(|error| panic!("{error}"));
        let engine = session.engine();
        engine.set_known_macros(known);
        for text in PRELUDE {
            assert!(engine.eval_text(text).is_ok(), "{text}");
        }
        let answers = PROGRAMS.iter().map(|program| engine_run(engine, program)).collect();
        // `gexp`, `thing` and `plain` at least, unless fast halves are left out.
        let fast = std::env::var_os("FRUIX_NO_NATIVE").is_none();
        assert!(!fast || engine.known_macros() >= 3, "the macros are not known");
        answers
    };
    fruix_scheme::command::on_large_stack(run).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn known_macros_give_what_their_transformers_give() {
    let Some(oracle) = Oracle::find_or_skip("known macros were not compared with transformers")
    else {
        return;
    };
    let tree = oracle.modules();
    let (known, run) = (answers(tree.clone(), true), answers(tree, false));
    for ((program, known), run) in PROGRAMS.iter().zip(known).zip(run) {
        assert_eq!(known, run, "{program}");
    }
}
