;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Evaluate the text of a program.

(define-module (ice-9 eval-string)
  #:export (eval-string))

(define* (eval-string str #:key (module (current-module)) (file #f) (line #f) (column #f)
                      (lang 'scheme) (compile? #f))
  "Evaluate the expressions in STR, in MODULE; return the value of the last."
  (let ((port (open-input-string str)))
    (when file (set-port-filename! port file))
    (when line (set-port-line! port line))
    (when column (set-port-column! port column))
    (let loop ((result (if #f #f)))
      (let ((form (read port)))
        (if (eof-object? form)
            result
            (loop (eval form module)))))))
