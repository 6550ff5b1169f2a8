;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; PEG grammars written as text: "name <-- 'a' other*".

(define-module (ice-9 peg string-peg)
  #:use-module (ice-9 match)
  #:use-module (ice-9 peg codegen)
  #:use-module (ice-9 peg simplify-tree)
  #:use-module (ice-9 peg using-parsers)
  #:use-module (srfi srfi-1)
  #:export (peg-as-peg define-peg-string-patterns peg-grammar))

(define peg-as-peg
  "grammar <-- (nonterminal ('<--' / '<-' / '<') sp pattern)+
pattern <-- alternative (SLASH sp alternative)*
alternative <-- ([!&]? sp suffix)+
suffix <-- primary ([*+?] sp)*
primary <-- '(' sp pattern ')' sp / '.' sp / literal / charclass / nonterminal !'<'
literal <-- ['] (!['] .)* ['] sp
charclass <-- LB (!']' (CCrange / CCsingle))* RB sp
CCrange <-- . '-' .
CCsingle <-- .
nonterminal <-- [a-zA-Z0-9-]+ sp
sp < [ \\t\\n]*
SLASH < '/'
LB < '['
RB < ']'
")

(define-peg-pattern blanks none
  (* (or " " "\t" "\n" (and "#" (* (and (not-followed-by "\n") peg-any)) "\n"))))
(define-peg-pattern name all
  (and (capture (+ (or (range #\a #\z) (range #\A #\Z) (range #\0 #\9) "-"))) blanks))
(define-peg-pattern arrow body (and (or "<--" "<-" "<") blanks))
(define-peg-pattern literal all
  (and (ignore "'") (* (and (not-followed-by "'") peg-any)) (ignore "'") blanks))
(define-peg-pattern quoted-literal all
  (and (ignore "\"") (* (and (not-followed-by "\"") peg-any)) (ignore "\"") blanks))
(define-peg-pattern class-range all
  (and peg-any (ignore "-") (not-followed-by "]") peg-any))
(define-peg-pattern class-char all peg-any)
(define-peg-pattern class all
  (and (ignore "[")
       (* (and (not-followed-by "]") (or class-range class-char)))
       (ignore "]") blanks))
(define-peg-pattern any all (and (ignore ".") blanks))
(define-peg-pattern group all (and (ignore "(") blanks pattern (ignore ")") blanks))
(define-peg-pattern primary body
  (or group any literal quoted-literal class (and name (not-followed-by arrow))))
(define-peg-pattern mark all (and (or "*" "+" "?") blanks))
(define-peg-pattern suffixed all (and primary (* mark)))
(define-peg-pattern prefix all (and (or "!" "&") blanks))
(define-peg-pattern prefixed all (and (? prefix) suffixed))
(define-peg-pattern sequence all (+ prefixed))
(define-peg-pattern pattern all (and sequence (* (and (ignore "/") blanks sequence))))
(define-peg-pattern rule all (and name arrow pattern))
(define-peg-pattern peg-grammar all (and blanks (+ rule)))

;;; From what these capture to patterns.

(define (items-of keywords parts)
  (append-map (lambda (part) (keyword-flatten keywords part)) parts))

(define (combined operator patterns)
  (match patterns
    ((pattern) pattern)
    (patterns (cons operator patterns))))

(define (->pattern tree)
  (match tree
    (('pattern . parts) (combined 'or (map ->pattern (items-of '(sequence) parts))))
    (('sequence . parts) (combined 'and (map ->pattern (items-of '(prefixed) parts))))
    (('prefixed ('prefix "!") item) (list 'not-followed-by (->pattern item)))
    (('prefixed ('prefix "&") item) (list 'followed-by (->pattern item)))
    (('prefixed item) (->pattern item))
    (('suffixed item . marks)
     (let loop ((pattern (->pattern item)) (marks (items-of '(mark) marks)))
       (match marks
         (() pattern)
         ((('mark mark) . more) (loop (list (string->symbol mark) pattern) more)))))
    (('group item) (->pattern item))
    ('any 'peg-any)
    (((or 'literal 'quoted-literal) text) text)
    ((or 'literal 'quoted-literal) "")
    (('class . parts)
     (match (items-of '(class-range class-char) parts)
       ((('class-char "^") . parts)
        (list 'and (list 'not-followed-by (combined 'or (map ->pattern parts))) 'peg-any))
       (parts (combined 'or (map ->pattern parts)))))
    (('class-range text) (list 'range (string-ref text 0) (string-ref text 1)))
    (('class-char text) text)
    (('name text) (string->symbol text))))

(define (rules text)
  (match (match-pattern peg-grammar text)
    (#f (error "Invalid PEG grammar" text))
    (record
     (unless (= (peg:end record) (string-length text))
       (error "Invalid PEG grammar" (substring text (peg:end record))))
     (map (match-lambda
            (('rule ('name name) arrow pattern)
             (list (string->symbol name)
                   (assoc-ref '(("<--" . all) ("<-" . body) ("<" . none)) arrow)
                   (->pattern pattern))))
          (items-of '(rule) (cdr (peg:tree record)))))))

(define-syntax define-peg-string-patterns
  (lambda (stx)
    "Define the patterns of a grammar, a string."
    (syntax-case stx ()
      ((here text)
       #`(begin
           #,@(map (match-lambda
                     ((name capture pattern)
                      (datum->syntax #'here `(define-peg-pattern ,name ,capture ,pattern))))
                   (rules (syntax->datum #'text))))))))

(add-peg-compiler! 'peg
                   (lambda (operands capture)
                     (syntax-case operands ()
                       ((text)
                        (match (rules (string-append "text <- " (syntax->datum #'text)))
                          (((_ _ pattern))
                           (compile-peg-pattern (datum->syntax #'text pattern) capture)))))))
