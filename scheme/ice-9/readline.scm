;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Line editing is the program's own.

(define-module (ice-9 readline)
  #:export (activate-readline readline-options readline-enable readline-disable read-history
            write-history))

(define (activate-readline . args)
  "Do nothing."
  #f)

(define (readline-options . args)
  "Do nothing."
  '())

(define (readline-enable . args)
  "Do nothing."
  #f)

(define (readline-disable . args)
  "Do nothing."
  #f)

(define (read-history . args)
  "Do nothing."
  #f)

(define (write-history . args)
  "Do nothing."
  #f)
