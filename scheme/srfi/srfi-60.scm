;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-60: integers as bits.

(define-module (srfi srfi-60)
  #:re-export (ash logbit? logand logior logxor lognot logtest logcount integer-length)
  #:replace (bit-count)
  #:export (bitwise-and bitwise-ior bitwise-xor bitwise-not any-bits-set? bitwise-if bitwise-merge
            log2-binary-factors first-set-bit bit-set? copy-bit bit-field copy-bit-field
            arithmetic-shift rotate-bit-field reverse-bit-field integer->list list->integer
            booleans->integer))
(cond-expand-provide (current-module) '(srfi-60))

(define bitwise-and logand)
(define bitwise-ior logior)
(define bitwise-xor logxor)
(define bitwise-not lognot)
(define any-bits-set? logtest)
(define arithmetic-shift (@ (guile) ash))
(define bit-set? (@ (guile) logbit?))
(define bit-count logcount)

(define (bitwise-if mask a b)
  "Return the bits of A where MASK has ones, else those of B."
  (logior (logand mask a) (logand (lognot mask) b)))

(define bitwise-merge bitwise-if)

(define (log2-binary-factors n)
  "Return the index of the lowest one in N, -1 for zero."
  (if (zero? n)
      -1
      (- (integer-length (logand n (- n))) 1)))

(define first-set-bit log2-binary-factors)

(define (mask width) (- (ash 1 width) 1))

(define (copy-bit index n bit)
  "Return N with the bit INDEX set if BIT is true, else cleared."
  (if bit
      (logior n (ash 1 index))
      (logand n (lognot (ash 1 index)))))

(define (bit-field n start end)
  "Return the bits of N from START up to END."
  (logand (ash n (- start)) (mask (- end start))))

(define (copy-bit-field to from start end)
  "Return TO with its bits from START up to END replaced by the low bits of FROM."
  (let ((m (mask (- end start))))
    (logior (logand to (lognot (ash m start)))
            (ash (logand from m) start))))

(define (rotate-bit-field n count start end)
  "Return N with its bits from START up to END rotated by COUNT."
  (let ((width (- end start)))
    (if (zero? width)
        n
        (let* ((count (modulo count width))
               (field (bit-field n start end))
               (rotated (logior (logand (ash field count) (mask width))
                                (ash field (- count width)))))
          (copy-bit-field n rotated start end)))))

(define (reverse-bits n width)
  (let loop ((n n) (i 0) (result 0))
    (if (= i width)
        result
        (loop (ash n -1) (+ i 1) (logior (ash result 1) (logand n 1))))))

(define (reverse-bit-field n start end)
  "Return N with its bits from START up to END reversed."
  (copy-bit-field n (reverse-bits (bit-field n start end) (- end start)) start end))

(define* (integer->list n #:optional (len (integer-length n)))
  "Return the list of the LEN low bits of N as booleans, the highest first."
  (let loop ((i 0) (result '()))
    (if (= i len)
        result
        (loop (+ i 1) (cons (logbit? i n) result)))))

(define (list->integer bits)
  "Return the number whose bits are the booleans BITS, the highest first."
  (let loop ((l bits) (n 0))
    (if (null? l)
        n
        (loop (cdr l) (logior (ash n 1) (if (car l) 1 0))))))

(define (booleans->integer . bits)
  "Return the number whose bits are BITS, the highest first."
  (list->integer bits))
