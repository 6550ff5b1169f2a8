;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Definitions of procedures that return procedures: (define ((f x) y) ...).

(define-module (ice-9 curried-definitions)
  #:replace ((cdefine . define) (cdefine* . define*) define-public)
  #:export (define*-public))

(define-syntax cdefine
  (syntax-rules ()
    ((_ ((head . inner) . formals) body ...)
     (cdefine (head . inner) (lambda formals body ...)))
    ((_ (name . formals) body ...)
     (define (name . formals) body ...))
    ((_ name value)
     (define name value))
    ((_ name)
     (define name))))

(define-syntax cdefine*
  (syntax-rules ()
    ((_ ((head . inner) . formals) body ...)
     (cdefine* (head . inner) (lambda* formals body ...)))
    ((_ (name . formals) body ...)
     (define* (name . formals) body ...))
    ((_ name value)
     (define name value))))

(define-syntax define-public
  (syntax-rules ()
    ((_ (head . formals) body ...)
     (define-public head (lambda formals body ...)))
    ((_ name value)
     (begin (define name value)
            (export name)))))

(define-syntax define*-public
  (syntax-rules ()
    ((_ (head . formals) body ...)
     (define*-public head (lambda* formals body ...)))
    ((_ name value)
     (begin (define name value)
            (export name)))))
