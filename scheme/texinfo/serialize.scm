;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Texinfo written out.  Its procedures are not written yet, so that what imports them loads, and
;;; fails where it calls them.

(define-module (texinfo serialize)
  #:export (stexi->texi))

(define (not-yet name)
  (lambda args
    (scm-error 'misc-error (symbol->string name) "not there yet in fruix" '() #f)))

(define-syntax-rule (define-not-yet name ...)
  (begin (define name (not-yet 'name)) ...))

(define-not-yet
  stexi->texi)
