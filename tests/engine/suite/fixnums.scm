;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Small integers: loops, remainders, bits.
(define-module (suite fixnums))
(define (collatz n) (let loop ((n n) (steps 0)) (cond ((= n 1) steps) ((even? n) (loop (quotient n 2) (+ steps 1))) (else (loop (+ (* 3 n) 1) (+ steps 1))))))
(define (divisors n) (let loop ((i 1) (count 0)) (if (> i n) count (loop (+ i 1) (if (zero? (remainder n i)) (+ count 1) count)))))
(define (mix n) (let loop ((i 0) (h 5381)) (if (= i n) h (loop (+ i 1) (logand (logxor (ash h 5) (ash h -2) i) 268435455)))))
(define (kernel)
  (list (let loop ((i 1) (sum 0)) (if (= i 1000) sum (loop (+ i 1) (+ sum (collatz i)))))
        (divisors 50000)
        (mix 50000)
        (let loop ((i 0) (m 0)) (if (= i 20000) m (loop (+ i 1) (max m (modulo (* i 7919) 10007)))))))
(write (kernel))
(newline)
