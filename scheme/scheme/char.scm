;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R7RS characters.

(define-module (scheme char)
  #:use-module ((rnrs unicode) #:select (char-foldcase string-foldcase))
  #:re-export (char-alphabetic? char-ci<=? char-ci<? char-ci=? char-ci>=? char-ci>?
               char-downcase char-foldcase char-lower-case? char-numeric? char-upcase
               char-upper-case? char-whitespace? string-ci<=? string-ci<? string-ci=?
               string-ci>=? string-ci>? string-downcase string-foldcase string-upcase)
  #:export (digit-value))

(define (digit-value c)
  "Return the value of the decimal digit C, or #f."
  (and (eq? (char-general-category c) 'Nd)
       (let loop ((code (char->integer c)) (value 0))
         ;; Digits come in runs of ten that begin at a multiple of ten or sixteen.
         (if (and (> code 0)
                  (eq? (char-general-category (integer->char (- code 1))) 'Nd)
                  (< value 9))
             (loop (- code 1) (+ value 1))
             value))))
