;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS list utilities.

(define-module (rnrs lists)
  #:use-module ((srfi srfi-1) #:select (assoc member (fold . srfi-1:fold) (find . srfi-1:find) (partition . srfi-1:partition) (remove . srfi-1:remove) any every))
  #:re-export (assoc assq assv cons* member memq memv)
  #:export (assp exists find fold-left fold-right for-all memp partition remove remp
            remq remv)
  #:replace (filter))

(define exists any)
(define for-all every)
(define find srfi-1:find)
(define partition srfi-1:partition)
(define filter (@ (guile) filter))
(define remp srfi-1:remove)

(define (fold-left combine nil first . rest)
  "Fold COMBINE, which takes the result first, over the lists from the left."
  (let loop ((result nil) (lists (cons first rest)))
    (if (every pair? lists)
        (loop (apply combine result (map car lists)) (map cdr lists))
        result)))

(define (fold-right combine nil first . rest)
  "Fold COMBINE over the lists from the right."
  (let loop ((lists (cons first rest)))
    (if (every pair? lists)
        (apply combine (append (map car lists) (list (loop (map cdr lists)))))
        nil)))

(define (assp pred alist)
  "Return the first pair of ALIST whose car satisfies PRED, or #f."
  (srfi-1:find (lambda (entry) (pred (car entry))) alist))

(define (memp pred lst)
  "Return the first pair of LST whose car satisfies PRED, or #f."
  (let loop ((l lst))
    (and (pair? l)
         (if (pred (car l)) l (loop (cdr l))))))

(define (remove obj lst)
  "Return LST without what is equal? to OBJ."
  (srfi-1:remove (lambda (x) (equal? x obj)) lst))

(define (remv obj lst)
  "Return LST without what is eqv? to OBJ."
  (srfi-1:remove (lambda (x) (eqv? x obj)) lst))

(define (remq obj lst)
  "Return LST without OBJ."
  (srfi-1:remove (lambda (x) (eq? x obj)) lst))
