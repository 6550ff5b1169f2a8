;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-88: keyword objects.  The reader option is not switched.

(define-module (srfi srfi-88)
  #:re-export (keyword?)
  #:export (keyword->string string->keyword))

(cond-expand-provide (current-module) '(srfi-88))

(define (keyword->string k)
  "Return the name of the keyword K."
  (symbol->string (keyword->symbol k)))

(define (string->keyword s)
  "Return the keyword named S."
  (symbol->keyword (string->symbol s)))
