;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Persistent maps: vhashes filled and searched.
(define-module (suite vlists) #:use-module (ice-9 vlist))
(define (kernel)
  (let* ((h (let loop ((i 0) (h vlist-null)) (if (= i 1500) h (loop (+ i 1) (vhash-cons (number->string i) i h)))))
         (q (let loop ((i 0) (h vlist-null)) (if (= i 1500) h (loop (+ i 1) (vhash-consq i (* i i) h))))))
    (list (let loop ((i 0) (sum 0)) (if (= i 1500) sum (loop (+ i 1) (+ sum (cdr (vhash-assoc (number->string i) h)) (cdr (vhash-assq i q))))))
          (vlist-fold (lambda (pair sum) (+ sum (cdr pair))) 0 q))))
(write (kernel))
(newline)
