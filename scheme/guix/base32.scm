;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The base-32 notation of hashes.

(define-module (guix base32)
  #:use-module (fruix core)
  #:export (bytevector->nix-base32-string nix-base32-string->bytevector))

(define (bytevector->nix-base32-string bv)
  "BV in the base-32 notation that Nix and Guix use."
  (core-base32-encode bv))

(define (nix-base32-string->bytevector str)
  "What STR, in the base-32 notation that Nix and Guix use, stands for."
  (core-base32-decode str))
