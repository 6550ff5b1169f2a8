;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-11: let-values and let*-values.

(define-module (srfi srfi-11)
  #:export (let-values let*-values))

(cond-expand-provide (current-module) '(srfi-11))

(define-syntax let-values
  (lambda (form)
    "Bind the values of the expressions, all evaluated before any is bound, and evaluate the body."
    (define (rename formals)
      ;; The formals with fresh names, and the list of (ID FRESH).
      (syntax-case formals ()
        (() (values '() '()))
        ((id . rest)
         (call-with-values (lambda () (rename #'rest))
           (lambda (fresh pairs)
             (let ((tmp (car (generate-temporaries #'(id)))))
               (values (cons tmp fresh) (cons (list #'id tmp) pairs))))))
        (id
         (let ((tmp (car (generate-temporaries #'(id)))))
           (values tmp (list (list #'id tmp)))))))
    (syntax-case form ()
      ((_ () body ...) #'(let () body ...))
      ((_ ((formals expr)) body ...)
       #'(call-with-values (lambda () expr) (lambda formals body ...)))
      ((_ ((formals expr) ...) body ...)
       (let loop ((formals #'(formals ...)) (exprs #'(expr ...)) (bindings '()))
         (if (null? formals)
             #`(let #,bindings body ...)
             (call-with-values (lambda () (rename (car formals)))
               (lambda (fresh pairs)
                 #`(call-with-values (lambda () #,(car exprs))
                     (lambda #,fresh
                       #,(loop (cdr formals) (cdr exprs) (append bindings pairs))))))))))))

(define-syntax let*-values
  (syntax-rules ()
    ((_ () body ...) (let () body ...))
    ((_ ((formals expr) rest ...) body ...)
     (call-with-values (lambda () expr)
       (lambda formals (let*-values (rest ...) body ...))))))
