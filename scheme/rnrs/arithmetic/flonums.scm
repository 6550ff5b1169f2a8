;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS arithmetic on flonums.  Operands must be flonums.

(define-module (rnrs arithmetic flonums)
  #:use-module ((ice-9 exceptions) #:select (define-exception-type))
  #:use-module ((rnrs base) #:select (div mod div0 mod0 div-and-mod div0-and-mod0 infinite?))
  #:use-module ((rnrs conditions) #:select (make-assertion-violation &implementation-restriction))
  #:export (flonum? real->flonum fixnum->flonum
            fl=? fl<? fl<=? fl>? fl>=? flinteger? flzero? flpositive? flnegative? flodd? fleven?
            flfinite? flinfinite? flnan? flmax flmin fl+ fl* fl- fl/ flabs fldiv-and-mod fldiv flmod
            fldiv0-and-mod0 fldiv0 flmod0 flnumerator fldenominator flfloor flceiling fltruncate
            flround flexp fllog flsin flcos fltan flasin flacos flatan flsqrt flexpt
            &no-infinities make-no-infinities-violation no-infinities-violation?
            &no-nans make-no-nans-violation no-nans-violation?))

(define-exception-type &no-infinities &implementation-restriction
  make-no-infinities-violation no-infinities-violation?)
(define-exception-type &no-nans &implementation-restriction
  make-no-nans-violation no-nans-violation?)

(define (flonum? obj)
  (and (real? obj) (inexact? obj)))

(define (check-flonums operands)
  (unless (and-map flonum? operands)
    (raise-exception (make-assertion-violation))))

(define-syntax-rule (define-flonum-procedures (name procedure) ...)
  (begin
    (define (name . operands)
      (check-flonums operands)
      (apply procedure operands))
    ...))

(define (real->flonum x)
  (unless (real? x) (raise-exception (make-assertion-violation)))
  (exact->inexact x))

(define (fixnum->flonum n)
  (exact->inexact n))

(define (inexactly procedure)
  (lambda operands (exact->inexact (apply procedure operands))))

(define (real-or-nan procedure)
  ;; Where the result would be complex there is none.
  (lambda operands
    (let ((result (apply procedure operands)))
      (if (real? result) (exact->inexact result) +nan.0))))

(define-flonum-procedures
  (fl=? =) (fl<? <) (fl<=? <=) (fl>? >) (fl>=? >=) (flinteger? integer?) (flzero? zero?)
  (flpositive? positive?) (flnegative? negative?) (flodd? odd?) (fleven? even?) (flfinite? finite?)
  (flinfinite? infinite?) (flnan? nan?) (flmax max) (flmin min) (fl+ (inexactly +)) (fl* (inexactly *))
  (fl- -) (fl/ /) (flabs abs) (fldiv-and-mod div-and-mod) (fldiv div) (flmod mod)
  (fldiv0-and-mod0 div0-and-mod0) (fldiv0 div0) (flmod0 mod0) (flfloor floor) (flceiling ceiling)
  (fltruncate truncate) (flround round) (flexp exp) (fllog (real-or-nan log)) (flsin sin) (flcos cos)
  (fltan tan) (flasin (real-or-nan asin)) (flacos (real-or-nan acos)) (flatan atan)
  (flsqrt (real-or-nan sqrt)) (flexpt (real-or-nan expt)))

(define (flnumerator x)
  (check-flonums (list x))
  (if (or (infinite? x) (nan? x)) x (numerator x)))

(define (fldenominator x)
  (check-flonums (list x))
  (cond ((infinite? x) 1.0)
        ((nan? x) x)
        (else (denominator x))))
