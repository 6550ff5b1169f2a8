;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Association lists.
(define-module (suite alists) #:use-module (srfi srfi-1))
(define by-symbol (map (lambda (i) (cons (string->symbol (string-append "key" (number->string i))) i)) (iota 100)))
(define by-string (map (lambda (pair) (cons (symbol->string (car pair)) (cdr pair))) by-symbol))
(define (kernel)
  (let loop ((i 0) (sum 0))
    (if (= i 400)
        sum
        (loop (+ i 1)
              (+ sum
                 (assq-ref by-symbol 'key77)
                 (cdr (assoc "key55" by-string))
                 (assoc-ref by-string "key33")
                 (cdr (assv 'key99 by-symbol))
                 (length (alist-delete 'key5 by-symbol eq?))
                 (length (alist-cons 'a 1 by-symbol))
                 (length (memq 'd '(a b c d e f)))
                 (length (member "key" '("a" "b" "key"))))))))
(write (kernel))
(newline)
