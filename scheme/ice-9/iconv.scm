;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Strings in other encodings.

(define-module (ice-9 iconv)
  #:use-module (fruix native)
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 textual-ports)
  #:export (bytevector->string call-with-encoded-output-string string->bytevector))

(define* (string->bytevector str encoding #:optional (strategy 'error))
  "Return STR encoded in ENCODING; STRATEGY says what to do with what cannot be: error, substitute or escape."
  (%string->encoding str encoding strategy))

(define* (bytevector->string bv encoding #:optional (strategy 'error))
  "Return BV decoded from ENCODING; STRATEGY says what to do with what cannot be: error or substitute."
  (%encoding->string bv encoding strategy))

(define* (call-with-encoded-output-string encoding proc #:optional (strategy 'error))
  "Call PROC with a textual port; return what it writes, encoded in ENCODING."
  (string->bytevector (call-with-output-string proc) encoding strategy))
