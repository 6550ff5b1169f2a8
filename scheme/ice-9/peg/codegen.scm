;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Parsers out of PEG patterns.  A parser takes a string, its length and a position and gives #f or a list of the
;;; position after what it matched and of what it captured.  How much that is its capture says: all, body or none.

(define-module (ice-9 peg codegen)
  #:export (compile-peg-pattern wrap-parser-for-users add-peg-compiler!)
  #:export (parse-string parse-any parse-range parse-not-in-range parse-and parse-or parse-star parse-plus
            parse-optional parse-followed-by parse-not-followed-by parse-quietly
            capture-under))

(define (captured items)
  "Return what a sequence captures whose parts captured ITEMS, the last one first."
  (cond ((null? items) '())
        ((null? (cdr items)) (car items))
        (else (reverse items))))

(define (parse-string expected)
  (let ((size (string-length expected)))
    (lambda (str len pos)
      (let ((end (+ pos size)))
        (and (<= end len)
             (string=? expected (substring str pos end))
             (list end expected))))))

(define (parse-any str len pos)
  (and (< pos len)
       (list (+ pos 1) (substring str pos (+ pos 1)))))

(define (parse-range low high)
  (lambda (str len pos)
    (and (< pos len)
         (char<=? low (string-ref str pos) high)
         (list (+ pos 1) (substring str pos (+ pos 1))))))

(define (parse-not-in-range low high)
  (lambda (str len pos)
    (and (< pos len)
         (not (char<=? low (string-ref str pos) high))
         (list (+ pos 1) (substring str pos (+ pos 1))))))

(define (parse-and . parsers)
  (lambda (str len pos)
    (let loop ((parsers parsers) (pos pos) (items '()))
      (if (null? parsers)
          (list pos (captured items))
          (let ((result ((car parsers) str len pos)))
            (and result
                 (loop (cdr parsers) (car result)
                       (if (null? (cadr result)) items (cons (cadr result) items)))))))))

(define (parse-or . parsers)
  (lambda (str len pos)
    (let loop ((parsers parsers))
      (and (pair? parsers)
           (or ((car parsers) str len pos)
               (loop (cdr parsers)))))))

(define (repeat parser least most)
  (lambda (str len pos)
    (let loop ((pos pos) (count 0) (items '()))
      (let ((result (and (not (eqv? count most)) (parser str len pos))))
        ;; One that matches nothing would do so for ever.
        (if (and result (or (> (car result) pos) (< count least)))
            (loop (car result) (+ count 1)
                  (if (null? (cadr result)) items (cons (cadr result) items)))
            (and (>= count least)
                 (list pos (captured items))))))))

(define (parse-star parser) (repeat parser 0 #f))
(define (parse-plus parser) (repeat parser 1 #f))
(define (parse-optional parser) (repeat parser 0 1))

(define (parse-followed-by parser)
  (lambda (str len pos)
    (and (parser str len pos) (list pos '()))))

(define (parse-not-followed-by parser)
  (lambda (str len pos)
    (and (not (parser str len pos)) (list pos '()))))

(define (parse-quietly parser)
  "Return PARSER, capturing nothing."
  (lambda (str len pos)
    (let ((result (parser str len pos)))
      (and result (list (car result) '())))))

(define (capture-under capture name parser)
  "Return PARSER as the one of pattern NAME, whose capture is CAPTURE."
  (case capture
    ((all)
     (lambda (str len pos)
       (let ((result (parser str len pos)))
         (and result
              (let ((body (cadr result)))
                (list (car result)
                      (cond ((not (list? body)) (list name body))
                            ((null? body) name)
                            ((symbol? (car body)) (list name body))
                            (else (cons name body)))))))))
    ((none) (parse-quietly parser))
    (else parser)))

;;; Patterns to code

(define compilers (make-hash-table))

(define (add-peg-compiler! name compiler)
  "Have COMPILER, which takes a pattern's operands and its capture, compile patterns that start with NAME."
  (hashq-set! compilers name compiler))

(define (compile-peg-pattern pattern capture)
  "Return syntax of a parser for the syntax PATTERN."
  (define (quiet code)
    (if (eq? capture 'none) #`(parse-quietly #,code) code))
  (syntax-case pattern (peg-any)
    (peg-any (quiet #'parse-any))
    (name
     (identifier? #'name)
     (quiet #'(lambda (str len pos) (name str len pos))))
    (literal
     (string? (syntax->datum #'literal))
     (quiet #'(parse-string literal)))
    ((name . operands)
     (let ((compiler (hashq-ref compilers (syntax->datum #'name))))
       (if compiler
           (compiler #'operands capture)
           (error "Not a valid PEG pattern" (syntax->datum pattern)))))
    (_ (error "Not a valid PEG pattern" (syntax->datum pattern)))))

(define (all-of operands capture)
  (map (lambda (operand) (compile-peg-pattern operand capture))
       (syntax-case operands () ((operand ...) #'(operand ...)))))

(define-syntax-rule (define-compilers (name parser) ...)
  (begin
    (add-peg-compiler! 'name (lambda (operands capture)
                               #`(parser #,@(all-of operands capture))))
    ...))

(define-compilers
  (and parse-and) (or parse-or)
  (followed-by parse-followed-by) (not-followed-by parse-not-followed-by))

;; What is repeated may be a sequence.
(define (one-of-all operands capture)
  (let ((parsers (all-of operands capture)))
    (if (= (length parsers) 1)
        (car parsers)
        #`(parse-and #,@parsers))))

(define-syntax-rule (define-repetitions (name parser) ...)
  (begin
    (add-peg-compiler! 'name (lambda (operands capture)
                               #`(parser #,(one-of-all operands capture))))
    ...))

(define-repetitions (* parse-star) (+ parse-plus) (? parse-optional))

(add-peg-compiler! 'ignore (lambda (operands capture)
                             #`(parse-quietly #,(one-of-all operands 'none))))
(add-peg-compiler! 'capture (lambda (operands capture) (one-of-all operands 'body)))
(add-peg-compiler! 'range
                   (lambda (operands capture)
                     (syntax-case operands ()
                       ((low high)
                        (if (eq? capture 'none)
                            #'(parse-quietly (parse-range low high))
                            #'(parse-range low high))))))
(add-peg-compiler! 'not-in-range
                   (lambda (operands capture)
                     (syntax-case operands ()
                       ((low high)
                        (if (eq? capture 'none)
                            #'(parse-quietly (parse-not-in-range low high))
                            #'(parse-not-in-range low high))))))

(define (wrap-parser-for-users for-syntax parser capture name)
  "Return syntax of PARSER, syntax, as that of the pattern NAME with CAPTURE."
  #`(capture-under '#,(datum->syntax for-syntax capture) '#,name #,parser))
