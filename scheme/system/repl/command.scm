;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Commands of the REPL that modules define, beside those that the program has built in.  Same public
;;; interface as Guile's module of this name, as far as defining commands goes.

(define-module (system repl command)
  #:use-module (system repl common)
  #:export (define-meta-command meta-command run-meta-command))

(define commands
  ;; Name => procedure of a REPL and what stands behind the name.
  (make-hash-table))

(define-syntax define-meta-command
  (syntax-rules ()
    "Define the command NAME, a procedure of REPL, of EXPRESSIONs and of data."
    ((_ ((name category) repl (expression ...) . data) docstring body ...)
     (hashq-set! commands 'name
                 (lambda* (repl expression ... . data) docstring body ...)))
    ((_ ((name category) repl . data) docstring body ...)
     (define-meta-command ((name category) repl () . data) docstring body ...))
    ((_ (name repl . formals) docstring body ...)
     (define-meta-command ((name #f) repl . formals) docstring body ...))))

(define (run-meta-command repl name operands)
  "Run the command NAME in REPL on OPERANDS, the data that were typed behind it."
  (let ((proc (hashq-ref commands name)))
    (cond ((not proc)
           (user-error "unknown command: ,~a (,help lists those there are)" name))
          ((not (acceptable? proc (+ 1 (length operands))))
           (user-error ",~a takes something else: ~a" name
                       (or (procedure-documentation proc) "see its definition")))
          (else
           (apply proc repl operands)))))

(define (acceptable? proc count)
  (let ((arity (procedure-minimum-arity proc)))
    (or (not arity)
        (and (>= count (car arity))
             (or (caddr arity)
                 (<= count (+ (car arity) (cadr arity))))))))

(define (meta-command repl)
  "Read the name of a command and what stands behind it, on the same line, and run it."
  (let ((name (read)))
    (run-meta-command repl name
                      (call-with-input-string (read-line*)
                        (lambda (port)
                          (let loop ((result '()))
                            (let ((datum (read port)))
                              (if (eof-object? datum)
                                  (reverse result)
                                  (loop (cons datum result))))))))))

(define (read-line*)
  (let loop ((chars '()))
    (let ((char (read-char)))
      (if (or (eof-object? char) (char=? char #\newline))
          (list->string (reverse chars))
          (loop (cons char chars))))))
