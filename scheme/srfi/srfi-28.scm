;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-28: simple format strings.

(define-module (srfi srfi-28)
  #:replace (format))

(define (format control . args)
  "Return CONTROL with its ~a, ~s, ~% and ~~ replaced."
  (apply simple-format #f control args))
