;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Long options.  Its procedures are not written yet, so that what imports them loads, and fails
;;; where it calls them.

(define-module (ice-9 getopt-long)
  #:export (getopt-long option-ref))

(define (not-yet name)
  (lambda args
    (scm-error 'misc-error (symbol->string name) "not there yet in fruix" '() #f)))

(define-syntax-rule (define-not-yet name ...)
  (begin (define name (not-yet 'name)) ...))

(define-not-yet
  getopt-long option-ref)
