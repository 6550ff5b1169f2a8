;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; and-let*: bind and test, one after the other.

(define-module (ice-9 and-let-star)
  #:export (and-let*))

(define-syntax and-let*
  (lambda (form)
    "Evaluate the clauses, each (VAR EXPR), (EXPR) or VAR, while they are true; then the body."
    (syntax-case form ()
      ((_ ()) #'#t)
      ((_ () body ...) #'(let () body ...))
      ((_ ((var expr))) #'(let ((var expr)) var))
      ((_ ((expr))) #'expr)
      ((_ (var)) (identifier? #'var) #'var)
      ((_ ((var expr) clause ...) body ...)
       #'(let ((var expr)) (if var (and-let* (clause ...) body ...) #f)))
      ((_ ((expr) clause ...) body ...)
       #'(if expr (and-let* (clause ...) body ...) #f))
      ((_ (var clause ...) body ...)
       (identifier? #'var)
       #'(if var (and-let* (clause ...) body ...) #f)))))
