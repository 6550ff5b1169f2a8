;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS exceptions.

(define-module (rnrs exceptions)
  #:use-module ((ice-9 exceptions) #:select (guard raise-continuable))
  #:re-export (guard raise-continuable with-exception-handler)
  #:replace (raise))

(define (raise obj)
  "Raise OBJ, not continuably."
  (raise-exception obj))
