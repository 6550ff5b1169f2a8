;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-98: environment variables.

(define-module (srfi srfi-98)
  #:export (get-environment-variable get-environment-variables))

(cond-expand-provide (current-module) '(srfi-98))

(define (get-environment-variable name)
  "Return the value of the environment variable NAME, or #f."
  (getenv name))

(define (get-environment-variables)
  "Return the alist of environment variables."
  (map (lambda (entry)
         (let ((eq (string-index entry #\=)))
           (cons (substring entry 0 eq) (substring entry (+ eq 1)))))
       (environ)))
