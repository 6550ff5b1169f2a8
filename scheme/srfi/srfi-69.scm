;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-69: hash tables.  Those of eq?, eqv? and equal? are native; others map a hash to an alist.

(define-module (srfi srfi-69)
  #:use-module (srfi srfi-9)
  #:replace (make-hash-table hash-table? hash string-hash)
  #:export (alist->hash-table string-ci-hash hash-by-identity hash-table-equivalence-function
            hash-table-hash-function hash-table-ref hash-table-ref/default hash-table-set!
            hash-table-delete! hash-table-exists? hash-table-update! hash-table-update!/default
            hash-table-size hash-table-keys hash-table-values hash-table-walk hash-table-fold
            hash-table->alist hash-table-copy hash-table-merge!))

(cond-expand-provide (current-module) '(srfi-69))

(define core:hash (@ (guile) hash))
(define core:make-hash-table (@ (guile) make-hash-table))

;; STORE maps a key to its entry (KEY . VALUE), or with HASH a hash to the list of such entries.
(define-record-type <hash-table>
  (%make-hash-table store ref set! remove! equal hash size)
  hash-table?
  (store store)
  (ref store-ref)
  (set! store-set!)
  (remove! store-remove!)
  (equal hash-table-equivalence-function)
  (hash custom-hash)
  (size hash-table-size set-size!))

(define* (hash obj #:optional (bound most-positive-fixnum))
  "Return a hash of OBJ for equal?."
  (core:hash obj bound))

(define* (string-hash str #:optional (bound most-positive-fixnum) . rest)
  "Return a hash of STR."
  (core:hash str bound))

(define* (string-ci-hash str #:optional (bound most-positive-fixnum) . rest)
  "Return a hash of STR without regard to case."
  (core:hash (string-downcase str) bound))

(define* (hash-by-identity obj #:optional (bound most-positive-fixnum))
  "Return a hash of OBJ for eq?."
  (hashq obj bound))

(define (guess-hash equal)
  (cond ((eq? equal string=?) string-hash)
        ((eq? equal string-ci=?) string-ci-hash)
        (else #f)))

(define* (make-hash-table #:optional (equal equal?) (hash-proc #f) . rest)
  "Return an empty table by EQUAL and HASH-PROC."
  (let ((weak (and (memq #:weak rest) (cadr (memq #:weak rest)))))
    (define store
      (case weak
        ((key) (make-weak-key-hash-table))
        ((value) (make-weak-value-hash-table))
        ((key-or-value) (make-doubly-weak-hash-table))
        (else (core:make-hash-table))))
    (cond ((eq? equal eq?)
           (%make-hash-table store hashq-ref hashq-set! hashq-remove! equal #f 0))
          ((or (eq? equal eqv?) (eq? equal =))
           (%make-hash-table store hashv-ref hashv-set! hashv-remove! equal #f 0))
          ((or (eq? equal equal?) (eq? equal string=?))
           (%make-hash-table store hash-ref hash-set! hash-remove! equal #f 0))
          (else
           (%make-hash-table store hashv-ref hashv-set! hashv-remove! equal
                             (or hash-proc (guess-hash equal) (lambda (obj bound) 0)) 0)))))

(define (hash-table-hash-function table)
  "Return the hash function of TABLE."
  (or (custom-hash table)
      (let ((equal (hash-table-equivalence-function table)))
        (cond ((eq? equal eq?) hash-by-identity)
              ((eq? equal string=?) string-hash)
              (else hash)))))

(define (bucket-key table key)
  ((custom-hash table) key most-positive-fixnum))

(define (find-entry table key)
  (if (custom-hash table)
      (let ((equal (hash-table-equivalence-function table)))
        (let loop ((l ((store-ref table) (store table) (bucket-key table key) '())))
          (cond ((null? l) #f)
                ((equal key (caar l)) (car l))
                (else (loop (cdr l))))))
      ((store-ref table) (store table) key #f)))

(define (fail key)
  (lambda () (error "key not found" key)))

(define* (hash-table-ref table key #:optional (default (fail key)))
  "Return the value of KEY in TABLE, or what DEFAULT returns."
  (let ((entry (find-entry table key)))
    (if entry (cdr entry) (default))))

(define (hash-table-ref/default table key default)
  "Return the value of KEY in TABLE, or DEFAULT."
  (let ((entry (find-entry table key)))
    (if entry (cdr entry) default)))

(define (hash-table-set! table key value)
  "Set the value of KEY in TABLE."
  (let ((entry (find-entry table key)))
    (cond (entry (set-cdr! entry value))
          (else
           (set-size! table (+ (hash-table-size table) 1))
           (if (custom-hash table)
               (let ((bucket (bucket-key table key)))
                 ((store-set! table) (store table) bucket
                  (acons key value ((store-ref table) (store table) bucket '()))))
               ((store-set! table) (store table) key (cons key value)))))))

(define (hash-table-delete! table key)
  "Remove KEY from TABLE."
  (let ((entry (find-entry table key)))
    (when entry
      (set-size! table (- (hash-table-size table) 1))
      (if (custom-hash table)
          (let ((bucket (bucket-key table key)))
            ((store-set! table) (store table) bucket
             (delq entry ((store-ref table) (store table) bucket '()))))
          ((store-remove! table) (store table) key)))))

(define (hash-table-exists? table key)
  "Return true if KEY is in TABLE."
  (and (find-entry table key) #t))

(define* (hash-table-update! table key proc #:optional (default (fail key)))
  "Replace the value of KEY in TABLE, or what DEFAULT returns, by what PROC gives for it."
  (hash-table-set! table key (proc (hash-table-ref table key default))))

(define (hash-table-update!/default table key proc default)
  "Replace the value of KEY in TABLE, or DEFAULT, by what PROC gives for it."
  (hash-table-set! table key (proc (hash-table-ref/default table key default))))

(define (hash-table-fold table proc init)
  "Fold PROC over the keys and values of TABLE."
  (hash-fold (lambda (bucket entries result)
               (if (custom-hash table)
                   (let loop ((l entries) (result result))
                     (if (null? l)
                         result
                         (loop (cdr l) (proc (caar l) (cdar l) result))))
                   (proc (car entries) (cdr entries) result)))
             init (store table)))

(define (hash-table-walk table proc)
  "Apply PROC to the keys and values of TABLE."
  (hash-table-fold table (lambda (key value dummy) (proc key value)) #f))

(define (hash-table->alist table)
  "Return the alist of TABLE."
  (hash-table-fold table acons '()))

(define (hash-table-keys table)
  "Return the list of keys of TABLE."
  (hash-table-fold table (lambda (key value result) (cons key result)) '()))

(define (hash-table-values table)
  "Return the list of values of TABLE."
  (hash-table-fold table (lambda (key value result) (cons value result)) '()))

(define* (alist->hash-table alist #:optional (equal equal?) . rest)
  "Return a table of the pairs of ALIST, of which the first of each key counts."
  (let ((table (apply make-hash-table equal rest)))
    (for-each (lambda (entry) (hash-table-set! table (car entry) (cdr entry)))
              (reverse alist))
    table))

(define (hash-table-copy table)
  "Return a copy of TABLE."
  (hash-table-merge! (make-hash-table (hash-table-equivalence-function table)
                                      (custom-hash table))
                     table))

(define (hash-table-merge! table other)
  "Add what is in OTHER to TABLE; return TABLE."
  (hash-table-walk other (lambda (key value) (hash-table-set! table key value)))
  table)
