;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Foreign libraries.  Its procedures are not written yet, so that what imports them loads, and
;;; fails where it calls them.

(define-module (system foreign-library)
  #:export (foreign-library-function foreign-library-pointer guile-extensions-path
            guile-system-extensions-path lib->cyg lib->msys load-foreign-library
            ltdl-library-path foreign-library?))

(define (not-yet name)
  (lambda args
    (scm-error 'misc-error (symbol->string name) "not there yet in fruix" '() #f)))

(define-syntax-rule (define-not-yet name ...)
  (begin (define name (not-yet 'name)) ...))

(define-not-yet
  foreign-library-function foreign-library-pointer guile-extensions-path
  guile-system-extensions-path lib->cyg lib->msys load-foreign-library ltdl-library-path)

(define-syntax-rule (foreign-library? . args)
  ((not-yet 'foreign-library?)))
