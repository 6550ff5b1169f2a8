;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Calls with three arguments: Takeuchi's function.
(define-module (suite tak))
(define (tak x y z)
  (if (< y x) (tak (tak (- x 1) y z) (tak (- y 1) z x) (tak (- z 1) x y)) z))
(define (kernel) (tak 16 10 4))
(write (kernel))
(newline)
