// SPDX-License-Identifier: GPL-3.0-or-later
//! Programs that try each thing the machine does, as text in the core language: no boot files.
//! Each runs twice: as usual, and with a collection at every safe point.

use super::op::{self, Op};
use crate::engine::Engine;
use crate::heap::Heap;
use crate::native::Exit;
use crate::value::Value;

/// What programs of these tests use beyond natives.
const PRELUDE: &str = "
(define (%native-error key subr message args data)
  (abort-to-prompt 'error key subr message args data))
(define (raise-exception object) (abort-to-prompt 'error 'raise object))
(define (try thunk)
  (call-with-prompt 'error thunk (lambda (k . args) args)))
(define (list . l) l)
(define-syntax-rule (errors e) (try (lambda () e)))
(define (iota n) (let loop ((i (- n 1)) (l '())) (if (< i 0) l (loop (- i 1) (cons i l)))))
(define (map f l) (if (null? l) '() (cons (f (car l)) (map f (cdr l)))))
";

fn engine() -> Engine {
    let mut engine = Engine::new();
    crate::expand::install(&mut engine);
    crate::natives::load::install(&mut engine);
    engine.eval_text(PRELUDE).map_err(|exit| describe(&engine, &exit)).expect("the prelude works");
    engine
}

fn describe(engine: &Engine, exit: &Exit) -> String {
    match exit {
        Exit::Error { key, message, args, .. } => format!(
            "{} {} {}",
            crate::printer::written(engine, *key),
            crate::printer::written(engine, *message),
            crate::printer::written(engine, *args)
        ),
        other => format!("{other:?}"),
    }
}

fn run(stress: bool, program: &str) -> String {
    let mut engine = engine();
    engine.heap.set_stress(stress.then_some(0));
    match engine.eval_text(program) {
        Ok(value) => crate::printer::written(&engine, value),
        Err(exit) => describe(&engine, &exit),
    }
}

#[track_caller]
fn check(program: &str, expected: &str) {
    assert_eq!(run(false, program), expected);
    assert_eq!(run(true, program), expected, "with a collection at every safe point");
}

#[test]
fn tail_calls_need_no_stack() {
    let program = "(define (even n) (if (eq? n 0) #t (odd (- n 1))))
                   (define (odd n) (if (eq? n 0) #f (even (- n 1))))
                   (even 10000000)";
    assert_eq!(run(false, program), "#t");
    let program = "(define (count n) (let loop ((i 0)) (if (< i n) (loop (+ i 1)) i)))
                   (count 10000000)";
    assert_eq!(run(false, program), "10000000");
}

#[test]
fn recursion_may_be_deep() {
    let program = "(define (sum n) (if (eq? n 0) 0 (+ n (sum (- n 1))))) (sum 2000000)";
    assert_eq!(run(false, program), "2000001000000");
}

#[test]
fn endless_recursion_is_an_error_that_can_be_handled() {
    let program = "(define (f n) (+ 1 (f n)))
                   (define (once) (car (try (lambda () (f 1)))))
                   (list (once) (once))";
    assert_eq!(run(false, program), "(stack-overflow stack-overflow)");
}

#[test]
fn closures_hold_variables_and_share_assigned_ones() {
    check(
        "(define (counter) (let ((n 0)) (list (lambda () (set! n (+ n 1)) n) (lambda () n))))
         (let* ((c (counter)) (up (car c)) (get (cadr c)))
           (up) (up) (list (up) (get)))",
        "(3 3)",
    );
    check("(((lambda (x) (lambda (y) (+ x y))) 1) 2)", "3");
    check(
        "(define (adders l) (map (lambda (n) (lambda (x) (+ x n))) l))
         (map (lambda (f) (f 10)) (adders '(1 2 3)))",
        "(11 12 13)",
    );
}

#[test]
fn loops_make_fresh_variables() {
    check(
        "(define fs (let loop ((i 0) (l '()))
                      (if (< i 3) (loop (+ i 1) (cons (lambda () i) l)) l)))
         (map (lambda (f) (f)) fs)",
        "(2 1 0)",
    );
    check(
        "(define fs (let loop ((i 0) (l '()))
                      (if (< i 3)
                          (loop (+ i 1) (cons (lambda () (set! i (+ i 10)) i) l))
                          l)))
         (map (lambda (f) (f) (f)) fs)",
        "(22 21 20)",
    );
    check("(let loop ((a 1) (b 2) (n 3)) (if (eq? n 0) (list a b) (loop b a (- n 1))))", "(2 1)");
    check(
        "(let outer ((i 0) (l '()))
           (if (eq? i 3) l
               (let inner ((j 0) (l l))
                 (if (eq? j i) (outer (+ i 1) l) (inner (+ j 1) (cons (list i j) l))))))",
        "((2 1) (2 0) (1 0))",
    );
}

#[test]
fn letrec_in_all_its_shapes() {
    check(
        "(define (f n)
           (define (even n) (if (eq? n 0) #t (odd (- n 1))))
           (define (odd n) (if (eq? n 0) #f (even (- n 1))))
           (list (even n) (odd n)))
         (f 7)",
        "(#f #t)",
    );
    check(
        "(define (f n)
           (define m (+ n 1))
           (define (g x) (if (eq? x 0) m (+ 1 (h (- x 1)))))
           (define (h x) (if (eq? x 0) n (+ 1 (g (- x 1)))))
           (define l (list (g 3) (h 3) (map g '(0 1))))
           l)
         (f 10)",
        "(13 14 (11 11))",
    );
    check("(car (errors (letrec* ((a (list b)) (b (list a))) a)))", "unbound-variable");
    check("(letrec* ((a 1) (f (lambda () (+ a b))) (b 2)) (f))", "3");
    check("(letrec ((a (lambda () (b))) (b (lambda () c)) (c 5)) (set! c 6) (a))", "6");
}

#[test]
fn arguments_of_all_kinds() {
    check("((lambda* (a #:optional (b (+ a 1)) #:rest c) (list a b c)) 1)", "(1 2 ())");
    check("((lambda* (a #:optional (b (+ a 1)) #:rest c) (list a b c)) 1 5 6 7)", "(1 5 (6 7))");
    check("((lambda* (a #:key (b 2) (c (+ a b))) (list a b c)) 1 #:c 5)", "(1 2 5)");
    check("((lambda* (a #:key (b 2) (c (+ a b))) (list a b c)) 1 #:b 5)", "(1 5 6)");
    check(
        "((lambda* (a #:optional c #:key b #:rest r) (list a b c r)) 1 #:b 3)",
        "(1 3 #f (#:b 3))",
    );
    check(
        "((lambda* (a #:optional c #:key b #:rest r) (list a b c r)) 1 2 #:b 3)",
        "(1 3 2 (#:b 3))",
    );
    check(
        "((lambda* (a #:optional c #:key b #:rest r) (list a b c r)) 1 2 3 #:b 3)",
        "(1 3 2 (3 #:b 3))",
    );
    check(
        "(define f (case-lambda ((a) (list 'one a)) ((a b) (list 'two a b)) ((a . r) (list 'many r))))
         (list (f 1) (f 1 2) (f 1 2 3))",
        "((one 1) (two 1 2) (many (2 3)))",
    );
    check(
        "(define* (f a #:key b . c) b) (cadr (try (lambda () (f 1 #:c 2))))",
        "#<procedure f (a #:key b . c)>",
    );
    check("(caddr (try (lambda () ((lambda* (#:key b) b) #:c 2))))", "\"Unrecognized keyword\"");
    check("(caddr (try (lambda () ((lambda* (#:key b) b) 2))))", "\"Invalid keyword\"");
    check(
        "(caddr (try (lambda () ((lambda* (#:key b) b) #:b))))",
        "\"Keyword argument has no value\"",
    );
    check("((lambda* (#:key b #:allow-other-keys) b) #:c 2 #:b 1)", "1");
    check("(car (try (lambda () ((lambda (x) x)))))", "wrong-number-of-args");
    check("(car (try (lambda () (car 1 2))))", "wrong-number-of-args");
}

#[test]
fn calling_what_is_no_procedure() {
    check(
        "(errors (\"notproc\" 1))",
        "(wrong-type-arg #f \"Wrong type to apply: ~S\" (\"notproc\") (\"notproc\"))",
    );
    check("(+ 1 (call-with-prompt 'error (lambda () (+ 1 (5))) (lambda (k . args) 10)))", "11");
}

#[test]
fn errors_of_instructions() {
    check(
        "(errors (+ 1 (car 5)))",
        "(wrong-type-arg \"car\" \"Wrong type argument in position 1 (expecting pair): ~S\" (5) (5))",
    );
    check("(car (errors (+ 'a 1)))", "wrong-type-arg");
    check("(car (errors (vector-ref (vector 1 2) 10)))", "out-of-range");
    check("(car (errors (let loop ((i 0)) (if (< i 'a) (loop 1) 2))))", "wrong-type-arg");
    check(
        "(errors unknown-thing)",
        "(unbound-variable #f \"Unbound variable: ~S\" (unknown-thing) #f)",
    );
    check(
        "(errors (set! unknown-thing 1))",
        "(unbound-variable #f \"Unbound variable: ~S\" (unknown-thing) #f)",
    );
}

#[test]
fn arithmetic_leaves_fixnums_when_it_must() {
    check("(+ 2305843009213693951 1)", "2305843009213693952");
    check("(- -2305843009213693952 1)", "-2305843009213693953");
    check("(* 2305843009213693951 2)", "4611686018427387902");
    check("(+ 1.5 2.25)", "3.75");
    check(
        "(list (< 1 2 3) (< 1.5 2) (= 1 1.0) (quotient 7 2) (modulo -7 2) (remainder -7 2))",
        "(#t #t #t 3 1 -1)",
    );
    check(
        "(define (f x) (list (> x 3) (< 3 x) (>= x 3) (<= x 3) (= x 3))) (list (f 3) (f 4) (f 2.5))",
        "((#f #f #t #t #t) (#t #t #t #f #f) (#f #f #f #t #f))",
    );
}

#[test]
fn multiple_values() {
    check("(call-with-values (lambda () (values 1 2)) list)", "(1 2)");
    check("(call-with-values (lambda () (values)) list)", "()");
    check("(call-with-values (lambda () 1) list)", "(1)");
    check("(call-with-values (lambda () (values 1 2 3)) (lambda (a . b) (list a b)))", "(1 (2 3))");
    check(
        "(define (two) (values 1 2))
         (call-with-values two (lambda (a b) (set! a (+ a 1)) (list a b)))",
        "(2 2)",
    );
    check("(define (two) (values 1 2)) (+ 1 (two))", "2");
    check("(define (none) (values)) (begin (none) 3)", "3");
    check("(define (none) (values)) (car (errors (+ 1 (none))))", "misc-error");
    check(
        "(define (f x) (if x (values 1 2) 3))
         (define (g x) (call-with-values (lambda () (f x)) (lambda l l)))
         (list (g #t) (g #f))",
        "((1 2) (3))",
    );
    check(
        "(car (errors (call-with-values (lambda () (values 1 2)) (lambda (a) a))))",
        "wrong-number-of-args",
    );
}

#[test]
fn apply_spreads_long_lists() {
    assert_eq!(run(false, "(apply + (iota 100000))"), "4999950000");
    check("(apply list 1 2 '(3 4))", "(1 2 3 4)");
    check("(define (f) (apply list 1 '())) (f)", "(1)");
    check("(define a apply) (a + 1 2 '(3))", "6");
    check("(+ 1 (apply apply (list + 1 2 '(3))))", "7");
    check(
        "(errors (apply list 1))",
        "(wrong-type-arg \"apply\" \"Apply to non-list: ~S\" (1) (1))",
    );
}

#[test]
fn prompts_and_partial_continuations() {
    check(
        "(call-with-prompt 'p (lambda () (+ 1 (abort-to-prompt 'p 5))) (lambda (k v) (k (* v 2))))",
        "11",
    );
    check(
        "(define k2 #f)
         (define r (call-with-prompt 'p (lambda () (list 'x (abort-to-prompt 'p)))
                                     (lambda (k) (set! k2 k) 'first)))
         (list r (k2 1) (k2 2) (list (k2 3)))",
        "(first (x 1) (x 2) ((x 3)))",
    );
    check("(call-with-prompt 'p (lambda () (values 1 2)) list)", "1");
    check(
        "(call-with-values (lambda () (call-with-prompt 'p (lambda () (values 1 2)) list)) list)",
        "(1 2)",
    );
    check(
        "(call-with-values
           (lambda () (call-with-prompt 'p (lambda () (abort-to-prompt 'p))
                        (lambda (k) (k 1 2 3))))
           list)",
        "(1 2 3)",
    );
    check(
        "(errors (abort-to-prompt 'none 1))",
        "(misc-error \"abort\" \"Abort to unknown prompt\" (none) #f)",
    );
    // A generator: each value comes out through an abort, and the rest goes on later.
    check(
        "(define (generator l)
           (define next (lambda () (let loop ((l l)) (if (null? l) 'done
                          (begin (abort-to-prompt 'yield (car l)) (loop (cdr l)))))))
           (lambda () (call-with-prompt 'yield next
                        (lambda (k v) (set! next (lambda () (k #f))) v))))
         (define g (generator '(1 2 3)))
         (let* ((a (g)) (b (g)) (c (g)) (d (g)) (e (g))) (list a b c d))",
        "(1 2 3 done)",
    );
    // An inner prompt is part of the outer one's continuation.
    check(
        "(define (f k v) (k v))
         (call-with-prompt 'a
           (lambda ()
             (list (call-with-prompt 'b
                     (lambda () (list (abort-to-prompt 'a 1) (abort-to-prompt 'b 2)))
                     (lambda (k v) (list 'b v)))))
           f)",
        "((b 2))",
    );
}

#[test]
fn deep_partial_continuations() {
    check(
        "(define (deep n) (if (eq? n 0) (abort-to-prompt 'p) (+ 1 (deep (- n 1)))))
         (call-with-prompt 'p (lambda () (deep 100)) (lambda (k) (+ (k 1) (k 2))))",
        "203",
    );
}

#[test]
fn full_continuations_can_be_entered_again() {
    check("(+ 1 (call/cc (lambda (k) (+ 10 (k 1)))))", "2");
    check(
        "(define k #f)
         (define n 0)
         (define (f)
           (let ((v (call/cc (lambda (c) (set! k c) 0))))
             (set! n (+ n 1))
             (if (< v 3) (k (+ v 1)) (list v n))))
         (f)",
        "(3 4)",
    );
    check("(call-with-values (lambda () (call/cc (lambda (k) (k 1 2)))) list)", "(1 2)");
    check(
        "(define r '())
         (define (f) (let ((x (call/cc (lambda (k) (cons k 0)))))
                       (set! r (cons (cdr x) r))
                       (if (< (cdr x) 3) ((car x) (cons (car x) (+ 1 (cdr x)))) r)))
         (f)",
        "(3 2 1 0)",
    );
}

#[test]
fn winds_are_left_and_entered() {
    let log = "(define log '()) (define (note x) (set! log (cons x log)))";
    check(
        &format!(
            "{log} (define r (dynamic-wind (lambda () (note 'in)) (lambda () 'v) (lambda () (note 'out))))
             (list r log)"
        ),
        "(v (out in))",
    );
    check(
        &format!(
            "{log} (call-with-prompt 'p
               (lambda () (dynamic-wind (lambda () (note 'in))
                            (lambda () (abort-to-prompt 'p))
                            (lambda () (note 'out))))
               (lambda (k) (note 'handler)))
             log"
        ),
        "(handler out in)",
    );
    check(
        &format!(
            "{log} (define k2 (call-with-prompt 'p
               (lambda () (dynamic-wind (lambda () (note 'in))
                            (lambda () (note (abort-to-prompt 'p)) 'end)
                            (lambda () (note 'out))))
               (lambda (k) k)))
             (let* ((a (k2 1)) (b (k2 2))) (list a b log))"
        ),
        "(end end (out 2 in out 1 in out in))",
    );
    check(
        &format!(
            "{log} (define k #f)
             (define n 0)
             (define (f)
               (dynamic-wind (lambda () (note 'in))
                 (lambda () (dynamic-wind (lambda () (note 'in2))
                   (lambda () (call/cc (lambda (c) (set! k c))) (note 'body))
                   (lambda () (note 'out2))))
                 (lambda () (note 'out)))
               (set! n (+ n 1))
               (if (< n 3) (k #f) log))
             (f)"
        ),
        "(out out2 body in2 in out out2 body in2 in out out2 body in2 in)",
    );
    // Leaving in the middle of leaving.
    check(
        &format!(
            "{log} (call-with-prompt 'a
               (lambda ()
                 (call-with-prompt 'b
                   (lambda () (dynamic-wind (lambda () #f) (lambda () (abort-to-prompt 'b))
                                (lambda () (note 'out) (abort-to-prompt 'a))))
                   (lambda (k) (note 'never))))
               (lambda (k) (note 'a)))
             log"
        ),
        "(a out)",
    );
}

#[test]
fn fluids_follow_the_dynamic_extent() {
    check(
        "(define f (make-fluid 1))
         (list (fluid-ref f) (with-fluid* f 2 (lambda () (fluid-ref f))) (fluid-ref f))",
        "(1 2 1)",
    );
    check(
        "(define f (make-fluid 1)) (define g (make-fluid 'a))
         (with-fluids ((f 2) (g (fluid-ref f))) (list (fluid-ref f) (fluid-ref g)))",
        "(2 1)",
    );
    check(
        "(define f (make-fluid 1))
         (define k (call-with-prompt 'p
           (lambda () (with-fluid* f 2 (lambda () (abort-to-prompt 'p)
                                          (fluid-set! f (+ 1 (fluid-ref f))) (fluid-ref f))))
           (lambda (k) k)))
         (let* ((a (fluid-ref f)) (b (k)) (c (fluid-ref f)) (d (k))) (list a b c d))",
        "(1 3 1 3)",
    );
    check(
        "(define f (make-fluid 1))
         (define s (with-fluid* f 5 (lambda () (current-dynamic-state))))
         (list (fluid-ref f) (with-dynamic-state s (lambda () (fluid-ref f))) (fluid-ref f))",
        "(1 5 1)",
    );
    check("(define p (%make-parameter (make-fluid 3) #f)) (list (p) (begin (p 4) (p)))", "(3 4)");
    check(
        "(define p (%make-parameter (make-fluid 3) (lambda (x) (+ x 1)))) (list (p) (p 4) (p))",
        "(3 3 5)",
    );
}

#[test]
fn nested_runs_can_be_left() {
    // `primitive-eval` runs its form in a run of its own.
    check("(+ 1 (primitive-eval '(+ 1 1)))", "3");
    check(
        "(call-with-prompt 'p (lambda () (+ 1 (primitive-eval '(+ 1 (abort-to-prompt 'p 5)))))
                           (lambda (k v) (list v)))",
        "(5)",
    );
    check(
        "(define k #f) (+ 1 (call/cc (lambda (c) (set! k c) (primitive-eval '(+ 1 (k 1))))))",
        "2",
    );
    check("(car (errors (primitive-eval '(car 1))))", "wrong-type-arg");
    check(
        "(define log '()) (define (note x) (set! log (cons x log)))
         (call-with-prompt 'p
           (lambda ()
             (dynamic-wind (lambda () (note 'in))
               (lambda () (primitive-eval
                 '(dynamic-wind (lambda () (note 'in2)) (lambda () (abort-to-prompt 'p)) (lambda () (note 'out2)))))
               (lambda () (note 'out))))
           (lambda (k) (note 'handler)))
         log",
        "(handler out out2 in2 in)",
    );
}

#[test]
fn an_error_before_there_is_a_handler_comes_out() {
    let mut engine = Engine::new();
    crate::expand::install(&mut engine);
    let result = engine.eval_text("(car 1)");
    assert!(matches!(result.map_err(|e| *e), Err(Exit::Error { .. })));
    // The engine is good for more.
    let value = engine.eval_text("(+ 1 2)").expect("works");
    assert_eq!(value.as_fixnum(), Some(3));
}

#[test]
fn tests_in_conditions() {
    check(
        "(define (f x) (if (and (pair? x) (not (null? (cdr x))) (or (eq? (car x) 'a) (eq? (car x) 1))) 'yes 'no))
         (map f '((a b) (1 2) (c d) (a) 5))",
        "(yes yes no no no)",
    );
    check(
        "(define (f x) (let ((y (or (pair? x) (vector? x)))) (if y 1 2))) (list (f '(1)) (f 3))",
        "(1 2)",
    );
    check(
        "(map (lambda (x) (case x ((1 2) 'low) ((a) 'sym) ((#\\c) 'char) (else 'other))) '(1 a #\\c 9))",
        "(low sym char other)",
    );
}

#[test]
fn interrupts_stop_loops_and_tail_calls() {
    for program in
        ["(let loop () (loop))", "(letrec ((f (lambda () (g))) (g (lambda () (f)))) (f))"]
    {
        let mut engine = engine();
        let flag = engine.machine.interrupt_flag();
        std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(500));
            flag.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        let value = engine.eval_text(&format!("(car (try (lambda () {program})))"));
        let text = value.map(|v| crate::printer::written(&engine, v)).unwrap_or_default();
        assert_eq!(text, "signal");
    }
}

#[test]
fn local_loops_are_jumps_without_closures() {
    let mut engine = engine();
    let program = "(lambda (n) (let loop ((i 0) (l '()))
                     (define (next) (+ i 1))
                     (if (< i n) (loop (next) (cons i l)) l)))";
    let procedure = engine.eval_text(program).expect("works");
    let text = listing(&engine.heap, procedure);
    assert!(text.contains("JumpBack"), "{text}");
    assert!(!text.contains("Closure") && !text.contains("Call"), "{text}");
}

/// A listing of a code object's instructions.
fn listing(heap: &Heap, closure: Value) -> String {
    let Some(code) = heap.closure_code(closure) else { return String::new() };
    let mut text = String::new();
    for (index, &w) in code.instructions().iter().enumerate() {
        let name = Op::ALL.get(usize::from(w as u8)).map_or("?".into(), |op| format!("{op:?}"));
        let (a, b, c) = (op::a(w), op::b(w), op::c_signed(w));
        text.push_str(&format!("{index:4} {name} {a} {b} {c}\n"));
    }
    text
}
