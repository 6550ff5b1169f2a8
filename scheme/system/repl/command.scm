;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Commands of the REPL.

(define-module (system repl command)
  #:export (define-meta-command meta-command))

(define commands '())

(define-syntax define-meta-command
  (syntax-rules ()
    ((_ ((name category) repl . formals) docstring body ...)
     (set! commands (acons 'name (lambda (repl . formals) docstring body ...) commands)))
    ((_ (name repl . formals) docstring body ...)
     (set! commands (acons 'name (lambda (repl . formals) docstring body ...) commands)))))

(define (meta-command repl)
  "Read the name of a command and its arguments, and run it."
  (let ((proc (assq-ref commands (read))))
    (if proc
        (proc repl)
        (throw 'user-error #f "unknown command" '() #f))))
