;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Base-64 notation of bytevectors.

(define-module (guix base64)
  #:use-module (fruix core)
  #:export (base64-encode base64-decode))

(define (base64-encode bv)
  (core-base64-encode bv))

(define (base64-decode str)
  (core-base64-decode str))
