;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Options of Guile's optimizer: none here.

(define-module (language tree-il optimize)
  #:export (tree-il-default-optimization-options tree-il-optimizations))

(define (tree-il-default-optimization-options . args)
  "Do nothing."
  '())

(define (tree-il-optimizations . args)
  "Do nothing."
  '())
