;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Frames of Guile's machine.  Its procedures are not written yet, so that what imports them loads,
;;; and fails where it calls them.

(define-module (system vm frame)
  #:export (binding-ref binding-set! frame-bindings frame-call-representation frame-environment
            frame-lookup-binding frame-object-binding frame-object-name frame-return-values
            binding-index binding-name binding-representation binding-slot))

(define (not-yet name)
  (lambda args
    (scm-error 'misc-error (symbol->string name) "not there yet in fruix" '() #f)))

(define-syntax-rule (define-not-yet name ...)
  (begin (define name (not-yet 'name)) ...))

(define-not-yet
  binding-ref binding-set! frame-bindings frame-call-representation frame-environment
  frame-lookup-binding frame-object-binding frame-object-name frame-return-values)

(define-syntax-rule (binding-index . args)
  ((not-yet 'binding-index)))

(define-syntax-rule (binding-name . args)
  ((not-yet 'binding-name)))

(define-syntax-rule (binding-representation . args)
  ((not-yet 'binding-representation)))

(define-syntax-rule (binding-slot . args)
  ((not-yet 'binding-slot)))
