;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Pattern matching: a small evaluator of expressions.
(define-module (suite match) #:use-module (ice-9 match))
(define (evaluate exp env)
  (match exp
    ((? number? n) n)
    ((? symbol? name) (assq-ref env name))
    (('let (((? symbol? names) values) ...) body)
     (evaluate body (append (map cons names (map (lambda (v) (evaluate v env)) values)) env)))
    (('if test then else) (if (zero? (evaluate test env)) (evaluate else env) (evaluate then env)))
    (('+ args ...) (apply + (map (lambda (a) (evaluate a env)) args)))
    (('* a b) (* (evaluate a env) (evaluate b env)))
    (('- a . rest) (apply - (evaluate a env) (map (lambda (a) (evaluate a env)) rest)))
    (#(a b) (evaluate (list '+ a b) env))
    ((or ('not x) ('! x)) (if (zero? (evaluate x env)) 1 0))
    (_ (error "not an expression" exp))))
(define program
  '(let ((x 3) (y 4)) (if (- x 3) 0 (let ((z (* x y))) (+ z x y (! 0) (not z) #(x z) (- z 1 2) (- x))))))
(define (kernel)
  (let loop ((i 0) (sum 0)) (if (= i 1500) sum (loop (+ i 1) (+ sum (evaluate program '()))))))
(write (kernel))
(newline)
