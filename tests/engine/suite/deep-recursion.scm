;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Recursion a million calls deep that is not a tail call.
(define-module (suite deep-recursion))
(define (count n) (if (= n 0) 0 (+ 1 (count (- n 1)))))
(define (build n) (if (= n 0) '() (cons n (build (- n 1)))))
(define (kernel) (list (count 1000000) (length (build 100000)) (apply + (map 1+ (iota 100000)))))
(write (kernel))
(newline)
