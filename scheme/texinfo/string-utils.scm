;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Text for Texinfo.  Its procedures are not written yet, so that what imports them loads, and
;;; fails where it calls them.

(define-module (texinfo string-utils)
  #:export (center-string collapse-repeated-chars escape-special-chars expand-tabs fill-string
            left-justify-string make-text-wrapper right-justify-string string->wrapped-lines
            transform-string))

(define (not-yet name)
  (lambda args
    (scm-error 'misc-error (symbol->string name) "not there yet in fruix" '() #f)))

(define-syntax-rule (define-not-yet name ...)
  (begin (define name (not-yet 'name)) ...))

(define-not-yet
  center-string collapse-repeated-chars escape-special-chars expand-tabs fill-string
  left-justify-string make-text-wrapper right-justify-string string->wrapped-lines
  transform-string)
