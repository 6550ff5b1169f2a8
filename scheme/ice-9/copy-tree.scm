;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Copies of trees of pairs and vectors.

(define-module (ice-9 copy-tree)
  #:export (copy-tree))

(define (copy-tree obj)
  "Return a copy of OBJ, its pairs and vectors."
  (cond ((pair? obj)
         (let ((head (copy-tree (car obj))))
           (cons head (copy-tree (cdr obj)))))
        ((vector? obj) (list->vector (map copy-tree (vector->list obj))))
        (else obj)))
