;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Formatted text.
(define-module (suite format) #:use-module (ice-9 format))
(define (kernel)
  (let loop ((i 0) (n 0))
    (if (= i 300)
        n
        (loop (+ i 1)
              (+ n
                 (string-length (format #f "~a is ~s, ~5,2f%~%" i "text" (/ i 7.0)))
                 (string-length (format #f "~10a|~8@a|~5d|~x" 'name "right" i i))
                 (string-length (format #f "~{~a~^, ~}" '(1 2 3)))
                 (string-length (simple-format #f "~A: ~S" 'key "value")))))))
(write (kernel))
(newline)
