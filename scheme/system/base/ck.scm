;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; A macro machine: macros written as (m S arg ...), whose arguments are expanded first.

(define-module (system base ck)
  #:export (ck))

(define-syntax ck
  ;; (ck STACK FORM): FORM is a quoted value or a macro use; STACK holds what waits, as (OP (ARG ...)
  ;; QUOTED ...) frames.
  (syntax-rules (quote)
    ((_ () 'value) value)
    ((_ ((op (done ...) next ...) . stack) 'value)
     (ck-arg stack (op done ... 'value) next ...))
    ((_ stack (op arg ...))
     (ck-arg stack (op) arg ...))))

(define-syntax ck-arg
  (syntax-rules (quote)
    ((_ stack (op done ...))
     (op stack done ...))
    ((_ stack (op done ...) 'value next ...)
     (ck-arg stack (op done ... 'value) next ...))
    ((_ stack (op done ...) form next ...)
     (ck ((op (done ...) next ...) . stack) form))))
