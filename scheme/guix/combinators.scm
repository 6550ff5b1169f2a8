;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Folds that carry several values.

(define-module (guix combinators)
  #:use-module (srfi srfi-1)
  #:use-module (ice-9 match)
  #:use-module (ice-9 vlist)
  #:export (fold2 fold-tree fold-tree-leaves define-compile-time-procedure))

(define fold2
  (case-lambda

    ((proc seed1 seed2 lst)
     (let loop ((lst lst) (a seed1) (b seed2))
       (if (null? lst)
           (values a b)
           (call-with-values (lambda () (proc (car lst) a b))
             (lambda (a b) (loop (cdr lst) a b))))))
    ((proc seed1 seed2 lst1 lst2)
     (let loop ((lst1 lst1) (lst2 lst2) (a seed1) (b seed2))
       (if (or (null? lst1) (null? lst2))
           (values a b)
           (call-with-values (lambda () (proc (car lst1) (car lst2) a b))
             (lambda (a b) (loop (cdr lst1) (cdr lst2) a b))))))))

(define (fold-tree proc init children roots)
  "Fold PROC over each node once, from ROOTS; CHILDREN gives a node's children."
  (let loop ((result init) (seen vlist-null) (pending roots))
    (match pending
      (() result)
      ((head . tail)
       (if (vhash-assq head seen)
           (loop result seen tail)
           (loop (proc head result) (vhash-consq head #t seen)
                 (append tail (children head))))))))

(define (fold-tree-leaves proc init children roots)
  "Like `fold-tree', for the nodes without children."
  (fold-tree (lambda (node result)
               (if (null? (children node)) (proc node result) result))
             init children roots))

(define-syntax-rule (define-compile-time-procedure (proc (arg pred) ...) body ...)
  (define (proc arg ...) body ...))
