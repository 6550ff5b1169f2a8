;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-26: cut and cute.

(define-module (srfi srfi-26)
  #:export (cut cute))

(cond-expand-provide (current-module) '(srfi-26))

(eval-when (expand load eval)
  (define (slot? x) (and (identifier? x) (free-identifier=? x #'<>)))
  (define (rest-slot? x) (and (identifier? x) (free-identifier=? x #'<...>)))

  (define (expand form parts once?)
    ;; ONCE?: evaluate the parts that are no slots when the procedure is made.
    (let loop ((parts parts) (formals '()) (args '()) (bindings '()))
      (cond ((null? parts)
             (wrap bindings #`(lambda #,(reverse formals) #,(reverse args))))
            ((slot? (car parts))
             (let ((x (car (generate-temporaries '(x)))))
               (loop (cdr parts) (cons x formals) (cons x args) bindings)))
            ((rest-slot? (car parts))
             (unless (null? (cdr parts))
               (syntax-violation 'cut "<...> is not the last slot" form))
             (wrap bindings
                   #`(lambda (#,@(reverse formals) . rest)
                       (apply #,@(reverse args) rest))))
            (once?
             (let ((x (car (generate-temporaries '(x)))))
               (loop (cdr parts) formals (cons x args)
                     (cons (list x (car parts)) bindings))))
            (else (loop (cdr parts) formals (cons (car parts) args) bindings)))))

  (define (wrap bindings lambda-form)
    (if (null? bindings)
        lambda-form
        #`(let #,(reverse bindings) #,lambda-form))))

(define-syntax cut
  (lambda (form)
    "Return a procedure whose arguments fill the slots <> and <...> of the call."
    (syntax-case form ()
      ((_ part ...) (expand form #'(part ...) #f)))))

(define-syntax cute
  (lambda (form)
    "Like cut, evaluating what is not a slot only once, when the procedure is made."
    (syntax-case form ()
      ((_ part ...) (expand form #'(part ...) #t)))))
