;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Higher-order list procedures of (guile).
;;; map and for-each are open-coded for one and two lists; the machine's stack is on the heap,
;;; so recursion keeps map safe when a continuation captured in it is entered twice.

(define (%wrong-type subr pos obj)
  "Raise the error for OBJ being of the wrong type as argument POS of SUBR."
  (scm-error 'wrong-type-arg subr "Wrong type argument in position ~A: ~S"
             (list pos obj) (list obj)))

(define (%map1 f l)
  (let loop ((l l))
    (if (pair? l)
        (let ((head (f (car l))))
          (cons head (loop (cdr l))))
        '())))

(define (%cars+cdrs lists)
  ;; Return the cars and cdrs of LISTS, or #f and #f when one of them has come to its end.
  (let loop ((l lists) (cars '()) (cdrs '()))
    (cond ((null? l) (values (reverse! cars) (reverse! cdrs)))
          ((pair? (car l))
           (loop (cdr l) (cons (caar l) cars) (cons (cdar l) cdrs)))
          (else (values #f #f)))))

(define (%check-list who pos l)
  (unless (list? l)
    (scm-error 'wrong-type-arg who "Not a list: ~S" (list l) #f)))

(define (%check-same-length who l1 rest)
  ;; The core's map and for-each, unlike SRFI-1's, insist on lists of one length.
  (%check-list who 2 l1)
  (let ((len (length l1)))
    (let loop ((rest rest))
      (unless (null? rest)
        (%check-list who 3 (car rest))
        (unless (= len (length (car rest)))
          (scm-error 'wrong-type-arg who "List of wrong length: ~S" (list (car rest)) #f))
        (loop (cdr rest))))))

(define map
  (case-lambda
    "Return the list of the results of applying F to the elements of the lists, in order."
    ((f l)
     (%check-list "map" 2 l)
     (let loop ((l l))
       (if (pair? l)
           (let ((head (f (car l))))
             (cons head (loop (cdr l))))
           '())))
    ((f l1 l2)
     (%check-same-length "map" l1 (list l2))
     (let loop ((l1 l1) (l2 l2))
       (if (and (pair? l1) (pair? l2))
           (let ((head (f (car l1) (car l2))))
             (cons head (loop (cdr l1) (cdr l2))))
           '())))
    ((f l1 . rest)
     (%check-same-length "map" l1 rest)
     (let loop ((lists (cons l1 rest)))
       (call-with-values (lambda () (%cars+cdrs lists))
         (lambda (cars cdrs)
           (if cars
               (let ((head (apply f cars)))
                 (cons head (loop cdrs)))
               '())))))))

(define map-in-order map)

(define for-each
  (case-lambda
    "Apply F to the elements of the lists, in order, for its effect."
    ((f l)
     (%check-list "for-each" 2 l)
     (let loop ((l l))
       (when (pair? l)
         (f (car l))
         (loop (cdr l)))))
    ((f l1 l2)
     (%check-same-length "for-each" l1 (list l2))
     (let loop ((l1 l1) (l2 l2))
       (when (and (pair? l1) (pair? l2))
         (f (car l1) (car l2))
         (loop (cdr l1) (cdr l2)))))
    ((f l1 . rest)
     (%check-same-length "for-each" l1 rest)
     (let loop ((lists (cons l1 rest)))
       (call-with-values (lambda () (%cars+cdrs lists))
         (lambda (cars cdrs)
           (when cars
             (apply f cars)
             (loop cdrs))))))))

(define (filter pred list)
  "Return the elements of LIST that satisfy PRED, in order."
  (%check-list "filter" 2 list)
  (let loop ((l list) (kept '()))
    (cond ((null? l) (reverse! kept))
          ((pred (car l)) (loop (cdr l) (cons (car l) kept)))
          (else (loop (cdr l) kept)))))

(define filter! filter)

(define (and-map f lst)
  "Apply F to the elements of LST until one gives #f; return the last result, #t for none."
  (let loop ((result #t) (l lst))
    (if (and result (pair? l))
        (loop (f (car l)) (cdr l))
        result)))

(define (or-map f lst)
  "Apply F to the elements of LST until one gives true, and return that, else #f."
  (let loop ((result #f) (l lst))
    (if (and (not result) (pair? l))
        (loop (f (car l)) (cdr l))
        result)))

(define* (iota count #:optional (start 0) (step 1))
  "Return the list of COUNT numbers that begins with START and grows by STEP."
  (unless (and (exact-integer? count) (>= count 0))
    (throw 'wrong-type-arg count))
  (let ((start (if (inexact? step) (exact->inexact start) start)))
    (let loop ((i (- count 1)) (result '()))
      (if (< i 0)
          result
          (loop (- i 1) (cons (+ start (* i step)) result))))))

(define (list-index l k)
  "Return the index of the first element of L that is eqv? to K, or #f."
  (let loop ((i 0) (l l))
    (and (pair? l)
         (if (eqv? (car l) k)
             i
             (loop (+ i 1) (cdr l))))))

(define (identity x)
  "Return X."
  x)

(define (const value)
  "Return a procedure that takes any arguments and returns VALUE."
  (lambda args value))

(define (negate proc)
  "Return a procedure whose result is true when PROC's is false."
  (lambda args (not (apply proc args))))

(define (compose proc . rest)
  "Compose the procedures: the last is applied first."
  (if (null? rest)
      proc
      (let ((inner (apply compose rest)))
        (lambda args
          (call-with-values (lambda () (apply inner args)) proc)))))

(define (and=> value procedure)
  "Apply PROCEDURE to VALUE when it is true."
  (and value (procedure value)))

(define (->bool x)
  "Return #t or #f."
  (if x #t #f))

(define (kw-arg-ref args kw)
  "Return the argument that follows the keyword KW in ARGS, or #f."
  (let ((tail (memq kw args)))
    (and tail (pair? (cdr tail)) (cadr tail))))
