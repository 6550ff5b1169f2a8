;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Base-16 notation of bytevectors, with the interface of Guile-Gcrypt.

(define-module (gcrypt base16)
  #:use-module (fruix bindings hash)
  #:export (bytevector->base16-string base16-string->bytevector))

(define (bytevector->base16-string bv)
  "Return the digits of BV, in lower case."
  (base16-encode bv))

(define (base16-string->bytevector text)
  "Return the bytevector of which TEXT gives the digits."
  (base16-decode text))
