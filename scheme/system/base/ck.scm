;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; A macro machine: macros written as (m S arg ...), whose arguments are expanded first.

(define-module (system base ck)
  #:export (ck))

(define-syntax ck
  ;; (ck STACK FORM): FORM is a quoted value or a use of a macro.  A frame of STACK is ((OP DONE ...)
  ;; NEXT ...), the arguments that are expanded already and those that come after FORM.
  (syntax-rules (quote)
    ((_ () 'value) value)
    ((_ (((op done ...) next ...) . stack) 'value)
     (ck-arguments stack (op done ... 'value) next ...))
    ((_ stack (op arg ...))
     (ck-arguments stack (op) arg ...))))

(define-syntax ck-arguments
  (syntax-rules (quote)
    ((_ stack (op done ...))
     (op stack done ...))
    ((_ stack (op done ...) 'value next ...)
     (ck-arguments stack (op done ... 'value) next ...))
    ((_ stack (op done ...) form next ...)
     (ck (((op done ...) next ...) . stack) form))))
