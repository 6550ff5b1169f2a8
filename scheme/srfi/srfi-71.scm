;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-71: let, let* and letrec for multiple values.

(define-module (srfi srfi-71)
  #:export (uncons unlist unvector values->list values->vector)
  #:replace ((srfi-71:let . let) (srfi-71:let* . let*) (srfi-71:letrec . letrec)))

(cond-expand-provide (current-module) '(srfi-71))

(eval-when (expand load eval)
  (define (binding-parts binding)
    ;; The formals and the expression of BINDING.
    (syntax-case binding (values)
      (((values . formals) expr) (values #'formals #'expr))
      ((var expr) (values #'(var) #'expr))
      ((var ... expr) (values #'(var ...) #'expr))))

  (define (single? formals)
    (syntax-case formals ()
      ((var) #t)
      (_ #f)))

  (define (rename formals)
    (syntax-case formals ()
      (() (values '() '()))
      ((id . rest)
       (call-with-values (lambda () (rename #'rest))
         (lambda (fresh pairs)
           (let ((tmp (car (generate-temporaries #'(id)))))
             (values (cons tmp fresh) (cons (list #'id tmp) pairs))))))
      (id
       (let ((tmp (car (generate-temporaries #'(id)))))
         (values tmp (list (list #'id tmp))))))))

(define-syntax srfi-71:let
  (lambda (form)
    "Like let; a binding may have several variables, or (values . formals)."
    (syntax-case form ()
      ((_ ((var expr) ...) body ...)
       (and-map identifier? #'(var ...))
       #'(let ((var expr) ...) body ...))
      ((_ (binding ...) body ...)
       (let loop ((bindings #'(binding ...)) (all '()))
         (if (null? bindings)
             #`(let #,all body ...)
             (call-with-values (lambda () (binding-parts (car bindings)))
               (lambda (formals expr)
                 (call-with-values (lambda () (rename formals))
                   (lambda (fresh pairs)
                     #`(call-with-values (lambda () #,expr)
                         (lambda #,fresh #,(loop (cdr bindings) (append all pairs)))))))))))
      ((_ name ((var expr) ...) body ...)
       (identifier? #'name)
       #'(let name ((var expr) ...) body ...)))))

(define-syntax srfi-71:let*
  (lambda (form)
    "Like let*; a binding may have several variables, or (values . formals)."
    (syntax-case form ()
      ((_ () body ...) #'(let () body ...))
      ((_ (binding rest ...) body ...)
       (call-with-values (lambda () (binding-parts #'binding))
         (lambda (formals expr)
           (if (single? formals)
               #`(let ((#,(car (syntax-case formals () ((v) (list #'v)))) #,expr))
                   (srfi-71:let* (rest ...) body ...))
               #`(call-with-values (lambda () #,expr)
                   (lambda #,formals (srfi-71:let* (rest ...) body ...))))))))))

(define-syntax srfi-71:letrec
  (lambda (form)
    "Like letrec; a binding may have several variables, or (values . formals)."
    (syntax-case form ()
      ((_ ((var expr) ...) body ...)
       (and-map identifier? #'(var ...))
       #'(letrec ((var expr) ...) body ...))
      ((_ (binding ...) body ...)
       (let loop ((bindings #'(binding ...)) (vars '()) (steps '()))
         (if (null? bindings)
             #`(let #,(map (lambda (v) #`(#,v #f)) vars)
                 #,@(reverse steps)
                 (let () body ...))
             (call-with-values (lambda () (binding-parts (car bindings)))
               (lambda (formals expr)
                 (call-with-values (lambda () (rename formals))
                   (lambda (fresh pairs)
                     (loop (cdr bindings)
                           (append vars (map car pairs))
                           (cons #`(call-with-values (lambda () #,expr)
                                     (lambda #,fresh
                                       #,@(map (lambda (p) #`(set! #,(car p) #,(cadr p)))
                                               pairs)
                                       #f))
                                 steps))))))))))))

(define (uncons pair)
  "Return the car and the cdr of PAIR."
  (values (car pair) (cdr pair)))

(define (unlist lst)
  "Return the elements of LST as values."
  (apply values lst))

(define (unvector vec)
  "Return the elements of VEC as values."
  (apply values (vector->list vec)))

(define-syntax-rule (values->list expr)
  (call-with-values (lambda () expr) list))

(define-syntax-rule (values->vector expr)
  (call-with-values (lambda () expr) vector))
