;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Options of Guile's optimizer: none here.

(define-module (language cps optimize)
  #:export (cps-default-optimization-options cps-optimizations))

(define (cps-default-optimization-options . args)
  "Do nothing."
  '())

(define (cps-optimizations . args)
  "Do nothing."
  '())
