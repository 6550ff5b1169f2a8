;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Transformation of SXML.  Its procedures are not written yet, so that what imports them loads,
;;; and fails where it calls them.

(define-module (sxml transform)
  #:export (SRV:send-reply foldts post-order pre-post-order replace-range))

(define (not-yet name)
  (lambda args
    (scm-error 'misc-error (symbol->string name) "not there yet in fruix" '() #f)))

(define-syntax-rule (define-not-yet name ...)
  (begin (define name (not-yet 'name)) ...))

(define-not-yet
  SRV:send-reply foldts post-order pre-post-order replace-range)
