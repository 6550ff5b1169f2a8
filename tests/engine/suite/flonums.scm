;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Inexact numbers.
(define-module (suite flonums))
(define (integrate f a b n)
  (let ((h (/ (- b a) n)))
    (let loop ((i 0) (x a) (sum 0.0)) (if (= i n) (* sum h) (loop (+ i 1) (+ x h) (+ sum (f x)))))))
(define (mandelbrot cr ci)
  (let loop ((i 0) (x 0.0) (y 0.0))
    (if (or (= i 50) (> (+ (* x x) (* y y)) 4.0)) i (loop (+ i 1) (+ (- (* x x) (* y y)) cr) (+ (* 2.0 x y) ci)))))
(define (kernel)
  (list (round (* 1000 (integrate (lambda (x) (+ (sin x) (sqrt x) (/ 1.0 (+ x 1.0)))) 0.0 10.0 10000)))
        (let loop ((y -1.0) (sum 0))
          (if (> y 1.0)
              sum
              (loop (+ y 0.1)
                    (let row ((x -2.0) (sum sum)) (if (> x 0.5) sum (row (+ x 0.1) (+ sum (mandelbrot x y))))))))))
(write (kernel))
(newline)
