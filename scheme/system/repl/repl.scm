;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; The read-eval-print loop is the program's own.

(define-module (system repl repl)
  #:export (start-repl run-repl))

(define (start-repl . args)
  "Do nothing."
  #f)

(define (run-repl . args)
  "Do nothing."
  #f)
