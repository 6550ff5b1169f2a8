;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Hash table procedures that take procedures.

(define (hash-fold f init table)
  "Fold F over the keys and values of TABLE."
  (let loop ((l (%hash-handles table)) (result init))
    (if (null? l)
        result
        (loop (cdr l) (f (caar l) (cdar l) result)))))

(define (hash-for-each proc table)
  "Apply PROC to the keys and values of TABLE."
  (let loop ((l (%hash-handles table)))
    (unless (null? l)
      (proc (caar l) (cdar l))
      (loop (cdr l)))))

(define (hash-for-each-handle proc table)
  "Apply PROC to the handles of TABLE."
  (for-each proc (%hash-handles table)))

(define (hash-map->list proc table)
  "Return the list of results of PROC on the keys and values of TABLE."
  (hash-fold (lambda (key value result) (cons (proc key value) result)) '() table))

(define (hash-count pred table)
  "Return the number of entries of TABLE that satisfy PRED."
  (hash-fold (lambda (key value n) (if (pred key value) (+ n 1) n)) 0 table))

;;; Tables with the caller's own hash and equality.  Rare; a linear search.

(define (hashx-get-handle hash assoc table key)
  "Return the handle of KEY in TABLE, found by ASSOC, or #f."
  (assoc key (%hash-handles table)))

(define* (hashx-ref hash assoc table key #:optional (default #f))
  "Return the value of KEY in TABLE, found by ASSOC, or DEFAULT."
  (let ((handle (hashx-get-handle hash assoc table key)))
    (if handle (cdr handle) default)))

(define (hashx-create-handle! hash assoc table key init)
  "Return the handle of KEY in TABLE, made with the value INIT if there is none."
  (or (hashx-get-handle hash assoc table key)
      (hashq-create-handle! table key init)))

(define (hashx-set! hash assoc table key value)
  "Set the value of KEY in TABLE."
  (let ((handle (hashx-get-handle hash assoc table key)))
    (if handle
        (hashq-set! table (car handle) value)
        (hashq-set! table key value))
    value))

(define (hashx-remove! hash assoc table key)
  "Remove KEY from TABLE."
  (let ((handle (hashx-get-handle hash assoc table key)))
    (when handle
      (hashq-remove! table (car handle)))
    handle))
