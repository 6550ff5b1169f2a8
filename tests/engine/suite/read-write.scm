;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; A large datum written and read back.
(define-module (suite read-write))
(define (datum n)
  (if (= n 0)
      '(leaf "string with \"quotes\" and \\ and λ" #\a 1.5 -17 #t #f #:key)
      (list 'package (list 'name (number->string n)) (vector n 'symbol-name) (datum (- n 1)) (datum (- n 1)) (cons n "pair"))))
(define (kernel)
  (let* ((datum (datum 8))
         (text (call-with-output-string (lambda (port) (write datum port))))
         (back (call-with-input-string text read)))
    (list (string-length text) (equal? back datum))))
(write (kernel))
(newline)
