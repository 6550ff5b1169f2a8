;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-16: case-lambda, which is in the core.

(define-module (srfi srfi-16)
  #:re-export (case-lambda))
