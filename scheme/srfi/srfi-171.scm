;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-171: transducers.  A reducer is called without arguments for an identity, with one to finish,
;;; with two to take an item; a <reduced> result stops the reduction.

(define-module (srfi srfi-171)
  #:use-module (srfi srfi-171 meta)
  #:use-module (rnrs bytevectors)
  #:export (rcons reverse-rcons rcount rany revery
            list-transduce vector-transduce string-transduce bytevector-u8-transduce port-transduce
            generator-transduce
            tmap tfilter tremove treplace tfilter-map tdrop tdrop-while ttake ttake-while
            tconcatenate tappend-map tdelete-neighbor-duplicates tdelete-duplicates tflatten
            tsegment tpartition tadd-between tenumerate tlog))

(cond-expand-provide (current-module) '(srfi-171))

;;; Reducers

(define rcons
  (case-lambda
    "A reducer that makes a list."
    (() '())
    ((lst) (reverse lst))
    ((lst x) (cons x lst))))

(define reverse-rcons
  (case-lambda
    "A reducer that makes a list in reverse."
    (() '())
    ((lst) lst)
    ((lst x) (cons x lst))))

(define rcount
  (case-lambda
    "A reducer that counts."
    (() 0)
    ((n) n)
    ((n x) (+ n 1))))

(define (rany pred)
  "Return a reducer for the first true result of PRED."
  (case-lambda
    (() #f)
    ((result) result)
    ((result x)
     (let ((value (pred x)))
       (if value (reduced value) #f)))))

(define (revery pred)
  "Return a reducer for the last result of PRED, #f if one is false."
  (case-lambda
    (() #t)
    ((result) result)
    ((result x)
     (let ((value (pred x)))
       (if (and result value) value (reduced #f))))))

;;; Transducing

(define (reduce-loop xf init next)
  ;; NEXT is called with two procedures: for an item, and for the end.
  (let loop ((result init))
    (next (lambda (item)
            (let ((result (xf result item)))
              (if (reduced? result)
                  (unreduce result)
                  (loop result))))
          (lambda () result))))

(define (transduce xform f init next)
  (let ((xf (xform f)))
    (xf (reduce-loop xf init next))))

(define-syntax-rule (define-transducer-over name doc source make-next)
  (define name
    (case-lambda
      doc
      ((xform f source) (transduce xform f (f) make-next))
      ((xform f init source) (transduce xform f init make-next)))))

(define (list-next lst)
  (lambda (item end)
    (if (pair? lst)
        (let ((x (car lst)))
          (set! lst (cdr lst))
          (item x))
        (end))))

(define (indexed-next len ref)
  (let ((i 0))
    (lambda (item end)
      (if (< i len)
          (let ((x (ref i)))
            (set! i (+ i 1))
            (item x))
          (end)))))

(define (reader-next read)
  (lambda (item end)
    (let ((x (read)))
      (if (eof-object? x) (end) (item x)))))

(define-transducer-over list-transduce
  "Transduce the list." lst (list-next lst))
(define-transducer-over vector-transduce
  "Transduce the vector." vec
  (indexed-next (vector-length vec) (lambda (i) (vector-ref vec i))))
(define-transducer-over string-transduce
  "Transduce the string." str
  (indexed-next (string-length str) (lambda (i) (string-ref str i))))
(define-transducer-over bytevector-u8-transduce
  "Transduce the bytevector." bv
  (indexed-next (bytevector-length bv) (lambda (i) (bytevector-u8-ref bv i))))
(define-transducer-over generator-transduce
  "Transduce what the generator gives." gen (reader-next gen))

(define port-transduce
  (case-lambda
    "Transduce what BY, or `read', reads from PORT."
    ((xform f by) (generator-transduce xform f by))
    ((xform f by port) (transduce xform f (f) (reader-next (lambda () (by port)))))
    ((xform f init by port) (transduce xform f init (reader-next (lambda () (by port)))))))

;;; Transducers

(define-syntax-rule (transducer (reducer result item) expr)
  ;; One that keeps no state.
  (lambda (reducer)
    (case-lambda
      (() (reducer))
      ((result) (reducer result))
      ((result item) expr))))

(define-syntax-rule (stateful (reducer result item) ((var init) ...) expr)
  (lambda (reducer)
    (let ((var init) ...)
      (case-lambda
        (() (reducer))
        ((result) (reducer result))
        ((result item) expr)))))

(define (tmap f)
  "Apply F to every item."
  (transducer (reducer result item) (reducer result (f item))))

(define (tfilter pred)
  "Keep the items that satisfy PRED."
  (transducer (reducer result item) (if (pred item) (reducer result item) result)))

(define (tremove pred)
  "Drop the items that satisfy PRED."
  (tfilter (lambda (item) (not (pred item)))))

(define (tfilter-map f)
  "Keep the true results of F."
  (transducer (reducer result item)
    (let ((value (f item)))
      (if value (reducer result value) result))))

(define (treplace mapping)
  "Replace items by MAPPING: an alist, a hash table or a procedure."
  (tmap (cond ((list? mapping)
               (lambda (item)
                 (let ((entry (assoc item mapping)))
                   (if entry (cdr entry) item))))
              ((procedure? mapping) mapping)
              (else (lambda (item) (hash-ref mapping item item))))))

(define (tdrop n)
  "Drop the first N items."
  (stateful (reducer result item) ((left n))
    (cond ((> left 0)
           (set! left (- left 1))
           result)
          (else (reducer result item)))))

(define (tdrop-while pred)
  "Drop items as long as they satisfy PRED."
  (stateful (reducer result item) ((dropping? #t))
    (cond ((and dropping? (pred item)) result)
          (else
           (set! dropping? #f)
           (reducer result item)))))

(define (ttake n)
  "Stop after N items."
  (stateful (reducer result item) ((left n))
    (begin
      (set! left (- left 1))
      (cond ((< left 0) (ensure-reduced result))
            ((zero? left) (ensure-reduced (reducer result item)))
            (else (reducer result item))))))

(define* (ttake-while pred #:optional (retf (lambda (result item) result)))
  "Stop at the first item that does not satisfy PRED."
  (stateful (reducer result item) ((taking? #t))
    (cond ((and taking? (pred item)) (reducer result item))
          (else
           (set! taking? #f)
           (ensure-reduced (retf result item))))))

(define (feed-list reducer result lst)
  (let loop ((l lst) (result result))
    (if (or (null? l) (reduced? result))
        result
        (loop (cdr l) (reducer result (car l))))))

(define tconcatenate
  (transducer (reducer result item) (feed-list reducer result item)))

(define (tappend-map f)
  "Apply F to every item and splice the lists it gives."
  (lambda (reducer) ((tmap f) (tconcatenate reducer))))

(define tflatten
  (transducer (reducer result item)
    (let flatten ((item item) (result result))
      (cond ((reduced? result) result)
            ((pair? item) (flatten (cdr item) (flatten (car item) result)))
            ((null? item) result)
            (else (reducer result item))))))

(define* (tdelete-neighbor-duplicates #:optional (same? equal?))
  "Drop items equal to the one before."
  (let ((none (list 'none)))
    (stateful (reducer result item) ((last none))
      (cond ((and (not (eq? last none)) (same? last item)) result)
            (else
             (set! last item)
             (reducer result item))))))

(define* (tdelete-duplicates #:optional (same? equal?))
  "Drop items equal to an earlier one."
  (stateful (reducer result item) ((seen '()))
    (if (or-map (lambda (other) (same? other item)) seen)
        result
        (begin
          (set! seen (cons item seen))
          (reducer result item)))))

(define-syntax-rule (collecting reducer flush step)
  ;; A transducer's reducer that has something left when it is told to finish.
  (case-lambda
    (() (reducer))
    ((result)
     (let ((result (flush result)))
       (reducer (if (reduced? result) (unreduce result) result))))
    ((result item) (step result item))))

(define (tsegment n)
  "Collect N items each into lists."
  (lambda (reducer)
    (let ((count 0) (items '()))
      (define (flush result)
        (if (null? items)
            result
            (let ((segment (reverse items)))
              (set! items '())
              (set! count 0)
              (reducer result segment))))
      (collecting reducer flush
                  (lambda (result item)
                    (set! items (cons item items))
                    (set! count (+ count 1))
                    (if (= count n) (flush result) result))))))

(define (tpartition f)
  "Collect neighbors for which F gives equal results into lists."
  (lambda (reducer)
    (let ((value #f) (items '()))
      (define (flush result)
        (if (null? items)
            result
            (let ((part (reverse items)))
              (set! items '())
              (reducer result part))))
      (collecting reducer flush
                  (lambda (result item)
                    (let ((new (f item)))
                      (if (or (null? items) (equal? new value))
                          (begin
                            (set! value new)
                            (set! items (cons item items))
                            result)
                          (let ((result (flush result)))
                            (set! value new)
                            (unless (reduced? result)
                              (set! items (list item)))
                            result))))))))

(define (tadd-between x)
  "Put X between items."
  (stateful (reducer result item) ((first? #t))
    (if first?
        (begin
          (set! first? #f)
          (reducer result item))
        (let ((result (reducer result x)))
          (if (reduced? result)
              result
              (reducer result item))))))

(define* (tenumerate #:optional (start 0))
  "Pair every item with its index."
  (stateful (reducer result item) ((n (- start 1)))
    (begin
      (set! n (+ n 1))
      (reducer result (cons n item)))))

(define* (tlog #:optional (log (lambda (result item) (write item) (newline))))
  "Call LOG on every result and item."
  (transducer (reducer result item)
    (begin
      (log result item)
      (reducer result item))))
