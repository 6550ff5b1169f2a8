;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-34: exceptions.

(define-module (srfi srfi-34)
  #:use-module ((ice-9 exceptions) #:select (guard))
  #:re-export (guard with-exception-handler)
  #:replace (raise))

(cond-expand-provide (current-module) '(srfi-34))

(define (raise obj)
  "Raise OBJ."
  (raise-exception obj))
