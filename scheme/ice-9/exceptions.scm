;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Exception types and guard.  The types themselves are made at start: see ice-9/boot/exceptions.scm.

(define-module (ice-9 exceptions)
  #:re-export (&exception &error &programming-error &quit-exception &non-continuable
               make-exception make-exception-type simple-exceptions exception? exception-type?
               exception-predicate exception-accessor exception-kind exception-args
               raise-exception with-exception-handler)
  #:export (&message &irritants &origin &warning &external-error &assertion-failure
            &implementation-restriction &lexical &syntax &undefined-variable
            define-exception-type guard raise-continuable
            make-exception-with-message exception-with-message? exception-message
            make-warning warning? make-error error?
            make-external-error external-error? make-quit-exception quit-exception?
            make-programming-error programming-error?
            make-assertion-failure assertion-failure?
            make-exception-with-irritants exception-with-irritants? exception-irritants
            make-exception-with-origin exception-with-origin? exception-origin
            make-non-continuable-error non-continuable-error?
            make-implementation-restriction-error implementation-restriction-error?
            make-lexical-error lexical-error?
            make-syntax-error syntax-error? syntax-error-form syntax-error-subform
            make-undefined-variable-error undefined-variable-error?))

;; Names of (guile) that Guile does not show.
(define &message (@@ (guile) %&message))
(define &irritants (@@ (guile) %&irritants))
(define &origin (@@ (guile) %&origin))
(define &warning (@@ (guile) %&warning))
(define &external-error (@@ (guile) %&external-error))
(define &assertion-failure (@@ (guile) %&assertion-failure))
(define &implementation-restriction (@@ (guile) %&implementation-restriction))
(define &lexical (@@ (guile) %&lexical))
(define &syntax (@@ (guile) %&syntax))
(define &undefined-variable (@@ (guile) %&undefined-variable))

(define-syntax-rule (define-procedures type constructor predicate (field accessor) ...)
  (begin
    (define constructor (record-constructor type))
    (define predicate (exception-predicate type))
    (define accessor (exception-accessor type (record-accessor type 'field)))
    ...))

(define-syntax-rule (define-exception-type type supertype constructor predicate
                      (field accessor) ...)
  (begin
    (define type
      (make-record-type 'type '((immutable field) ...) #:parent supertype #:extensible? #t))
    (define-procedures type constructor predicate (field accessor) ...)))

(define-procedures &error make-error error?)
(define-procedures &programming-error make-programming-error programming-error?)
(define-procedures &quit-exception make-quit-exception quit-exception?)
(define-procedures &non-continuable make-non-continuable-error non-continuable-error?)
(define-procedures &message make-exception-with-message exception-with-message?
  (message exception-message))
(define-procedures &irritants make-exception-with-irritants exception-with-irritants?
  (irritants exception-irritants))
(define-procedures &origin make-exception-with-origin exception-with-origin?
  (origin exception-origin))
(define-procedures &warning make-warning warning?)
(define-procedures &external-error make-external-error external-error?)
(define-procedures &assertion-failure make-assertion-failure assertion-failure?)
(define-procedures &implementation-restriction make-implementation-restriction-error
  implementation-restriction-error?)
(define-procedures &lexical make-lexical-error lexical-error?)
(define-procedures &syntax make-syntax-error syntax-error?
  (form syntax-error-form) (subform syntax-error-subform))
(define-procedures &undefined-variable make-undefined-variable-error undefined-variable-error?)

(define (raise-continuable obj)
  "Raise OBJ; the handler's values are returned."
  (raise-exception obj #:continuable? #t))

(define-syntax guard
  (lambda (form)
    "Evaluate the body; the clauses, as of cond, handle what it raises.  Tests are evaluated where the exception
was raised; the consequent of the first true one outside of the body."
    (define (dispatch clauses escape reraise)
      ;; An expression that runs ESCAPE with a thunk, or RERAISE.
      (syntax-case clauses (else =>)
        (() reraise)
        (((else body ...))
         #`(#,escape (lambda () body ...)))
        (((test => receiver) . rest)
         #`(let ((value test))
             (if value
                 (#,escape (lambda () (receiver value)))
                 #,(dispatch #'rest escape reraise))))
        (((test) . rest)
         #`(let ((value test))
             (if value
                 (#,escape (lambda () value))
                 #,(dispatch #'rest escape reraise))))
        (((test body ...) . rest)
         #`(if test
               (#,escape (lambda () body ...))
               #,(dispatch #'rest escape reraise)))))
    (define (always? clauses)
      (syntax-case clauses (else)
        (((else . body)) #t)
        (_ #f)))
    (syntax-case form ()
      ((_ (var clause ...) body ...)
       (identifier? #'var)
       (if (always? #'(clause ...))
           (syntax-case #'(clause ...) ()
             (((_ handler ...))
              #'(with-exception-handler
                 (lambda (var) handler ...)
                 (lambda () body ...)
                 #:unwind? #t)))
           #`(let ((tag (make-prompt-tag "guard")))
               (call-with-prompt tag
                 (lambda ()
                   (with-exception-handler
                    (lambda (var)
                      #,(dispatch #'(clause ...) #'(lambda (thunk) (abort-to-prompt tag thunk))
                                  #'(raise-continuable var)))
                    (lambda () body ...)))
                 (lambda (k thunk) (thunk)))))))))
