;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Hash tables from association lists.

(define-module (ice-9 hash-table)
  #:export (alist->hash-table alist->hashq-table alist->hashv-table alist->hashx-table))

(define-syntax-rule (define-converter name set)
  (define* (name alist #:optional size)
    "Return a hash table of the pairs of ALIST, of which the first of each key counts."
    (let ((table (make-hash-table)))
      (for-each (lambda (entry) (set table (car entry) (cdr entry)))
                (reverse alist))
      table)))

(define-converter alist->hash-table hash-set!)
(define-converter alist->hashq-table hashq-set!)
(define-converter alist->hashv-table hashv-set!)

(define* (alist->hashx-table hash assoc alist #:optional size)
  "Return a hash table by HASH and ASSOC of the pairs of ALIST."
  (let ((table (make-hash-table)))
    (for-each (lambda (entry) (hashx-set! hash assoc table (car entry) (cdr entry)))
              (reverse alist))
    table))
