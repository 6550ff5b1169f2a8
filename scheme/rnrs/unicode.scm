;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS characters and strings.

(define-module (rnrs unicode)
  #:re-export (char-alphabetic? char-ci<=? char-ci<? char-ci=? char-ci>=? char-ci>?
               char-downcase char-general-category char-lower-case? char-numeric?
               char-titlecase char-upcase char-upper-case? char-whitespace? string-ci<=?
               string-ci<? string-ci=? string-ci>=? string-ci>? string-downcase
               string-normalize-nfc string-normalize-nfd string-normalize-nfkc
               string-normalize-nfkd string-titlecase string-upcase)
  #:export (char-foldcase char-title-case? string-foldcase))

(define (char-foldcase c)
  "Return C folded for comparison without case."
  (if (memv c '(#\x130 #\x131))
      c
      (char-downcase (char-upcase c))))

(define (string-foldcase str)
  "Return STR folded for comparison without case."
  (string-downcase (string-upcase str)))

(define (char-title-case? c)
  "Return true if C is a titlecase letter."
  (eq? (char-general-category c) 'Lt))
