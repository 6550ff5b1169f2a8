;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Transformation of SXML by tables of handlers, and output of text in fragments.

(define-module (sxml transform)
  #:export (SRV:send-reply foldts post-order pre-post-order replace-range))

(define (pre-post-order tree bindings)
  "Return what the handlers of BINDINGS make of TREE, children first.  An entry is (TAG . HANDLER), which gets the tag
and the new children; (TAG *preorder* . HANDLER) gets the element as it is; (TAG *macro* . HANDLER) too, and what it
gives is transformed; (TAG MORE-BINDINGS . HANDLER) has more bindings below it."
  (let ((default (assq '*default* bindings))
        (text (or (assq '*text* bindings) (assq '*default* bindings))))
    (define (children of bindings)
      (if (list? of)
          (map (lambda (child) (pre-post-order child bindings)) of)
          of))
    (define (transform tree)
      (cond ((null? tree) '())
            ((not (pair? tree))
             (if text
                 ((if (procedure? (cdr text)) (cdr text) (cddr text)) '*text* tree)
                 (error "Unknown binding for *text* and no default")))
            ((not (symbol? (car tree))) (map transform tree))
            (else
             (let ((binding (or (assq (car tree) bindings) default)))
               (cond ((not binding)
                      (error "Unknown binding for" (car tree) "and no default"))
                     ((procedure? (cdr binding))
                      (apply (cdr binding) (car tree) (map transform (cdr tree))))
                     ((eq? (cadr binding) '*preorder*)
                      (apply (cddr binding) tree))
                     ((eq? (cadr binding) '*macro*)
                      (transform (apply (cddr binding) tree)))
                     (else
                      (apply (cddr binding) (car tree)
                             (children (cdr tree) (append (cadr binding) bindings)))))))))
    (transform tree)))

(define post-order pre-post-order)

(define (foldts fdown fup fhere seed tree)
  "Fold over TREE: FDOWN makes the seed for an element's children, FUP joins it with what they gave, FHERE takes
leaves."
  (cond ((null? tree) seed)
        ((not (pair? tree)) (fhere seed tree))
        (else
         (let loop ((kid-seed (fdown seed tree)) (kids (cdr tree)))
           (if (null? kids)
               (fup seed kid-seed tree)
               (loop (foldts fdown fup fhere kid-seed (car kids)) (cdr kids)))))))

(define (replace-range begin? end? forest)
  "Return FOREST with the ranges replaced that begin where BEGIN? gives a list of nodes, which take their place, and
end where END? does for a node after it, whose list follows."
  ;; Gives the new forest and what is left of the old one after an end.
  (define (copy nodes)
    (if (null? nodes)
        '()
        (let ((node (car nodes)))
          (cond ((begin? node) => (lambda (new) (append new (skip (cdr nodes)))))
                ((not (pair? node)) (cons node (copy (cdr nodes))))
                (else (cons (cons (car node) (copy (cdr node))) (copy (cdr nodes))))))))
  (define (skip nodes)
    (if (null? nodes)
        '()
        (let ((node (car nodes)))
          (cond ((end? node) => (lambda (new) (append new (copy (cdr nodes)))))
                ((not (pair? node)) (skip (cdr nodes)))
                (else
                 (let ((inner (skip (cdr node))))
                   (if (null? inner)
                       (skip (cdr nodes))
                       (cons (cons (car node) inner) (copy (cdr nodes))))))))))
  (copy forest))

(define (SRV:send-reply . fragments)
  "Display FRAGMENTS on the current output port: lists are gone into, procedures called; #f and () are nothing.
Return true if anything has been displayed."
  (let loop ((fragments fragments) (any? #f))
    (if (null? fragments)
        any?
        (let ((fragment (car fragments)))
          (cond ((or (not fragment) (null? fragment)) (loop (cdr fragments) any?))
                ((eq? fragment #t) (loop (cdr fragments) #t))
                ((pair? fragment) (loop (cdr fragments) (loop fragment any?)))
                ((procedure? fragment)
                 (fragment)
                 (loop (cdr fragments) #t))
                (else
                 (display fragment)
                 (loop (cdr fragments) #t)))))))
