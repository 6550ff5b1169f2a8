;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS conditions: the exceptions of the core under other names.

(define-module (rnrs conditions)
  #:use-module ((ice-9 exceptions) #:prefix x:)
  #:export (&assertion &condition &implementation-restriction &irritants &lexical
            &message &serious &syntax &undefined &violation &warning &who
            assertion-violation? condition condition-accessor condition-irritants
            condition-message condition-predicate condition-who condition?
            define-condition-type error? implementation-restriction-violation?
            irritants-condition? lexical-violation? make-assertion-violation make-error
            make-implementation-restriction-violation make-irritants-condition
            make-lexical-violation make-message-condition make-non-continuable-violation
            make-serious-condition make-syntax-violation make-undefined-violation
            make-violation make-warning make-who-condition message-condition?
            non-continuable-violation? serious-condition? simple-conditions
            syntax-violation-form syntax-violation-subform syntax-violation?
            undefined-violation? violation? warning? who-condition?)
  #:replace (&error &non-continuable))

(define &condition &exception)
(define &message x:&message)
(define &warning x:&warning)
(define &serious (@ (guile) &error))
(define &error x:&external-error)
(define &violation (@ (guile) &programming-error))
(define &assertion x:&assertion-failure)
(define &irritants x:&irritants)
(define &who x:&origin)
(define &non-continuable (@ (guile) &non-continuable))
(define &implementation-restriction x:&implementation-restriction)
(define &lexical x:&lexical)
(define &syntax x:&syntax)
(define &undefined x:&undefined-variable)

(define condition make-exception)
(define simple-conditions simple-exceptions)
(define condition? exception?)
(define condition-predicate exception-predicate)
(define condition-accessor exception-accessor)

(define make-message-condition x:make-exception-with-message)
(define message-condition? x:exception-with-message?)
(define condition-message x:exception-message)
(define make-warning x:make-warning)
(define warning? x:warning?)
(define make-serious-condition x:make-error)
(define serious-condition? x:error?)
(define make-error x:make-external-error)
(define error? x:external-error?)
(define make-violation x:make-programming-error)
(define violation? x:programming-error?)
(define make-assertion-violation x:make-assertion-failure)
(define assertion-violation? x:assertion-failure?)
(define make-irritants-condition x:make-exception-with-irritants)
(define irritants-condition? x:exception-with-irritants?)
(define condition-irritants x:exception-irritants)
(define make-who-condition x:make-exception-with-origin)
(define who-condition? x:exception-with-origin?)
(define condition-who x:exception-origin)
(define make-non-continuable-violation x:make-non-continuable-error)
(define non-continuable-violation? x:non-continuable-error?)
(define make-implementation-restriction-violation x:make-implementation-restriction-error)
(define implementation-restriction-violation? x:implementation-restriction-error?)
(define make-lexical-violation x:make-lexical-error)
(define lexical-violation? x:lexical-error?)
(define make-syntax-violation x:make-syntax-error)
(define syntax-violation? x:syntax-error?)
(define syntax-violation-form x:syntax-error-form)
(define syntax-violation-subform x:syntax-error-subform)
(define make-undefined-violation x:make-undefined-variable-error)
(define undefined-violation? x:undefined-variable-error?)

(define-syntax-rule (define-condition-type type supertype constructor predicate (field accessor) ...)
  (x:define-exception-type type supertype constructor predicate (field accessor) ...))
