;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-31: rec.

(define-module (srfi srfi-31)
  #:export (rec))

(cond-expand-provide (current-module) '(srfi-31))

(define-syntax rec
  (syntax-rules ()
    ((_ (name . formals) body ...) (letrec ((name (lambda formals body ...))) name))
    ((_ name expr) (letrec ((name expr)) name))))
