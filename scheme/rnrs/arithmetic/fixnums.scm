;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS arithmetic on fixnums.  Operands must be fixnums; results beyond them are an error.

(define-module (rnrs arithmetic fixnums)
  #:use-module (rnrs arithmetic bitwise)
  #:use-module ((rnrs base) #:select (div mod div0 mod0 div-and-mod div0-and-mod0))
  #:use-module ((rnrs conditions) #:select (make-implementation-restriction-violation
                                            make-assertion-violation))
  #:export (fixnum? fixnum-width least-fixnum greatest-fixnum
            fx=? fx>? fx<? fx>=? fx<=? fxzero? fxpositive? fxnegative? fxodd? fxeven? fxmax fxmin
            fx+ fx* fx- fxdiv-and-mod fxdiv fxmod fxdiv0-and-mod0 fxdiv0 fxmod0
            fx+/carry fx-/carry fx*/carry fxnot fxand fxior fxxor fxif fxbit-count fxlength
            fxfirst-bit-set fxbit-set? fxcopy-bit fxbit-field fxcopy-bit-field fxarithmetic-shift
            fxarithmetic-shift-left fxarithmetic-shift-right fxrotate-bit-field
            fxreverse-bit-field))

(define (fixnum-width) 62)
(define (least-fixnum) most-negative-fixnum)
(define (greatest-fixnum) most-positive-fixnum)

(define (fixnum? obj)
  (and (exact-integer? obj)
       (<= most-negative-fixnum obj most-positive-fixnum)))

(define (check-operands operands)
  (unless (and-map fixnum? operands)
    (raise-exception (make-assertion-violation))))

(define (check-result n)
  (if (fixnum? n)
      n
      (raise-exception (make-implementation-restriction-violation))))

(define-syntax-rule (define-fixnum-procedures (name procedure) ...)
  (begin
    (define (name . operands)
      (check-operands operands)
      (apply procedure operands))
    ...))

(define-syntax-rule (define-fixnum-operations (name procedure) ...)
  (begin
    (define (name . operands)
      (check-operands operands)
      (check-result (apply procedure operands)))
    ...))

(define-fixnum-procedures
  (fx=? =) (fx>? >) (fx<? <) (fx>=? >=) (fx<=? <=) (fxzero? zero?) (fxpositive? positive?)
  (fxnegative? negative?) (fxodd? odd?) (fxeven? even?) (fxmax max) (fxmin min)
  (fxdiv-and-mod div-and-mod) (fxmod mod) (fxdiv0-and-mod0 div0-and-mod0) (fxmod0 mod0)
  (fxnot lognot) (fxand logand) (fxior logior) (fxxor logxor) (fxif bitwise-if)
  (fxbit-count bitwise-bit-count) (fxlength bitwise-length) (fxfirst-bit-set bitwise-first-bit-set)
  (fxbit-set? bitwise-bit-set?) (fxcopy-bit bitwise-copy-bit) (fxbit-field bitwise-bit-field)
  (fxcopy-bit-field bitwise-copy-bit-field) (fxrotate-bit-field bitwise-rotate-bit-field)
  (fxreverse-bit-field bitwise-reverse-bit-field))

(define-fixnum-operations
  (fx+ +) (fx* *) (fx- -) (fxdiv div) (fxdiv0 div0)
  (fxarithmetic-shift ash) (fxarithmetic-shift-left ash)
  (fxarithmetic-shift-right (lambda (n shift) (ash n (- shift)))))

(define (split n)
  (values (mod0 n (expt 2 (fixnum-width)))
          (div0 n (expt 2 (fixnum-width)))))

(define (fx+/carry a b c)
  (check-operands (list a b c))
  (split (+ a b c)))

(define (fx-/carry a b c)
  (check-operands (list a b c))
  (split (- a b c)))

(define (fx*/carry a b c)
  (check-operands (list a b c))
  (split (+ (* a b) c)))
