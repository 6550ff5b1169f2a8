;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Texinfo as plain text.  Its procedures are not written yet, so that what imports them loads, and
;;; fails where it calls them.

(define-module (texinfo plain-text)
  #:export (stexi->plain-text *line-width*))

(define (not-yet name)
  (lambda args
    (scm-error 'misc-error (symbol->string name) "not there yet in fruix" '() #f)))

(define-syntax-rule (define-not-yet name ...)
  (begin (define name (not-yet 'name)) ...))

(define-not-yet
  stexi->plain-text)
(define *line-width* (make-fluid 72))
