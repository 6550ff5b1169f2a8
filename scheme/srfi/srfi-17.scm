;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-17: generalized set!, which is in the core; (set! (car x) v) works through setters.

(define-module (srfi srfi-17)
  #:replace (caaaar caaadr caaar caadar caaddr caadr caar cadaar cadadr cadar caddar cadddr
            caddr cadr car cdaaar cdaadr cdaar cdadar cdaddr cdadr cdar cddaar cddadr cddar
            cdddar cddddr cdddr cddr cdr getter-with-setter setter string-ref vector-ref))

(define setter (@ (guile) setter))

(define (getter-with-setter get set)
  "Return a procedure that calls GET, and SET when it is the target of set!."
  (make-procedure-with-setter get set))

(define-syntax define-one
  (syntax-rules ()
    ((_ name set)
     (define name (make-procedure-with-setter (@ (guile) name) set)))))
(define vector-ref (make-procedure-with-setter (@ (guile) vector-ref) vector-set!))
(define string-ref (make-procedure-with-setter (@ (guile) string-ref) string-set!))
(define-one car (lambda (x v) (set-car!  x v)))
(define-one cdr (lambda (x v) (set-cdr!  x v)))
(define-one caar (lambda (x v) ((lambda (x v) (set-car! ((@ (guile) car) x) v)) x v)))
(define-one cadr (lambda (x v) ((lambda (x v) (set-car! ((@ (guile) cdr) x) v)) x v)))
(define-one cdar (lambda (x v) ((lambda (x v) (set-cdr! ((@ (guile) car) x) v)) x v)))
(define-one cddr (lambda (x v) ((lambda (x v) (set-cdr! ((@ (guile) cdr) x) v)) x v)))
(define-one caaar (lambda (x v) ((lambda (x v) (set-car! ((@ (guile) caar) x) v)) x v)))
(define-one caadr (lambda (x v) ((lambda (x v) (set-car! ((@ (guile) cadr) x) v)) x v)))
(define-one cadar (lambda (x v) ((lambda (x v) (set-car! ((@ (guile) cdar) x) v)) x v)))
(define-one caddr (lambda (x v) ((lambda (x v) (set-car! ((@ (guile) cddr) x) v)) x v)))
(define-one cdaar (lambda (x v) ((lambda (x v) (set-cdr! ((@ (guile) caar) x) v)) x v)))
(define-one cdadr (lambda (x v) ((lambda (x v) (set-cdr! ((@ (guile) cadr) x) v)) x v)))
(define-one cddar (lambda (x v) ((lambda (x v) (set-cdr! ((@ (guile) cdar) x) v)) x v)))
(define-one cdddr (lambda (x v) ((lambda (x v) (set-cdr! ((@ (guile) cddr) x) v)) x v)))
(define-one caaaar (lambda (x v) ((lambda (x v) (set-car! ((@ (guile) caaar) x) v)) x v)))
(define-one caaadr (lambda (x v) ((lambda (x v) (set-car! ((@ (guile) caadr) x) v)) x v)))
(define-one caadar (lambda (x v) ((lambda (x v) (set-car! ((@ (guile) cadar) x) v)) x v)))
(define-one caaddr (lambda (x v) ((lambda (x v) (set-car! ((@ (guile) caddr) x) v)) x v)))
(define-one cadaar (lambda (x v) ((lambda (x v) (set-car! ((@ (guile) cdaar) x) v)) x v)))
(define-one cadadr (lambda (x v) ((lambda (x v) (set-car! ((@ (guile) cdadr) x) v)) x v)))
(define-one caddar (lambda (x v) ((lambda (x v) (set-car! ((@ (guile) cddar) x) v)) x v)))
(define-one cadddr (lambda (x v) ((lambda (x v) (set-car! ((@ (guile) cdddr) x) v)) x v)))
(define-one cdaaar (lambda (x v) ((lambda (x v) (set-cdr! ((@ (guile) caaar) x) v)) x v)))
(define-one cdaadr (lambda (x v) ((lambda (x v) (set-cdr! ((@ (guile) caadr) x) v)) x v)))
(define-one cdadar (lambda (x v) ((lambda (x v) (set-cdr! ((@ (guile) cadar) x) v)) x v)))
(define-one cdaddr (lambda (x v) ((lambda (x v) (set-cdr! ((@ (guile) caddr) x) v)) x v)))
(define-one cddaar (lambda (x v) ((lambda (x v) (set-cdr! ((@ (guile) cdaar) x) v)) x v)))
(define-one cddadr (lambda (x v) ((lambda (x v) (set-cdr! ((@ (guile) cdadr) x) v)) x v)))
(define-one cdddar (lambda (x v) ((lambda (x v) (set-cdr! ((@ (guile) cddar) x) v)) x v)))
(define-one cddddr (lambda (x v) ((lambda (x v) (set-cdr! ((@ (guile) cdddr) x) v)) x v)))
