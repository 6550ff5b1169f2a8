;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-4: homogeneous vectors, which are bytevectors with a type of elements.

(define-module (srfi srfi-4)
  #:export (%define-uniform-vectors %any->vector))

(define (%any->vector type obj)
  "Return the uniform vector of TYPE with the elements of OBJ, a list, a vector or another array."
  (list->typed-array type 1
                     (cond ((list? obj) obj)
                           ((array? obj) (array->list obj))
                           (else (scm-error 'wrong-type-arg #f "Wrong type argument: ~S" (list obj) (list obj))))))

(define-syntax %define-uniform-vectors
  (lambda (stx)
    "(%define-uniform-vectors TYPE ...) defines and exports the procedures of SRFI-4 for each TYPE."
    (syntax-case stx ()
      ((here type ...)
       (with-syntax ((((is? make vec len ref put from-list to-list) ...)
                      (map (lambda (type)
                             (map (lambda (parts)
                                    (datum->syntax
                                     #'here
                                     (string->symbol
                                      (string-concatenate
                                       (map (lambda (part)
                                              (if (eq? part 'type)
                                                  (symbol->string (syntax->datum type))
                                                  part))
                                            parts)))))
                                  '((type "vector?") ("make-" type "vector") (type "vector")
                                    (type "vector-length") (type "vector-ref") (type "vector-set!")
                                    ("list->" type "vector") (type "vector->list"))))
                           #'(type ...))))
         #'(begin
             (define-procedures type is? make vec len ref put from-list to-list)
             ...
             (export is? ... make ... vec ... len ... ref ... put ... from-list ... to-list ...)))))))

(define-syntax-rule (define-procedures type is? make vec len ref put from-list to-list)
  (begin
    (define (is? obj)
      (and (array? obj) (= (array-rank obj) 1) (typed-array? obj 'type)))
    (define (check obj)
      (unless (is? obj)
        (scm-error 'wrong-type-arg #f "Wrong type argument: ~S" (list obj) (list obj))))
    (define* (make n #:optional (fill 0)) (make-typed-array 'type fill n))
    (define (vec . elements) (list->typed-array 'type 1 elements))
    (define (len v) (check v) (array-length v))
    (define (ref v k) (check v) (array-ref v k))
    (define (put v k x) (check v) (array-set! v x k))
    (define (from-list elements) (list->typed-array 'type 1 elements))
    (define (to-list v) (check v) (array->list v))))

(%define-uniform-vectors u8 s8 u16 s16 u32 s32 u64 s64 f32 f64)
