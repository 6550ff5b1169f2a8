;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Queues: a pair of the list of elements and its last pair.

(define-module (ice-9 q)
  #:export (sync-q! make-q q? q-empty? q-empty-check q-front q-rear q-remove! q-push! enq! q-pop!
            deq! q-length))

(define (sync-q! q)
  "Compute the last pair of Q again."
  (set-cdr! q (if (pair? (car q)) (last-pair (car q)) #f))
  q)

(define (make-q)
  "Return an empty queue."
  (cons '() #f))

(define (q? obj)
  "Return true if OBJ is a queue."
  (and (pair? obj)
       (if (pair? (car obj))
           (eq? (cdr obj) (last-pair (car obj)))
           (and (null? (car obj)) (not (cdr obj))))))

(define (q-empty? q)
  "Return true if Q is empty."
  (null? (car q)))

(define (q-empty-check q)
  "Throw to `q-empty' if Q is empty."
  (when (q-empty? q)
    (throw 'q-empty q)))

(define (q-front q)
  "Return the first element of Q."
  (q-empty-check q)
  (caar q))

(define (q-rear q)
  "Return the last element of Q."
  (q-empty-check q)
  (cadr q))

(define (q-remove! q obj)
  "Remove the elements that are OBJ from Q."
  (set-car! q (delq! obj (car q)))
  (sync-q! q))

(define (q-push! q obj)
  "Add OBJ at the front of Q."
  (let ((pair (cons obj (car q))))
    (set-car! q pair)
    (unless (cdr q)
      (set-cdr! q pair)))
  q)

(define (enq! q obj)
  "Add OBJ at the end of Q."
  (let ((pair (list obj)))
    (if (null? (car q))
        (set-car! q pair)
        (set-cdr! (cdr q) pair))
    (set-cdr! q pair))
  q)

(define (q-pop! q)
  "Remove the first element of Q and return it."
  (q-empty-check q)
  (let ((first (car q)))
    (set-car! q (cdr first))
    (when (null? (cdr first))
      (set-cdr! q #f))
    (car first)))

(define deq! q-pop!)

(define (q-length q)
  "Return the number of elements of Q."
  (length (car q)))
