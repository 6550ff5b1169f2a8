;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Guile's extensions of bytevectors, native.

(define-module (rnrs bytevectors gnu)
  #:use-module (fruix native)
  #:re-export (bytevector-slice))
