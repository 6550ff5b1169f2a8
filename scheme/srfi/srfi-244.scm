;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-244: definitions of several values, of the core.

(define-module (srfi srfi-244)
  #:re-export (define-values))

(cond-expand-provide (current-module) '(srfi-244))
