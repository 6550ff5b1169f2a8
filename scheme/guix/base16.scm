;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Hexadecimal notation of bytevectors.

(define-module (guix base16)
  #:use-module (fruix core)
  #:export (bytevector->base16-string base16-string->bytevector))

(define (bytevector->base16-string bv)
  (core-base16-encode bv))

(define (base16-string->bytevector str)
  (core-base16-decode str))
