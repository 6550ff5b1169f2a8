;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-10: #,(TAG DATUM ...) reads as what the tag's constructor makes of the data.

(define-module (srfi srfi-10)
  #:export (define-reader-ctor))

(cond-expand-provide (current-module) '(srfi-10))

(define constructors (make-hash-table))

(define (define-reader-ctor tag constructor)
  "Have CONSTRUCTOR make the datum of #,(TAG ...)."
  (hashq-set! constructors tag constructor))

;; What has no constructor is an abbreviation of syntax templates, as without this module: files read later on
;; may have some.
(read-hash-extend #\,
                  (lambda (char port)
                    (if (eqv? (peek-char port) #\@)
                        (begin
                          (read-char port)
                          (list 'unsyntax-splicing (read port)))
                        (let* ((form (read port))
                               (constructor (and (pair? form) (symbol? (car form))
                                                 (hashq-ref constructors (car form)))))
                          (if constructor
                              (apply constructor (cdr form))
                              (list 'unsyntax form))))))
