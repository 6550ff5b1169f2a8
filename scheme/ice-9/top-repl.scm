;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; The top of the REPL.

(define-module (ice-9 top-repl)
  #:use-module ((system repl repl) #:select (start-repl))
  #:export (top-repl call-with-sigint))

(define (top-repl)
  "Start a REPL."
  (start-repl))

(define (call-with-sigint thunk)
  "Call THUNK."
  (thunk))
