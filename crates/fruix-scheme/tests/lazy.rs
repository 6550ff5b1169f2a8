// SPDX-License-Identifier: GPL-3.0-or-later
//! Evaluating and expanding late must not be seen: the same modules, eagerly and lazily.

mod common;

use common::run;
use fruix_scheme::Engine;
use std::path::Path;

/// Stands in for Guix's: a macro, a variant of `define-public`, a parameter read when loading.
const PACKAGES: &str = "
(define-module (guix packages)
  #:export (package hidden-package name-of trace system))
(define system (make-parameter \"x86_64\"))
(define trace '())
(define (make name) (set! trace (cons name trace)) (list 'package name (system)))
(define name-of cadr)
(define-syntax-rule (package (name value) field ...)
  (let* ((name value) field ...) (make value)))
(define (hidden-package p) (list 'hidden p))
";

const ONE: &str = "
(define-module (one) #:use-module (guix packages) #:export (counter bump! early broken-user))
(define counter 0)
(define (bump!) (set! counter (+ counter 1)))
(define-public early (package (name \"early\")))
;; A comment with a ( in it.
(define-public late (let ((version \"1\")) (package (name (string-append \"late-\" version))
                                           (other #\\( ) (more \";\"))))
(define-public uses-late (hidden-package late))
(define private (package (name \"private\")))
(define (get-private) private)
(export get-private)
(define-public again (package (name \"first\")))
(define-public again (package (name \"second\")))
(define-public broken
  (package
    (name (car
            '()))))
";

fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
    std::fs::write(path, text).expect("the file can be written");
}

fn engine(dir: &Path, eager: bool) -> Engine {
    let Ok(mut engine) = Engine::with_library() else { panic!("the library is broken") };
    engine.set_eager(eager);
    common::with_load_path(engine, dir)
}

#[test]
fn deferred_definitions_cannot_be_told_from_evaluated_ones() {
    let dir = tempfile::tempdir().unwrap();
    let sound = ONE.split("(define-public broken").next().unwrap();
    write(dir.path(), "guix/packages.scm", PACKAGES);
    write(dir.path(), "one.scm", sound);
    let programs = [
        "(use-modules (guix packages) (one))",
        "(parameterize ((system \"other\")) late)",
        "uses-late",
        "(list early again)",
        "(get-private)",
        "(eq? late late)",
        "(map (lambda (s) (module-bound? (resolve-module '(one)) s)) '(early late again nothing))",
        "(sort (map symbol->string (module-map (lambda (s v) s) (resolve-interface '(one)))) string<?)",
        "(sort (delete \"first\" trace) string<?)",
        "(module-ref (resolve-interface '(one)) 'early)",
        "(begin (set! (@@ (one) early) 1) (@ (one) early))",
        "(module-set! (resolve-module '(one)) 'late 5)",
        "late",
    ];
    let (mut lazy, mut eager) = (engine(dir.path(), false), engine(dir.path(), true));
    for program in programs {
        let (a, b) = (run(&mut lazy, program), run(&mut eager, program));
        assert_eq!(a, b, "{program}");
        assert!(!a.contains("unbound"), "{program}: {a}");
    }
}

#[test]
fn only_what_is_asked_for_is_evaluated() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "guix/packages.scm", PACKAGES);
    write(dir.path(), "one.scm", ONE);
    let mut engine = engine(dir.path(), false);
    run(&mut engine, "(use-modules (guix packages) (one))");
    assert_eq!(run(&mut engine, "trace"), "()");
    let waiting = engine.deferred();
    assert_eq!(run(&mut engine, "(begin late trace)"), "(\"late-1\")");
    assert!(engine.deferred() < waiting);
    // An error shows when the value is asked for, each time.
    for _ in 0..2 {
        assert!(run(&mut engine, "broken").starts_with("wrong-type-arg"));
    }
}

/// Procedures whose bodies mean something else if they are expanded after the whole file.
const LATER: &str = "
(define-module (later) #:export (before-macro changed became-variable keeps-import two optional
                                 syntax-parameter recursive documented nested where))
(define (twice x) (list 'procedure x))
(define (before-macro) (twice 1))
(define-syntax-rule (twice x) (list 'macro x))
(define-syntax-rule (version) 'first)
(define (changed) (list (version) (twice 2)))
(define-syntax-rule (version) 'second)
(define-syntax-rule (gone) 'macro)
(define (became-variable) (gone))
(define (gone) 'procedure)
(define (keeps-import x) (when x (set! x 5) (list 'imported x)))
(define-syntax-rule (when x y ...) 'local)
(define two (case-lambda ((x) (when x 1)) ((x y) (let loop ((i 0)) (if (< i 3) (loop (+ i 1)) (list x y i))))))
(define* (optional a #:optional (b (lambda () a)) #:key (c (list a)) #:rest r)
  (set! a 10)
  (list a (b) c r))
(define-syntax-parameter it (lambda (s) #''none))
(define (syntax-parameter) (list it (syntax-parameterize ((it (lambda (s) #''inner))) it)))
(define (recursive n) (define (helper n) (if (= n 0) '() (cons n (recursive (- n 1))))) (helper n))
(define (documented) \"What it does.\" (let-syntax ((m (syntax-rules () ((_) 'let-syntax)))) (m)))
(define (nested) (define-syntax-rule (local x) (* 2 x)) (define y (local 4)) (lambda () (local y)))
(define (where)
  (assq-ref (current-source-location) 'line))
";

#[test]
fn bodies_expanded_late_see_what_they_saw_when_they_were_loaded() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "later.scm", LATER);
    let programs = [
        "(use-modules (later))",
        "(before-macro)",
        "(changed)",
        "(became-variable)",
        "(keeps-import #t)",
        "(list (two #t) (two 1 2))",
        "(list (optional 1) (optional 1 (lambda () 2) #:c 3))",
        "(syntax-parameter)",
        "(recursive 3)",
        "(list (documented) (procedure-documentation documented))",
        "((nested))",
        "(where)",
        "(map procedure-minimum-arity (list optional two recursive))",
        "(object->string recursive)",
        "(recursive)",
        "(list (changed) (documented))",
    ];
    let (mut lazy, mut eager) = (engine(dir.path(), false), engine(dir.path(), true));
    for program in programs {
        let (a, b) = (run(&mut lazy, program), run(&mut eager, program));
        let address = |text: String| text.split(" 7").next().unwrap_or_default().to_owned();
        assert_eq!(address(a), address(b), "{program}");
    }
}

#[test]
fn a_syntax_error_in_a_body_shows_when_it_is_called() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        "bad.scm",
        "(define-module (bad) #:export (f g))\n(define (f) (let ((x)) x))\n(define (g) 1)",
    );
    let mut engine = engine(dir.path(), false);
    run(&mut engine, "(use-modules (bad))");
    assert_eq!(run(&mut engine, "(g)"), "1");
    for _ in 0..2 {
        assert!(run(&mut engine, "(f)").starts_with("syntax-error"), "{}", run(&mut engine, "(f)"));
    }
}
