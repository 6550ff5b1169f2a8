;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Guile's additions to SRFI-4.

(define-module (srfi srfi-4 gnu)
  #:use-module (srfi srfi-4)
  #:export (make-srfi-4-vector srfi-4-vector-type-size))

(define* (make-srfi-4-vector type length #:optional (fill 0))
  "Return a uniform vector of TYPE and LENGTH."
  (make-typed-array type fill length))

(define (srfi-4-vector-type-size v)
  "Return the bytes that an element of V takes."
  (case (array-type v)
    ((u8 s8) 1)
    ((u16 s16) 2)
    ((u32 s32 f32) 4)
    (else 8)))

(define-syntax define-conversions
  (lambda (stx)
    (syntax-case stx ()
      ((here type ...)
       (with-syntax ((((convert copy copy!) ...)
                      (map (lambda (type)
                             (let ((name (symbol->string (syntax->datum type))))
                               (map (lambda (text) (datum->syntax #'here (string->symbol text)))
                                    (list (string-append "any->" name "vector")
                                          (string-append name "vector-copy")
                                          (string-append name "vector-copy!")))))
                           #'(type ...))))
         #'(begin
             (define (convert obj) (%any->vector 'type obj))
             ...
             (define* (copy v #:optional (start 0) (end (array-length v)))
               (list->typed-array 'type 1 (list-head (list-tail (array->list v) start) (- end start))))
             ...
             (define* (copy! to at from #:optional (start 0) (end (array-length from)))
               ;; The elements are taken out first: TO may be FROM.
               (let loop ((elements (list-head (list-tail (array->list from) start) (- end start)))
                          (at at))
                 (unless (null? elements)
                   (array-set! to (car elements) at)
                   (loop (cdr elements) (+ at 1)))))
             ...
             (export convert ... copy ... copy! ...)))))))

(define-conversions u8 s8 u16 s16 u32 s32 u64 s64 f32 f64)
