;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Variable and keyword arguments, apply, many values.
(define-module (suite higher-order))
(define (sum . numbers) (apply + numbers))
(define* (scale x #:key (by 2) (plus 0) #:rest ignored) (+ (* x by) plus))
(define* (power x #:optional (n 2)) (if (= n 0) 1 (* x (power x (- n 1)))))
(define curry (case-lambda ((f) f) ((f x) (lambda rest (apply f x rest))) ((f x y) (lambda rest (apply f x y rest)))))
(define (divide n d) (values (quotient n d) (remainder n d)))
(define (kernel)
  (let loop ((i 0) (total 0))
    (if (= i 20000)
        total
        (call-with-values (lambda () (divide i 7))
          (lambda (q r)
            (loop (+ i 1)
                  (+ total (sum q r i) (scale q #:by 3) (scale r #:plus 1) (power r) (power 2 r)
                     ((curry + q) r) ((curry * q r) 2))))))))
(write (kernel))
(newline)
