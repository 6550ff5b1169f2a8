;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Guile's extensions of SRFI-9: printers, immutable records, functional update of nested fields.

(define-module (srfi srfi-9 gnu)
  #:export (set-record-type-printer! define-immutable-record-type set-field set-fields))

(define (set-record-type-printer! type proc)
  "Let PROC, of a record and a port, print the records of TYPE."
  (struct-set! type vtable-index-printer proc))

(define-syntax-rule (define-immutable-record-type name ctor pred field ...)
  ((@@ (srfi srfi-9) %define-record-type)
   #t (define-immutable-record-type name ctor pred field ...)
   name ctor pred field ...))

(define-syntax-rule (set-field s (getter ...) expr)
  ((@@ (srfi srfi-9) update) (set-field s (getter ...) expr) () s ((getter ...) expr)))

(define-syntax-rule (set-fields s spec ...)
  ((@@ (srfi srfi-9) update) (set-fields s spec ...) () s spec ...))
