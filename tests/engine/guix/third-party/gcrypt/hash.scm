;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Stands in for guile-gcrypt, so that modules which import it can be loaded without the C library.

(define-module (gcrypt hash)
  #:export (hash-algorithm lookup-hash-algorithm hash-algorithm-name hash-size bytevector-hash
            port-hash open-hash-port open-hash-input-port file-hash sha256 port-sha256
            open-sha256-port open-sha256-input-port file-sha256))

(define-syntax-rule (hash-algorithm name) 'name)
(define (absent . args) (error "no libgcrypt here"))
(define lookup-hash-algorithm identity)
(define hash-algorithm-name identity)
(define hash-size absent)
(define bytevector-hash absent)
(define port-hash absent)
(define open-hash-port absent)
(define open-hash-input-port absent)
(define file-hash absent)
(define sha256 absent)
(define port-sha256 absent)
(define open-sha256-port absent)
(define open-sha256-input-port absent)
(define file-sha256 absent)
