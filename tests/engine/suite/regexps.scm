;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Regular expressions.
(define-module (suite regexps) #:use-module (ice-9 regex))
(define line (make-regexp "^([a-z]+)-([0-9]+(\\.[0-9]+)*)\\.tar\\.(gz|xz)$"))
(define (kernel)
  (let loop ((i 0) (n 0))
    (if (= i 500)
        n
        (let ((m (regexp-exec line (string-append "hello-" (number->string i) ".10.tar.gz"))))
          (loop (+ i 1)
                (+ n (string-length (match:substring m 2))
                   (length (list-matches "[0-9]" "a1b22c333"))
                   (string-length (regexp-substitute/global #f "a+" "banana" 'pre "o" 'post))))))))
(write (kernel))
(newline)
