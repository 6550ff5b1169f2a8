;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; The R6RS base library.

(define-module (rnrs base)
  #:use-module ((srfi srfi-11) #:select (let-values let*-values))
  #:use-module ((srfi srfi-1) #:select ((map . srfi-1:map) (for-each . srfi-1:for-each)))
  #:use-module (ice-9 exceptions)
  #:re-export (* + - ... / < <= = => > >= _ abs acos and angle append apply asin atan begin
               boolean? caaaar caaadr caaar caadar caaddr caadr caar cadaar cadadr cadar caddar
               cadddr caddr cadr call-with-current-continuation call-with-values call/cc car
               case cdaaar cdaadr cdaar cdadar cdaddr cdadr cdar cddaar cddadr cddar cdddar
               cddddr cdddr cddr cdr ceiling char->integer char<=? char<? char=? char>=? char>?
               char? complex? cond cons cos define define-syntax denominator dynamic-wind else
               eq? equal? eqv? even? exact-integer-sqrt exact? exp expt finite? floor gcd
               identifier-syntax if imag-part inexact? integer->char integer? lambda lcm length
               let let* let*-values let-syntax let-values letrec letrec* letrec-syntax list
               list->string list->vector list-ref list-tail list? log magnitude make-polar
               make-rectangular make-string make-vector max min nan? negative? not null?
               number->string number? numerator odd? or pair? positive? procedure? quasiquote
               quote rational? rationalize real-part real? reverse round set! sin sqrt string
               string->list string->number string->symbol string-append string-copy
               string-length string-ref string<=? string<? string=? string>=? string>? string?
               substring symbol->string symbol? syntax-rules tan truncate unquote
               unquote-splicing values vector vector->list vector-fill! vector-length
               vector-ref vector-set! vector? zero?)
  #:export (assert assertion-violation boolean=? div div-and-mod div0 div0-and-mod0
            exact inexact infinite? integer-valued? mod mod0 rational-valued?
            real-valued? symbol=? vector-for-each vector-map)
  #:replace (error for-each map string-for-each))

(define map srfi-1:map)
(define for-each srfi-1:for-each)
(define exact inexact->exact)
(define inexact exact->inexact)
(define infinite? inf?)

(define (all-equal pred? =)
  (lambda (first . rest)
    (and (pred? first)
         (and-map (lambda (x) (and (pred? x) (= first x))) rest))))

(define boolean=? (all-equal boolean? eq?))
(define symbol=? (all-equal symbol? eq?))

(define div euclidean-quotient)
(define mod euclidean-remainder)
(define div-and-mod euclidean/)
(define div0 centered-quotient)
(define mod0 centered-remainder)
(define div0-and-mod0 centered/)

(define (real-valued? x)
  "Return true if X is real but for an inexact zero imaginary part."
  (and (complex? x) (zero? (imag-part x))))

(define (rational-valued? x)
  "Return true if X is rational but for an inexact zero imaginary part."
  (and (real-valued? x) (rational? (real-part x))))

(define (integer-valued? x)
  "Return true if X is an integer but for an inexact zero imaginary part."
  (and (rational-valued? x) (integer? (real-part x))))

(define (vector-map proc vec . rest)
  "Return the vector of the results of PROC on the elements of the vectors."
  (list->vector (apply srfi-1:map proc (vector->list vec) (srfi-1:map vector->list rest))))

(define (vector-for-each proc vec . rest)
  "Apply PROC to the elements of the vectors."
  (apply srfi-1:for-each proc (vector->list vec) (srfi-1:map vector->list rest)))

(define (string-for-each proc str . rest)
  "Apply PROC to the characters of the strings."
  (apply srfi-1:for-each proc (string->list str) (srfi-1:map string->list rest)))

(define (complain constructor who message irritants)
  (raise-exception
   (apply make-exception
          (append (list (constructor))
                  (if who (list (make-exception-with-origin who)) '())
                  (list (make-exception-with-message message)
                        (make-exception-with-irritants irritants))))))

(define (error who message . irritants)
  "Raise an error."
  (complain make-external-error who message irritants))

(define (assertion-violation who message . irritants)
  "Raise an assertion violation."
  (complain make-assertion-failure who message irritants))

(define-syntax-rule (assert expr)
  (unless expr
    (raise-exception (make-assertion-failure))))
