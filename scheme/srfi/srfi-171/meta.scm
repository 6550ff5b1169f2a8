;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; What transducers are made with: reduced values, and reductions that stop at them.

(define-module (srfi srfi-171 meta)
  #:use-module (srfi srfi-9)
  #:use-module (rnrs bytevectors)
  #:export (reduced reduced? unreduce ensure-reduced preserving-reduced
            list-reduce vector-reduce string-reduce bytevector-u8-reduce port-reduce
            generator-reduce))

(define-record-type <reduced>
  (reduced value)
  reduced?
  (value unreduce))

(define (ensure-reduced x)
  (if (reduced? x) x (reduced x)))

(define (preserving-reduced reducer)
  "Return REDUCER for use within a reduction that takes one layer of <reduced> off."
  (lambda (result item)
    (let ((result (reducer result item)))
      (if (reduced? result) (reduced result) result))))

(define (generator-reduce f identity generator)
  "Reduce what GENERATOR gives with F."
  (let loop ((result identity))
    (let ((item (generator)))
      (if (eof-object? item)
          result
          (let ((result (f result item)))
            (if (reduced? result)
                (unreduce result)
                (loop result)))))))

(define (list-reduce f identity lst)
  "Reduce LST with F."
  (if (null? lst)
      identity
      (let ((result (f identity (car lst))))
        (if (reduced? result)
            (unreduce result)
            (list-reduce f result (cdr lst))))))

(define (indexed-reduce f identity length ref)
  (let loop ((i 0) (result identity))
    (if (= i length)
        result
        (let ((result (f result (ref i))))
          (if (reduced? result)
              (unreduce result)
              (loop (+ i 1) result))))))

(define (vector-reduce f identity vec)
  (indexed-reduce f identity (vector-length vec) (lambda (i) (vector-ref vec i))))

(define (string-reduce f identity str)
  (indexed-reduce f identity (string-length str) (lambda (i) (string-ref str i))))

(define (bytevector-u8-reduce f identity bv)
  (indexed-reduce f identity (bytevector-length bv) (lambda (i) (bytevector-u8-ref bv i))))

(define (port-reduce f identity reader port)
  (generator-reduce f identity (lambda () (reader port))))
