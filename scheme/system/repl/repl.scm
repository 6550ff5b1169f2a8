;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The read-eval-print loop is the program's own.  Here are the REPLs that were entered within it; the
;;; program goes on in the innermost.

(define-module (system repl repl)
  #:use-module (system base language)
  #:use-module (system repl command)
  #:use-module (system repl common)
  #:export (start-repl run-repl current-repl leave-repl evaluate-in-repl command-in-repl))

(define outermost (make-repl 'scheme))
(define entered
  ;; The innermost one first.
  '())

(define (current-repl)
  "Return the innermost REPL."
  (if (null? entered) outermost (car entered)))

(define (run-repl repl)
  "Go on in REPL once what is running has returned."
  (set! entered (cons repl entered)))

(define* (start-repl #:optional (language 'scheme) #:key debug)
  "Go on in a REPL of LANGUAGE."
  (run-repl (make-repl language debug)))

(define (leave-repl)
  "Go on in the REPL around the innermost one."
  (unless (null? entered)
    (set! entered (cdr entered))))

(define (evaluate-in-repl form)
  "Return the value of FORM in the innermost REPL."
  (repl-eval (current-repl) form))

(define (command-in-repl name operands)
  "Run the command NAME on OPERANDS.  Return the name of the language of the REPL that it has entered, or
#f."
  (let ((before entered))
    (run-meta-command (current-repl) name operands)
    (and (not (eq? entered before))
         (symbol->string (language-name (repl-language (current-repl)))))))
