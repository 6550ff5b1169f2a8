;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Closures: made, composed and called.
(define-module (suite closures))
(define (compose2 f g) (lambda (x) (f (g x))))
(define (adder n) (lambda (x) (+ x n)))
(define (tower n) (let loop ((i 0) (f (lambda (x) x))) (if (= i n) f (loop (+ i 1) (compose2 (adder i) f)))))
(define (counter)
  (let ((n 0)) (lambda () (set! n (+ n 1)) n)))
(define (kernel)
  (let loop ((i 0) (sum 0))
    (if (= i 300)
        sum
        (let ((count (counter)) (f (tower 100)))
          (let turn ((j 0)) (when (< j 100) (count) (turn (+ j 1))))
          (loop (+ i 1) (+ sum (f i) (count)))))))
(write (kernel))
(newline)
