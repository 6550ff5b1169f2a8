;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Stable merge sort on lists; vectors are sorted through lists.

(define (%merge-lists! a b less?)
  ;; Merge the sorted lists A and B, reusing their pairs; on ties A's elements come first.
  (cond ((null? a) b)
        ((null? b) a)
        (else
         (let ((head (if (less? (car b) (car a)) b a)))
           (let loop ((last head)
                      (a (if (eq? head a) (cdr a) a))
                      (b (if (eq? head b) (cdr b) b)))
             (cond ((null? a) (set-cdr! last b))
                   ((null? b) (set-cdr! last a))
                   ((less? (car b) (car a))
                    (set-cdr! last b)
                    (loop b a (cdr b)))
                   (else
                    (set-cdr! last a)
                    (loop a (cdr a) b))))
           head))))

(define (%sort-list! lst n less?)
  ;; Sort the first N pairs of LST in place; return the new head.
  (define rest lst)
  (define (take!)
    (let ((pair rest))
      (set! rest (cdr rest))
      pair))
  (let sort ((n n))
    (cond ((= n 1)
           (let ((a (take!)))
             (set-cdr! a '())
             a))
          ((= n 2)
           (let* ((a (take!)) (b (take!)))
             (cond ((less? (car b) (car a))
                    (set-cdr! b a)
                    (set-cdr! a '())
                    b)
                   (else
                    (set-cdr! b '())
                    a))))
          (else
           (let* ((half (quotient n 2))
                  (left (sort half)))
             (%merge-lists! left (sort (- n half)) less?))))))

(define (sort-list! items less)
  "Sort the list ITEMS by LESS, reusing its pairs; stable."
  (if (null? items)
      '()
      (%sort-list! items (length items) less)))

(define (sort-list items less)
  "Return a sorted copy of the list ITEMS; stable."
  (sort-list! (list-copy items) less))

(define (sort items less)
  "Return a sorted copy of ITEMS, a list or vector; stable."
  (cond ((or (pair? items) (null? items))
         (%check-list "sort" 1 items)
         (sort-list items less))
        ((vector? items)
         (list->vector (sort-list! (vector->list items) less)))
        (else (%wrong-type "sort" 1 items))))

(define (sort! items less)
  "Sort ITEMS, a list or vector, in place; return it (for a list, the new head)."
  (cond ((or (pair? items) (null? items))
         (sort-list! items less))
        ((vector? items)
         (let loop ((i 0) (l (sort-list! (vector->list items) less)))
           (unless (null? l)
             (vector-set! items i (car l))
             (loop (+ i 1) (cdr l))))
         items)
        (else (%wrong-type "sort!" 1 items))))

(define stable-sort sort)
(define stable-sort! sort!)

(define (restricted-vector-sort! vec less start end)
  "Sort the elements of VEC from START up to END in place."
  (let loop ((i start)
             (l (sort-list! (list-tail (list-head (vector->list vec) end) start) less)))
    (unless (null? l)
      (vector-set! vec i (car l))
      (loop (+ i 1) (cdr l)))))

(define (merge alist blist less)
  "Merge two sorted lists into a new one."
  (%merge-lists! (list-copy alist) (list-copy blist) less))

(define (merge! alist blist less)
  "Merge two sorted lists, reusing their pairs."
  (%merge-lists! alist blist less))

(define (sorted? items less)
  "Return true if ITEMS, a list or vector, is sorted by LESS."
  (let loop ((l (if (vector? items) (vector->list items) items)))
    (or (null? l)
        (null? (cdr l))
        (and (not (less (cadr l) (car l)))
             (loop (cdr l))))))
