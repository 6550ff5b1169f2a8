;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Definitions of PEG patterns, and their use on strings.

(define-module (ice-9 peg using-parsers)
  #:use-module (srfi srfi-9)
  #:use-module (ice-9 peg cache)
  #:use-module (ice-9 peg codegen)
  #:use-module (ice-9 peg simplify-tree)
  #:export (define-peg-pattern match-pattern search-for-pattern
            prec make-prec peg-record? peg:start peg:end peg:string peg:tree peg:substring))

(define-record-type prec
  (make-prec start end string tree)
  peg-record?
  (start peg:start)
  (end peg:end)
  (string peg:string)
  (tree peg:tree))

(define (peg:substring record)
  "Return the text that was matched."
  (and record
       (substring (peg:string record) (peg:start record) (peg:end record))))

(define-syntax define-peg-pattern
  (lambda (stx)
    "(define-peg-pattern NAME CAPTURE PATTERN): define NAME as the parser of PATTERN."
    (syntax-case stx ()
      ((_ name capture pattern)
       (let* ((capture (syntax->datum #'capture))
              (parser (compile-peg-pattern #'pattern (if (eq? capture 'all) 'body capture))))
         #`(define name #,(cg-cached-parser
                           (wrap-parser-for-users #'name parser capture #'name))))))))

(define (match-pattern parser str)
  "Return what PARSER matches at the beginning of STR, a record, or #f."
  (let ((result (parser (string-copy str) (string-length str) 0)))
    (and result
         (make-prec 0 (car result) str (string-collapse (cadr result))))))

(define (search parser str)
  (let loop ((pos 0))
    (and (< pos (string-length str))
         (let ((result (parser str (string-length str) pos)))
           (if result
               (make-prec pos (car result) str (string-collapse (cadr result)))
               (loop (+ pos 1)))))))

(define-syntax search-for-pattern
  (lambda (stx)
    "(search-for-pattern PATTERN STRING): the first match of PATTERN in STRING."
    (syntax-case stx ()
      ((_ pattern str)
       #`(search #,(compile-peg-pattern #'pattern 'body) str)))))
