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

(define (make-shared-array array mapping . bounds)
  "Return a view of ARRAY: MAPPING makes the list of ARRAY's indices out of those of the view."
  (let* ((low (map (lambda (bound) (if (pair? bound) (car bound) 0)) bounds))
         (place (lambda (indices) (apply %array-position array (apply mapping indices)))))
    (if (or-map (lambda (bound) (if (pair? bound) (< (cadr bound) (car bound)) (eqv? bound 0))) bounds)
        (apply %array-view array 0 (map (lambda (bound) 0) bounds) bounds)
        (let ((offset (place low)))
          (define (step axis)
            ;; How far the next index along AXIS is, if there is one.
            (let* ((bound (list-ref bounds axis))
                   (last (if (pair? bound) (cadr bound) (- bound 1)))
                   (indices (list-copy low)))
              (if (< (list-ref low axis) last)
                  (begin
                    (list-set! indices axis (+ 1 (list-ref low axis)))
                    (- (place indices) offset))
                  1)))
          (apply %array-view array offset (map step (iota (length bounds))) bounds)))))

(define (array-equal? . arrays)
  "Return true if ARRAYS have the same shape, type and elements."
  (or (null? arrays)
      (let ((first (car arrays)))
        (and-map (lambda (other)
                   (or (equal? first other)
                       (and (array? first) (array? other)
                            (eq? (array-type first) (array-type other))
                            (equal? (array-shape first) (array-shape other))
                            (equal? (array->list first) (array->list other)))))
                 (cdr arrays)))))

(define array-copy-in-order! array-copy!)

(define (array-slice-for-each rank proc . arrays)
  "Apply PROC to the parts of ARRAYS that their first RANK indices give."
  (%for-each-index (list-head (array-dimensions (car arrays)) rank)
                   (lambda (indices)
                     (apply proc (map (lambda (array) (apply array-slice array indices)) arrays)))))

(define array-slice-for-each-in-order array-slice-for-each)
