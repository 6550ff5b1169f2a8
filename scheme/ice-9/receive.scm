;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; receive: bind multiple values.

(define-module (ice-9 receive)
  #:export (receive))

(cond-expand-provide (current-module) '(srfi-8))

(define-syntax-rule (receive formals expr body ...)
  (call-with-values (lambda () expr) (lambda formals body ...)))
