;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Arrays of any rank, and views of them.
(define-syntax-rule (t e ...) (begin (begin (write 'e) (display " => ") (write (catch #t (lambda () e) (lambda a a))) (newline)) ...))
(define a (make-array 0 2 3)) (define b (make-array 'x '(1 2) '(-1 1)))
(array-set! a 5 1 2)
(t a b (array-ref a 1 2) (array-ref a 2 0) (array-ref a 1) (array-rank a) (array-dimensions a) (array-dimensions b) (array-shape a) (array-shape b) (array-length a) (array-in-bounds? a 1 2) (array-in-bounds? a 2 2) (array->list a) (list->array 2 '((1 2) (3 4))) (list->array 1 '(1 2)) (list->typed-array 'u8 2 '((1 2) (3 4))) (make-typed-array 'f64 1.5 2 2) #2((1 2) (3 4)) (equal? #2((1 2) (3 4)) (list->array 2 '((1 2) (3 4)))) (array-equal? #2((1 2)) #2((1 2))) (make-array 7) (array-ref (make-array 7)) #0(5) #2u8((1 2) (3 4)) #1@2(a b) #2@1@2((1 2)) (make-array 0 0 2) (make-array 1 3) (make-array 1 '(1 3))
 (let ((c (make-array 0 2 2))) (array-index-map! c list) c) (let ((c (make-array 0 2 2))) (array-map! c + #2((1 2) (3 4)) #2((10 20) (30 40))) c) (let ((l '())) (array-for-each (lambda (x) (set! l (cons x l))) #2((1 2) (3 4))) l)
 (let ((c (make-array 0 2 2))) (array-copy! #2((1 2) (3 4)) c) c) (let ((c (make-array 0 2 2))) (array-fill! c 9) c)
 (transpose-array #2((1 2 3) (4 5 6)) 1 0) (make-shared-array #2((1 2) (3 4)) (lambda (i) (list i i)) 2) (make-shared-array #(0 1 2 3 4 5) (lambda (i j) (list (+ (* 3 i) j))) 2 3) (array-cell-ref #2((1 2) (3 4)) 1) (array-slice #2((1 2) (3 4)) 0) (array-contents #2((1 2) (3 4))) (array-type a) (array-type #2u8((1))) (typed-array? a #t) (array? a) (vector? a) (array? 5) (list->array '((1 2)) '(a b)) (shared-array-offset b) (shared-array-increments a) (shared-array-root (make-array 3 2))
 (let ((s (make-shared-array a (lambda (i) (list 0 i)) 3))) (array-set! s 'q 1) a) (let ((c (make-array 0 2 2))) (array-cell-set! c #(7 8) 1) c) (array->list #2((1) (2))) (list->array 2 '((1 2) (3))) (array->list (make-array 7)))
