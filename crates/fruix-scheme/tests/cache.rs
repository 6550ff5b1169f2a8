// SPDX-License-Identifier: GPL-3.0-or-later
//! The cache of compiled modules must not be seen: the same modules without it, while it is filled, from a full
//! one, a half-filled one, and one that somebody damages meanwhile.

mod common;

use fruix_scheme::Engine;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const MACROS: &str = "
(define-module (macros) #:use-module (helper)
  #:export (swap! my-or while-counting point make-point point-x param with-param named
            define-getter package shout))
(define-syntax-rule (swap! a b) (let ((tmp a)) (set! a b) (set! b tmp)))
(define-syntax my-or
  (syntax-rules () ((_) #f) ((_ e) e) ((_ e r ...) (let ((t e)) (if t t (my-or r ...))))))
(define-syntax while-counting
  (lambda (s)
    (syntax-case s ()
      ((_ (var limit) body ...)
       #'(let loop ((var 0)) (when (< var limit) body ... (loop (+ var 1))))))))
(define-syntax named
  (lambda (s)
    (syntax-case s ()
      ((_ prefix) (datum->syntax s (suffixed (syntax->datum #'prefix)))))))
(define-syntax-parameter param (identifier-syntax 'outside))
(define-syntax-rule (with-param v e) (syntax-parameterize ((param (identifier-syntax v))) e))
(use-modules (srfi srfi-9))
(define-record-type <point> (make-point x y) point? (x point-x set-point-x!) (y point-y))
(define-syntax-rule (point x y) (make-point x y))
(define-syntax define-getter
  (syntax-rules () ((_ name value) (begin (define hidden value) (define (name) hidden)))))
(define-syntax-rule (package (name value) field ...) (list 'package value))
(define-syntax-rule (shout text) (string-append text \"!\"))
";

const HELPER: &str = "
(define-module (helper) #:export (suffixed))
(define (suffixed symbol) (symbol-append symbol '-a))
";

const USER: &str = "
(define-module (user) #:use-module (macros) #:use-module (ice-9 match) #:use-module (plain)
  #:use-module (srfi srfi-1) #:use-module ((plain) #:prefix p:)
  #:export (swapped ored counted classify constants closure mutable moved param-of recursive
            documented optional keyed getter where many place loud))
(define (swapped a b) (swap! a b) (list a b))
(define (ored . l) (my-or #f (and (pair? l) (car l)) 'last))
(define (counted n) (let ((sum 0)) (while-counting (i n) (set! sum (+ sum i))) sum))
(define* (classify x #:optional (default 'other))
  (match x ((a . b) (list 'pair a b)) (#(a b) (vector b a)) ((? string? s) (string-length s))
           ('sym 'symbol) (_ default)))
(define constants
  (list 1 -5 4611686018427387904 1/3 2.5 #\\x3bb \"text λ\" 'sym #:key #(1 (2) \"v\") #vu8(1 2 3)
        '(a b . c) #t #f '() (if #f #f) 1e100 #f64(1.0 2.0)))
(define closure (let ((n 0)) (lambda () (set! n (+ n 1)) n)))
(define mutable 1)
(set! mutable (+ mutable 1))
(define moved (point-x (point 3 4)))
(define (param-of) (list param (with-param 'inside param)))
(define (recursive n) (if (= n 0) '() (cons n (recursive (- n 1)))))
(define (documented) \"What it does.\" (define (even? n) (or (= n 0) (odd? (- n 1))))
  (define (odd? n) (and (> n 0) (even? (- n 1)))) (even? 10))
(define optional (lambda* (a #:optional (b (lambda () a)) #:key (c (list a)) #:rest r)
  (set! a 10) (list a (b) c)))
(define* (keyed #:key (x 1) (y (+ x 1))) (list x y))
(define-getter getter 'got)
(define (where) (assq-ref (current-source-location) 'line))
(define (many) (call-with-values (lambda () (values 1 2 3)) (lambda (a . rest) (list a rest))))
(define shape-a 'unused)
(define shape (named shape))
(define (place) (list (plain-value) (p:plain-value) (fold + 0 '(1 2 3))))
(define-public bag (package (name \"bag\")))
(define (loud) (shout \"a\"))
(define (fails) (car (list)) 1)
(export fails)
";

const PLAIN: &str = "
(define-module (plain) #:export (plain-value))
(define (plain-value) 'one)
";

const PROGRAMS: &[&str] = &[
    "(use-modules (user) (macros))",
    "(swapped 1 2)",
    "(list (ored) (ored 3))",
    "(counted 5)",
    "(list (classify '(1 . 2)) (classify #(1 2)) (classify \"abc\") (classify 'sym) (classify 5 6))",
    "constants",
    "(list (closure) (closure) mutable moved)",
    "(param-of)",
    "(recursive 3)",
    "(list (documented) (procedure-documentation documented))",
    "(list (optional 1) (optional 1 (lambda () 2) #:c 3))",
    "(list (keyed) (keyed #:y 5))",
    "(let ((l '())) (module-for-each (lambda (s v) (set! l (cons s l))) (resolve-module '(user))) (filter (lambda (s) (string-prefix? \"hidden\" (symbol->string s))) l))",
    "(getter)",
    "(where)",
    "(many)",
    "(place)",
    "(let ((a 1) (b 2)) (swap! a b) (list a b (my-or #f b) (with-param 1 param)))",
    "(point-x (point 1 2))",
    "(list bag (loud))",
    "(map procedure-minimum-arity (list optional keyed recursive))",
    "(object->string (point 1 2))",
    "(recursive)",
    "(fails)",
    "(sort (map symbol->string (module-map (lambda (s v) s) (resolve-interface '(user)))) string<?)",
];

fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    fs::write(&path, text).expect("the file can be written");
    // Long ago, so that the cache trusts its time.
    let file = fs::File::options().write(true).open(&path).expect("the file is there");
    let time = SystemTime::now() - Duration::from_secs(1000 + text.len() as u64);
    file.set_modified(time).expect("the time can be set");
}

fn modules() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in [("macros", MACROS), ("helper", HELPER), ("user", USER), ("plain", PLAIN)] {
        write(dir.path(), &format!("{name}.scm"), text);
    }
    dir
}

fn engine(dir: &Path, cache: Option<&Path>) -> Engine {
    let Ok(engine) = Engine::with_library_kept(cache) else { panic!("the library is broken") };
    common::with_load_path(engine, dir)
}

/// What the program gives, as text, up to the first address, since these differ.
fn run(engine: &mut Engine, program: &str) -> String {
    common::run(engine, program).split(" 7").next().unwrap_or_default().to_owned()
}

fn results(engine: &mut Engine, programs: &[&str]) -> Vec<String> {
    programs.iter().map(|program| run(engine, program)).collect()
}

fn entries(cache: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(cache).expect("a folder").flatten().map(|file| file.path()).collect();
    paths.sort();
    paths
}

#[test]
fn the_cache_cannot_be_seen() {
    let (dir, cache) = (modules(), tempfile::tempdir().expect("a folder"));
    let plain = results(&mut engine(dir.path(), None), PROGRAMS);
    assert!(plain[0].contains("unspecified"), "{}", plain[0]);
    for program in PROGRAMS.iter().zip(&plain) {
        assert!(!program.1.contains("unbound"), "{program:?}");
    }
    // Filled by and by: each run adds what it asked for.
    for count in [1, 4, 10, PROGRAMS.len(), PROGRAMS.len(), PROGRAMS.len()] {
        let mut engine = engine(dir.path(), Some(cache.path()));
        let found = results(&mut engine, &PROGRAMS[..count]);
        for (n, program) in PROGRAMS[..count].iter().enumerate() {
            assert_eq!(found[n], plain[n], "{program} after {count}");
        }
        engine.write_module_cache();
    }
    assert!(entries(cache.path()).len() > 20);
}

#[test]
fn a_full_cache_is_not_written_again() {
    let (dir, cache) = (modules(), tempfile::tempdir().expect("a folder"));
    let times = |cache: &Path| -> Vec<_> {
        entries(cache).iter().map(|path| path.metadata().and_then(|m| m.modified()).ok()).collect()
    };
    for _ in 0..2 {
        let mut engine = engine(dir.path(), Some(cache.path()));
        results(&mut engine, PROGRAMS);
        engine.write_module_cache();
    }
    let before = times(cache.path());
    let mut engine = engine(dir.path(), Some(cache.path()));
    results(&mut engine, PROGRAMS);
    engine.write_module_cache();
    assert_eq!(times(cache.path()), before);
}

#[test]
fn what_changes_is_compiled_anew() {
    let (dir, cache) = (modules(), tempfile::tempdir().expect("a folder"));
    let fill = |programs: &[&str]| {
        let mut engine = engine(dir.path(), Some(cache.path()));
        let found = results(&mut engine, programs);
        engine.write_module_cache();
        found
    };
    fill(PROGRAMS);
    let loud = &["(use-modules (user))", "(loud)", "(place)", "(object->string shape)"];
    let loud = &loud[..3];
    assert_eq!(fill(loud)[1..], ["\"a!\"", "(one one 6)"]);
    // A module without macros.
    write(dir.path(), "plain.scm", &PLAIN.replace("'one", "'another"));
    assert_eq!(fill(loud)[1..], ["\"a!\"", "(another another 6)"]);
    // A macro.
    write(dir.path(), "macros.scm", &MACROS.replace("\"!\"", "\"?\""));
    assert_eq!(fill(loud)[1], "\"a?\"");
    // A name that was a procedure's of the core is another module's, a macro even.
    let shadow = "(define-module (plain) #:export (plain-value recursive-list when))
(define-syntax-rule (plain-value) 'macro)";
    write(dir.path(), "plain.scm", shadow.replace(" recursive-list when", "").as_str());
    assert_eq!(fill(loud)[2], "(macro macro 6)");
    assert_eq!(fill(loud)[2], "(macro macro 6)");
    // What a macro calls when it is used.
    let program = &["(use-modules (macros))", "(let ((x-b 2) (x-a 1)) (named x))"];
    assert_eq!(fill(program)[1], "1");
    write(dir.path(), "helper.scm", &HELPER.replace("'-a", "'-b"));
    assert_eq!(fill(program)[1], "2");
    write(dir.path(), "helper.scm", HELPER);
    // The module itself.
    write(dir.path(), "user.scm", &USER.replace("(shout \"a\")", "(shout \"b\")"));
    assert_eq!(fill(loud)[1], "\"b?\"");
}

/// What somebody does to an entry.
type Damage<'a> = &'a dyn Fn(&mut Vec<u8>);

#[test]
fn damaged_entries_are_like_none() {
    let (dir, cache) = (modules(), tempfile::tempdir().expect("a folder"));
    let plain = results(&mut engine(dir.path(), None), PROGRAMS);
    for _ in 0..2 {
        let mut engine = engine(dir.path(), Some(cache.path()));
        results(&mut engine, PROGRAMS);
        engine.write_module_cache();
    }
    let whole: Vec<(PathBuf, Vec<u8>)> = entries(cache.path())
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).expect("an entry")))
        .collect();
    let damages: [Damage; 4] = [
        &|bytes| bytes.truncate(bytes.len() / 2),
        &|bytes| bytes.truncate(30),
        &|bytes| {
            let last = bytes.len() - bytes.len() / 4;
            bytes[last] ^= 4;
        },
        &|bytes| bytes.iter_mut().skip(60).step_by(97).for_each(|byte| *byte ^= 0x21),
    ];
    for damage in damages {
        // Before the engine starts, and under its feet.
        for live in [false, true] {
            for (path, bytes) in &whole {
                fs::write(path, bytes).expect("an entry");
            }
            let spoil = || {
                for (path, bytes) in &whole {
                    let mut bytes = bytes.clone();
                    damage(&mut bytes);
                    fs::write(path, bytes).expect("an entry");
                }
            };
            if !live {
                spoil();
            }
            let mut engine = engine(dir.path(), Some(cache.path()));
            let mut found = results(&mut engine, &PROGRAMS[..1]);
            if live {
                spoil();
            }
            found.extend(results(&mut engine, &PROGRAMS[1..]));
            assert_eq!(found, plain, "live: {live}");
        }
    }
}

#[test]
fn two_processes_fill_it_at_once() {
    let (dir, cache) = (modules(), tempfile::tempdir().expect("a folder"));
    let plain = results(&mut engine(dir.path(), None), PROGRAMS);
    let mut one = engine(dir.path(), Some(cache.path()));
    let mut other = engine(dir.path(), Some(cache.path()));
    let half = PROGRAMS.len() / 2;
    assert_eq!(results(&mut one, &PROGRAMS[..half]), plain[..half]);
    assert_eq!(results(&mut other, PROGRAMS), plain);
    other.write_module_cache();
    assert_eq!(results(&mut one, &PROGRAMS[half..]), plain[half..]);
    one.write_module_cache();
    assert_eq!(results(&mut engine(dir.path(), Some(cache.path())), PROGRAMS), plain);
    assert!(
        entries(cache.path()).iter().all(|path| path.extension().is_some_and(|e| e == "module"))
    );
}

#[test]
fn folders_that_others_can_write_to_are_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, cache) = (modules(), tempfile::tempdir().expect("a folder"));
    fs::set_permissions(cache.path(), fs::Permissions::from_mode(0o777)).expect("our folder");
    let mut engine = engine(dir.path(), Some(cache.path()));
    results(&mut engine, PROGRAMS);
    engine.write_module_cache();
    assert!(entries(cache.path()).is_empty());
}
