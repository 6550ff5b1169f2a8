// SPDX-License-Identifier: GPL-3.0-or-later

use super::*;

fn fault_of(text: &str) -> Box<Report> {
    let mut engine = Engine::with_library().expect("the library boots");
    let text = engine.heap.string(text);
    let eval = engine.guile_value("%eval-text").expect("a native");
    engine.run_reporting(eval, &[text]).expect_err("the program fails")
}

fn sentence(text: &str) -> String {
    fault_of(text).to_string()
}

#[test]
fn each_kind_of_error_has_its_sentence() {
    let cases = [
        ("(define (f) (+ 1 (hallo 2)))\n (f)", "1:18: unbound variable: hallo"),
        ("((lambda* (x #:optional y) x))", "1:1: wrong number of arguments to"),
        ("(define (f x) x)\n(list (f))", "2:7: wrong number of arguments to f, which takes (x)"),
        ("(list (car 1))", "1:7: car: wrong type of argument 1"),
        ("(list (1 2))", "1:7: this is not a procedure: 1"),
        ("(list (vector-ref (vector 1) 1))", "1:7: vector-ref:"),
        ("(let ((x)) x)", "1:1: let: bad let in form (let ((x)) x)"),
        ("(list\n (if))", "2:2: "),
        ("(use-modules (gnu packages foo))", "1:1: no code for module (gnu packages foo)"),
        ("(use-modules (ice-9 match)) (list (match 3 (4 5)))", "no pattern of `match' takes 3"),
        ("(error \"cannot do:\" 'this \"and\" 3)", "1:1: cannot do: this \"and\" 3"),
        ("(throw 'foo 1 2)", "1:1: uncaught throw to `foo' with (1 2)"),
        ("(raise-exception 42)", "1:1: uncaught object raised: 42"),
        ("(+ 1\n (car '(1 2)", "2:13: unexpected end of input while searching for: )"),
        ("(open-input-file \"/nonexistent\")", "No such file or directory: \"/nonexistent\""),
    ];
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let got = sentence(text);
        if !got.contains(expected) {
            wrong.push(format!("{text}\n  expected {expected}\n  got      {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_open_list_is_reported_where_it_was_opened() {
    let report = fault_of("(define (f)\n  (car '(1 2))\n(define (g) 1)\n");
    let opened = report.opened.expect("known");
    assert_eq!((opened.line, opened.column), (1, 1));
    let report = fault_of("(list\n  (car '(1 2]))\n");
    let opened = report.opened.expect("known");
    assert_eq!((opened.line, opened.column), (2, 9));
}

#[test]
fn names_alike_and_modules_that_have_the_name_are_found() {
    let report = fault_of("(define (hello) 1) (hallo)");
    assert!(matches!(&report.fault, Fault::Unbound { similar, .. } if similar[..] == ["hello"]));
    let report = fault_of("(fold + 0 '(1 2))");
    let Fault::Unbound { modules, .. } = &report.fault else { panic!("{report}") };
    assert!(modules.iter().any(|m| m == "(srfi srfi-1)"), "{modules:?}");
    let report = fault_of("(use-modules (ice-9 mtach))");
    assert!(
        matches!(&report.fault, Fault::NoModule { similar, .. } if similar[0] == "(ice-9 match)")
    );
}

#[test]
fn values_are_abbreviated_even_if_circular() {
    let report = fault_of("(define l (list 1 2)) (set-cdr! (cdr l) l) (list (vector-ref l 0))");
    let Fault::Type { value, .. } = &report.fault else { panic!("{report}") };
    assert!(value.chars().count() == VALUE_MAX + 1, "{value}");
}

#[test]
fn exits_and_handlers_keep_their_meaning() {
    assert_eq!(fault_of("(exit 3)").fault, Fault::Quit(3));
    assert_eq!(fault_of("(exit #f)").fault, Fault::Quit(1));
    assert_eq!(fault_of("(exit #t)").fault, Fault::Quit(0));
    let text = "(catch #t (lambda () (car 1)) (lambda _ (exit 4)))";
    assert_eq!(fault_of(text).fault, Fault::Quit(4));
}

#[test]
fn the_engine_goes_on_after_an_error() {
    let mut engine = Engine::with_library().expect("the library boots");
    let eval = engine.guile_value("%eval-text").expect("a native");
    let bad = "(define p (make-parameter 1)) (parameterize ((p 2)) (dynamic-wind (lambda () #t) (lambda () (car 1)) (lambda () (set! x 5))))";
    for (text, fails) in [("(define x 0)", false), (bad, true), ("(list x (p))", false)] {
        let text = engine.heap.string(text);
        let result = engine.run_reporting(eval, &[text]);
        assert_eq!(result.is_err(), fails);
        if let Ok(values) = result
            && values[0].is_pair()
        {
            assert_eq!(engine.datum_text(values[0]), "(5 1)");
        }
    }
}
