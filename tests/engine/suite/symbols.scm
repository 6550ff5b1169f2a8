;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Symbols, keywords and eq?.
(define-module (suite symbols))
(define names (map (lambda (i) (string-append "name-" (number->string i))) (iota 500)))
(define (kernel)
  (let loop ((i 0) (n 0))
    (if (= i 10)
        n
        (let ((symbols (map string->symbol names)))
          (loop (+ i 1)
                (+ n
                   (length (filter (lambda (s) (eq? s 'name-77)) symbols))
                   (length (filter (lambda (s) (memq s '(name-1 name-2 name-3))) symbols))
                   (string-length (symbol->string (apply symbol-append (list-head symbols 20))))
                   (apply + (map (lambda (s) (string-length (symbol->string s))) symbols))
                   (length (filter keyword? (map symbol->keyword symbols)))))))))
(write (kernel))
(newline)
