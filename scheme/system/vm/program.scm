;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Compiled procedures of Guile's machine.  Its procedures are not written yet, so that what
;;; imports them loads, and fails where it calls them.

(define-module (system vm program)
  #:export (arity:allow-other-keys? arity:end arity:kw arity:nopt arity:nreq arity:rest?
            arity:start primitive-code-name primitive-code? print-program program-address-range
            program-arguments-alist program-arguments-alists program-arity program-code
            program-free-variable-ref program-free-variable-set! program-free-variables
            program-lambda-list program-num-free-variables program-source program-sources
            program-sources-pre-retire program? source:addr source:column source:file
            source:line source:line-for-user program-arities))

(define (not-yet name)
  (lambda args
    (scm-error 'misc-error (symbol->string name) "not there yet in fruix" '() #f)))

(define-syntax-rule (define-not-yet name ...)
  (begin (define name (not-yet 'name)) ...))

(define-not-yet
  arity:allow-other-keys? arity:end arity:kw arity:nopt arity:nreq arity:rest? arity:start
  primitive-code-name primitive-code? print-program program-address-range
  program-arguments-alist program-arguments-alists program-arity program-code
  program-free-variable-ref program-free-variable-set! program-free-variables
  program-lambda-list program-num-free-variables program-source program-sources
  program-sources-pre-retire program? source:addr source:column source:file source:line
  source:line-for-user)
(define program-arities #f)
