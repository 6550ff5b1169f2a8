;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; What makes trees of parses handier.

(define-module (ice-9 peg simplify-tree)
  #:use-module (srfi srfi-1)
  #:export (string-collapse context-flatten keyword-flatten))

(define (flush strings)
  "Return the list of what STRINGS, the last one first, are together."
  (if (null? strings)
      '()
      (list (string-concatenate-reverse strings))))

(define (join-strings lst)
  "Return LST with neighbouring strings made one.  Those before a list that starts with a string go into it as they are."
  (let loop ((lst lst) (strings '()) (seen '()))
    (cond ((null? lst) (append-reverse seen (flush strings)))
          ((string? (car lst)) (loop (cdr lst) (cons (car lst) strings) seen))
          ((and (pair? (car lst)) (string? (caar lst)))
           (loop (cdr lst) '() (cons (append-reverse strings (car lst)) seen)))
          (else (loop (cdr lst) '() (cons (car lst) (append (flush strings) seen)))))))

(define (string-collapse tree)
  "Return TREE with neighbouring strings in its lists made one; a list of one thing is that thing."
  (if (list? tree)
      (let ((joined (join-strings (map string-collapse tree))))
        (if (and (pair? joined) (null? (cdr joined)))
            (car joined)
            joined))
      tree))

(define (context-flatten pred? tree)
  "Return the list of the subtrees of TREE for which PRED? is true, and of what is no list outside of them."
  (if (or (not (list? tree)) (pred? tree))
      (list tree)
      (append-map (lambda (part) (context-flatten pred? part)) tree)))

(define (keyword-flatten keywords tree)
  "As context-flatten, for lists that start with one of KEYWORDS."
  (context-flatten (lambda (part) (or (null? part) (memq (car part) keywords))) tree))
