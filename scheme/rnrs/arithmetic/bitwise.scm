;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS integers as bits.

(define-module (rnrs arithmetic bitwise)
  #:use-module ((srfi srfi-60) #:prefix s60:)
  #:export (bitwise-and bitwise-arithmetic-shift bitwise-arithmetic-shift-left
            bitwise-arithmetic-shift-right bitwise-bit-count bitwise-bit-field bitwise-bit-set?
            bitwise-copy-bit bitwise-copy-bit-field bitwise-first-bit-set bitwise-if
            bitwise-ior bitwise-length bitwise-not bitwise-reverse-bit-field
            bitwise-rotate-bit-field bitwise-xor))

(define bitwise-not lognot)
(define bitwise-and logand)
(define bitwise-ior logior)
(define bitwise-xor logxor)
(define bitwise-if s60:bitwise-if)
(define bitwise-length integer-length)
(define bitwise-first-bit-set s60:first-set-bit)
(define bitwise-arithmetic-shift ash)
(define bitwise-arithmetic-shift-left ash)
(define bitwise-bit-field s60:bit-field)
(define bitwise-reverse-bit-field s60:reverse-bit-field)

(define (bitwise-bit-count n)
  "Return the number of ones of N; for a negative N, the complement of that of its complement."
  (if (negative? n) (lognot (logcount n)) (logcount n)))

(define (bitwise-arithmetic-shift-right n count)
  "Return N shifted right by COUNT."
  (ash n (- count)))

(define (bitwise-bit-set? n index)
  "Return true if the bit INDEX of N is one."
  (logbit? index n))

(define (bitwise-copy-bit n index bit)
  "Return N with its bit INDEX being BIT, 0 or 1."
  (s60:copy-bit index n (= bit 1)))

(define (bitwise-copy-bit-field to start end from)
  "Return TO with its bits from START up to END replaced by the low ones of FROM."
  (s60:copy-bit-field to from start end))

(define (bitwise-rotate-bit-field n start end count)
  "Return N with its bits from START up to END rotated by COUNT."
  (s60:rotate-bit-field n count start end))
