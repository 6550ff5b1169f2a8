;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Exceptions: catch and throw, guard, handlers, errors of natives.
(define-module (suite exceptions) #:use-module (srfi srfi-34) #:use-module (srfi srfi-35))
(define-condition-type &trouble &error trouble? (reason trouble-reason))
(define (kernel)
  (let loop ((i 0) (sum 0))
    (if (= i 500)
        sum
        (loop (+ i 1)
              (+ sum
                 (catch 'key (lambda () (throw 'key i)) (lambda (key n) n))
                 (guard (c ((trouble? c) (trouble-reason c))) (raise (condition (&trouble (reason i)))))
                 (guard (c ((symbol? c) 1) ((string? c) 2)) (raise "text"))
                 (with-exception-handler (lambda (c) 3) (lambda () (raise-exception 'x #:continuable? #t)))
                 (catch #t (lambda () (car i)) (lambda (key . args) 4))
                 (catch 'misc-error (lambda () (error "no" i)) (lambda (key . args) (length args)))
                 (catch #t (lambda () 5) (lambda args 0)))))))
(write (kernel))
(newline)
