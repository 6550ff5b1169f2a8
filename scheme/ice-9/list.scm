;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Reverse association lists.

(define-module (ice-9 list)
  #:export (rassoc rassv rassq))

(define-syntax-rule (define-rassoc (name =) ...)
  (begin
    (define (name value alist)
      (or-map (lambda (entry) (and (= value (cdr entry)) entry)) alist))
    ...))

(define-rassoc (rassoc equal?) (rassv eqv?) (rassq eq?))
