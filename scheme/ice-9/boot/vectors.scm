;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Array procedures that take procedures.  (guile) has no vector-map: (rnrs base), (scheme base) and
;;; (srfi srfi-43) each have their own.

(define (%for-each-index dimensions proc)
  ;; Apply PROC to every list of indices below DIMENSIONS, the last index varying fastest.
  (let loop ((dims dimensions) (prefix '()))
    (if (null? dims)
        (proc (reverse prefix))
        (let ((n (car dims)))
          (if (pair? n)
              (let each ((i (car n)))
                (when (<= i (cadr n))
                  (loop (cdr dims) (cons i prefix))
                  (each (+ i 1))))
              (let each ((i 0))
                (when (< i n)
                  (loop (cdr dims) (cons i prefix))
                  (each (+ i 1)))))))))

(define (array-for-each proc a . rest)
  "Apply PROC to the elements of the arrays, in row-major order."
  (%for-each-index (array-dimensions a)
                   (lambda (ix)
                     (apply proc (apply array-ref a ix)
                            (map (lambda (b) (apply array-ref b ix)) rest)))))

(define (array-map! dst proc . sources)
  "Set each element of DST to the result of PROC on those of SOURCES."
  (%for-each-index (array-dimensions dst)
                   (lambda (ix)
                     (apply array-set! dst
                            (apply proc (map (lambda (b) (apply array-ref b ix)) sources))
                            ix))))

(define array-map-in-order! array-map!)

(define (array-index-map! a proc)
  "Set each element of A to the result of PROC on its indices."
  (%for-each-index (array-dimensions a)
                   (lambda (ix) (apply array-set! a (apply proc ix) ix))))

(define (array-shape a)
  "Return the list of lower and upper bounds of the dimensions of A."
  (map (lambda (d) (if (pair? d) d (list 0 (- d 1))))
       (array-dimensions a)))
