;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS hash tables, above SRFI-69.

(define-module (rnrs hashtables)
  #:use-module (srfi srfi-9)
  #:use-module ((srfi srfi-69) #:prefix s69:)
  #:export (equal-hash hashtable-clear! hashtable-contains? hashtable-copy
            hashtable-delete! hashtable-entries hashtable-equivalence-function
            hashtable-hash-function hashtable-keys hashtable-mutable? hashtable-ref
            hashtable-set! hashtable-size hashtable-update! hashtable? make-eq-hashtable
            make-eqv-hashtable make-hashtable string-ci-hash)
  #:replace (string-hash symbol-hash))

(define-record-type <hashtable>
  (%make-hashtable table mutable? hash equivalence)
  hashtable?
  (table table set-table!)
  (mutable? hashtable-mutable?)
  (hash hashtable-hash-function)
  (equivalence hashtable-equivalence-function))

(define (make-eq-hashtable . size)
  "Return a table of eq?."
  (%make-hashtable (s69:make-hash-table eq?) #t #f eq?))

(define (make-eqv-hashtable . size)
  "Return a table of eqv?."
  (%make-hashtable (s69:make-hash-table eqv?) #t #f eqv?))

(define (make-hashtable hash equivalence . size)
  "Return a table by HASH and EQUIVALENCE."
  (%make-hashtable (s69:make-hash-table equivalence
                                        (lambda* (key #:optional (bound most-positive-fixnum))
                                          (modulo (hash key) bound)))
                   #t hash equivalence))

(define (check-mutable t)
  (unless (hashtable-mutable? t)
    (error "hashtable is immutable" t)))

(define (hashtable-size t)
  "Return the number of entries of T."
  (s69:hash-table-size (table t)))

(define (hashtable-ref t key default)
  "Return the value of KEY in T, or DEFAULT."
  (s69:hash-table-ref/default (table t) key default))

(define (hashtable-set! t key value)
  "Set the value of KEY in T."
  (check-mutable t)
  (s69:hash-table-set! (table t) key value))

(define (hashtable-delete! t key)
  "Remove KEY from T."
  (check-mutable t)
  (s69:hash-table-delete! (table t) key))

(define (hashtable-contains? t key)
  "Return true if KEY is in T."
  (s69:hash-table-exists? (table t) key))

(define (hashtable-update! t key proc default)
  "Replace the value of KEY in T, or DEFAULT, by what PROC gives for it."
  (check-mutable t)
  (s69:hash-table-update!/default (table t) key proc default))

(define* (hashtable-copy t #:optional mutable?)
  "Return a copy of T."
  (%make-hashtable (s69:hash-table-copy (table t)) mutable?
                   (hashtable-hash-function t) (hashtable-equivalence-function t)))

(define* (hashtable-clear! t #:optional size)
  "Remove all from T."
  (check-mutable t)
  (for-each (lambda (key) (s69:hash-table-delete! (table t) key))
            (s69:hash-table-keys (table t))))

(define (hashtable-keys t)
  "Return the vector of the keys of T."
  (list->vector (s69:hash-table-keys (table t))))

(define (hashtable-entries t)
  "Return the vectors of keys and of values of T."
  (let ((entries (s69:hash-table->alist (table t))))
    (values (list->vector (map car entries)) (list->vector (map cdr entries)))))

(define (equal-hash obj)
  "Return a hash of OBJ for equal?."
  (hash obj most-positive-fixnum))

(define (string-hash str)
  "Return a hash of STR."
  ((@ (guile) string-hash) str))

(define (string-ci-hash str)
  "Return a hash of STR without regard to case."
  ((@ (guile) string-hash) (string-downcase str)))

(define (symbol-hash symbol)
  "Return a hash of SYMBOL."
  ((@ (guile) symbol-hash) symbol))
