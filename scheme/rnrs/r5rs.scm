;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; What R6RS keeps of R5RS.

(define-module (rnrs r5rs)
  #:use-module ((ice-9 safe-r5rs) #:select (null-environment))
  #:export (scheme-report-environment)
  #:re-export (delay force exact->inexact inexact->exact modulo quotient remainder
               null-environment))

(define (scheme-report-environment version)
  "Return the environment of version 5 of the report."
  (unless (eqv? version 5)
    (scm-error 'misc-error "scheme-report-environment" "~A is not a valid version" (list version) '()))
  (resolve-interface '(ice-9 r5rs)))
