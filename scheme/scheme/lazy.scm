;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R7RS promises, those of SRFI-45.

(define-module (scheme lazy)
  #:use-module ((srfi srfi-45) #:select (delay force promise? eager lazy))
  #:re-export (delay force promise?)
  #:export (delay-force)
  #:replace (make-promise))

(define-syntax-rule (delay-force expr)
  (lazy expr))

(define (make-promise obj)
  "Return a promise of OBJ, which is returned if it is a promise."
  (if (promise? obj) obj (eager obj)))
