;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-197: pipelines.  In each step `_' stands for the value of the one before, `_ ...' for the rest of several.

(define-module (srfi srfi-197)
  #:export (chain chain-and chain-when chain-lambda nest nest-reverse))

(cond-expand-provide (current-module) '(srfi-197))

(eval-when (expand load eval)
  (define (placeholder? stx mark)
    (and (identifier? stx) (eq? (syntax->datum stx) mark)))

  (define (fill step mark)
    "Return the formals of the lambda for STEP, and its body."
    (let loop ((parts step) (formals '()) (body '()))
      (syntax-case parts ()
        (() (values (reverse formals) #`#,(reverse body)))
        ((part dots)
         (and (placeholder? #'part mark) (placeholder? #'dots '...))
         (with-syntax (((rest) (generate-temporaries '(rest))))
           (values (append-reverse formals #'rest)
                   #`(apply #,@(reverse body) rest))))
        ((part . more)
         (placeholder? #'part mark)
         (with-syntax (((value) (generate-temporaries '(value))))
           (loop #'more (cons #'value formals) (cons #'value body))))
        ((part . more) (loop #'more formals (cons #'part body))))))

  (define (append-reverse lst tail)
    (if (null? lst) tail (append-reverse (cdr lst) (cons (car lst) tail)))))

(define-syntax chain
  (lambda (stx)
    (syntax-case stx ()
      ((_ value) #'value)
      ((_ value step more ...)
       (call-with-values (lambda () (fill #'step '_))
         (lambda (formals body)
           #`(chain (call-with-values (lambda () value) (lambda #,formals #,body)) more ...)))))))

(define-syntax chain-and
  (lambda (stx)
    (syntax-case stx ()
      ((_ value) #'value)
      ((_ value step more ...)
       (call-with-values (lambda () (fill #'step '_))
         (lambda (formals body)
           (with-syntax (((given) (generate-temporaries '(given))))
             #`(let ((given value))
                 (and given
                      (chain-and #,(if (null? formals)
                                       body
                                       #`((lambda #,formals #,body) given))
                                 more ...))))))))))

(define-syntax chain-when
  (lambda (stx)
    (syntax-case stx ()
      ((_ value) #'value)
      ((_ value (test step) more ...)
       (call-with-values (lambda () (fill #'step '_))
         (lambda (formals body)
           (with-syntax (((given) (generate-temporaries '(given))))
             #`(chain-when (let ((given value))
                             (if test
                                 #,(if (null? formals) body #`((lambda #,formals #,body) given))
                                 given))
                           more ...))))))))

(define-syntax chain-lambda
  (lambda (stx)
    (syntax-case stx ()
      ((_ step more ...)
       (call-with-values (lambda () (fill #'step '_))
         (lambda (formals body)
           #`(lambda #,formals (chain #,body more ...))))))))

(define-syntax nest
  (lambda (stx)
    (syntax-case stx ()
      ((_ last) #'last)
      ((_ step more ... last)
       (let replace ((stx #'step))
         (syntax-case stx ()
           (mark (placeholder? #'mark '_) #'(nest more ... last))
           ((a . b) #`(#,(replace #'a) . #,(replace #'b)))
           (other #'other)))))))

(define-syntax nest-reverse
  (lambda (stx)
    (syntax-case stx ()
      ((_ first) #'first)
      ((_ first step ...)
       #`(nest #,@(reverse #'(step ...)) first)))))
