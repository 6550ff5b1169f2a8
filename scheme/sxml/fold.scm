;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Folds over trees.

(define-module (sxml fold)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-11)
  #:export (foldt foldts foldts* fold-values foldts*-values))

(define (atom? x)
  (not (pair? x)))

(define (foldt fup fhere tree)
  "Return what FHERE makes of leaves and FUP of lists of results."
  (if (atom? tree)
      (fhere tree)
      (fup (map (lambda (kid) (foldt fup fhere kid)) tree))))

(define (foldts fdown fup fhere seed tree)
  "Fold with a seed: FDOWN makes the seed for a node's kids, FUP joins it with what they gave."
  (if (atom? tree)
      (fhere seed tree)
      (fup seed
           (fold (lambda (kid kid-seed) (foldts fdown fup fhere kid-seed kid))
                 (fdown seed tree)
                 tree)
           tree)))

(define (foldts* fdown fup fhere seed tree)
  "As foldts, but FDOWN gives the tree to go into as well."
  (if (atom? tree)
      (fhere seed tree)
      (call-with-values (lambda () (fdown seed tree))
        (lambda (kid-seed tree)
          (fup seed
               (fold (lambda (kid kid-seed) (foldts* fdown fup fhere kid-seed kid))
                     kid-seed
                     tree)
               tree)))))

(define (fold-values proc lst . seeds)
  "Fold PROC, which takes an element and the seeds and gives new seeds, over LST."
  (if (null? lst)
      (apply values seeds)
      (call-with-values (lambda () (apply proc (car lst) seeds))
        (lambda seeds (apply fold-values proc (cdr lst) seeds)))))

(define (foldts*-values fdown fup fhere tree . seeds)
  "As foldts*, with any number of seeds, which come after the tree."
  (if (atom? tree)
      (apply fhere tree seeds)
      (call-with-values (lambda () (apply fdown tree seeds))
        (lambda (new-tree . kid-seeds)
          (call-with-values
              (lambda ()
                (apply fold-values
                       (lambda (kid . seeds) (apply foldts*-values fdown fup fhere kid seeds))
                       new-tree kid-seeds))
            (lambda kid-seeds (apply fup new-tree (append seeds kid-seeds))))))))
