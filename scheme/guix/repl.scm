;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; A read-eval-print loop for programs: each expression is answered with one datum, which tells values from
;;; exceptions.  Same public interface and protocol (0 1 1) as the module of this name in GNU Guix.

(define-module (guix repl)
  #:use-module (ice-9 match)
  #:export (send-repl-response machine-repl))

(define (readable? value)
  ;; Whether what is written for VALUE can be read.
  (or (symbol? value) (string? value) (keyword? value) (pair? value) (null? value)
      (array? value) (number? value) (boolean? value) (char? value)))

(define (value->sexp value)
  (if (readable? value)
      `(value ,value)
      `(non-self-quoting ,(object-address value) ,(object->string value))))

(define (exception->sexp version key args)
  (match version
    ((0 1 (? positive?) _ ...)
     `(exception (arguments ,key ,@(map value->sexp args)) (stack)))
    (_
     `(exception ,key ,@(map value->sexp args)))))

(define* (send-repl-response exp output #:key (version '(0 0)))
  "Write to OUTPUT what EXP gives: its values, or the exception that it ends with, in the form that clients of
VERSION of the protocol know."
  (write (catch #t
           (lambda ()
             (call-with-values (lambda () (primitive-eval exp))
               (lambda results
                 `(values ,@(map value->sexp results)))))
           (lambda (key . args)
             (exception->sexp version key args)))
         output)
  (newline output)
  (force-output output))

(define* (machine-repl #:optional
                       (input (current-input-port))
                       (output (current-output-port)))
  "Answer the expressions on INPUT, one datum each, on OUTPUT, until INPUT ends."
  (define (answer-all exp version)
    (unless (eof-object? exp)
      (send-repl-response exp output #:version version)
      (answer-all (read input) version)))

  (write '(repl-version 0 1 1) output)
  (newline output)
  (force-output output)
  ;; Clients of version (0 0) do not say which version they speak.
  (match (read input)
    ((() 'repl-version version ...)
     (answer-all (read input) version))
    (exp
     (answer-all exp '(0 0)))))
