;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Optional arguments: lambda* and define* are in the core; these take lists of arguments apart.

(define-module (ice-9 optargs)
  #:re-export (lambda* define*)
  #:export (define*-public defmacro* defmacro*-public let-optional let-optional* let-keywords
            let-keywords*))

(define-syntax define*-public
  (syntax-rules ()
    ((_ (name . formals) body ...)
     (begin (define* (name . formals) body ...)
            (export name)))
    ((_ name value)
     (begin (define name value)
            (export name)))))

(define-syntax-rule (defmacro* name formals body ...)
  (define-macro name (lambda* formals body ...)))

(define-syntax-rule (defmacro*-public name formals body ...)
  (begin (defmacro* name formals body ...)
         (export-syntax name)))

(define-syntax let-optional
  (lambda (form)
    "Bind variables to the elements of a list, with defaults; a tail variable gets what is left."
    (syntax-case form ()
      ((_ rest-arg ((var default) ... . tail) body ...)
       (with-syntax (((tmp ...) (generate-temporaries #'(var ...))))
         #'(let-optional* rest-arg ((tmp default) ... . tail)
             (let ((var tmp) ...) body ...)))))))

(define-syntax let-optional*
  (syntax-rules ()
    ((_ rest-arg () body ...)
     (let ((rest rest-arg)) (let () body ...)))
    ((_ rest-arg ((var default) . more) body ...)
     (let* ((rest rest-arg)
            (var (if (null? rest) default (car rest)))
            (rest (if (null? rest) '() (cdr rest))))
       (let-optional* rest more body ...)))
    ((_ rest-arg (var . more) body ...)
     (let-optional* rest-arg ((var #f) . more) body ...))
    ((_ rest-arg tail body ...)
     (let ((tail rest-arg)) body ...))))

(define (keyword-value rest keyword default)
  "Return what follows KEYWORD in the list REST, or what DEFAULT returns."
  (let loop ((l rest))
    (cond ((or (null? l) (null? (cdr l))) (default))
          ((eq? (car l) keyword) (cadr l))
          ((keyword? (car l)) (loop (cddr l)))
          (else (loop (cdr l))))))

(define (check-keywords rest allowed)
  (let loop ((l rest))
    (when (and (pair? l) (pair? (cdr l)))
      (unless (memq (car l) allowed)
        (scm-error 'keyword-argument-error #f "Unrecognized keyword" '() (list (car l))))
      (loop (cddr l)))))

(define-syntax expand-let-keywords
  (lambda (form)
    (syntax-case form ()
      ((_ binder rest-arg allow-others? (binding ...) body ...)
       (with-syntax ((((var default) ...)
                      (map (lambda (b)
                             (syntax-case b ()
                               ((var default) #'(var default))
                               (var #'(var #f))))
                           #'(binding ...))))
         (with-syntax (((key ...)
                        (map (lambda (v)
                               (datum->syntax v (symbol->keyword (syntax->datum v))))
                             #'(var ...))))
           #'(let ((rest rest-arg))
               (unless allow-others?
                 (check-keywords rest '(key ...)))
               (binder ((var (keyword-value rest key (lambda () default))) ...)
                 body ...))))))))

(define-syntax-rule (let-keywords rest-arg allow-others? bindings body ...)
  (expand-let-keywords let rest-arg allow-others? bindings body ...))

(define-syntax-rule (let-keywords* rest-arg allow-others? bindings body ...)
  (expand-let-keywords let* rest-arg allow-others? bindings body ...))
