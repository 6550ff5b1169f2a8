;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; (t EXPR ...) prints each expression's values, or the error it raises.
(define-syntax-rule (t e ...)
  (begin (show 'e (lambda () e)) ...))
(define (show source thunk)
  (write source)
  (display " => ")
  (write (catch #t
           (lambda () (call-with-values thunk list))
           (lambda (key . args)
             (list 'error key
                   (cond ((and (eq? key '%exception) (pair? args) (exception? (car args)))
                          (map (lambda (e) (cons (record-type-name (record-type-descriptor e))
                                                 (and (not (null? (record-type-fields (record-type-descriptor e))))
                                                      (object->string (struct-ref e 0)))))
                               (simple-exceptions (car args))))
                         ;; Compiled and interpreted calls of `error' give different formats.
                         ((eq? key 'misc-error)
                          (apply simple-format #f (cadr args) (or (caddr args) '())))
                         (else args))))))
  (newline))
