;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; A small matcher: patterns are quasi-quoted in spirit, variables unquoted.

(define-module (system base pmatch)
  #:export (pmatch))

(define-syntax pmatch
  (syntax-rules ()
    ((_ expr clause ...)
     (let ((v expr)) (pmatch-clauses v clause ...)))))

(define-syntax pmatch-clauses
  (syntax-rules (else guard)
    ((_ v) (if #f #f))
    ((_ v (else body ...)) (let () body ...))
    ((_ v (pat (guard test ...) body ...) clause ...)
     (let ((next (lambda () (pmatch-clauses v clause ...))))
       (pmatch-one v pat (if (and test ...) (let () body ...) (next)) (next))))
    ((_ v (pat body ...) clause ...)
     (let ((next (lambda () (pmatch-clauses v clause ...))))
       (pmatch-one v pat (let () body ...) (next))))))

(define-syntax pmatch-one
  (syntax-rules (_ quote unquote)
    ((m v _ yes no) yes)
    ((m v () yes no) (if (null? v) yes no))
    ((m v (quote datum) yes no) (if (equal? v 'datum) yes no))
    ((m v (unquote var) yes no) (let ((var v)) yes))
    ((m v (a . b) yes no)
     (if (pair? v)
         (let ((head (car v)) (tail (cdr v)))
           (pmatch-one head a (pmatch-one tail b yes no) no))
         no))
    ((m v datum yes no) (if (equal? v 'datum) yes no))))
