;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Calls: doubly recursive Fibonacci numbers.
(define-module (suite fib))
(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
(define (kernel) (fib 25))
(write (kernel))
(newline)
