;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Parsers that remember what they gave where.

(define-module (ice-9 peg cache)
  #:export (cg-cached-parser remembering))

(define (remembering parser)
  "Return PARSER, asked once for each position of a string."
  (let ((last-string #f) (results #f))
    (lambda (str len pos)
      (unless (eq? str last-string)
        (set! last-string str)
        (set! results (make-hash-table)))
      (let ((handle (hashv-get-handle results pos)))
        (if handle
            (cdr handle)
            (let ((result (parser str len pos)))
              (hashv-set! results pos result)
              result))))))

(define (cg-cached-parser parser)
  "Return syntax of a parser that remembers, for the syntax PARSER."
  #`(remembering #,parser))
