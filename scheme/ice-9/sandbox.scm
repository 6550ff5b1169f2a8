;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Evaluation with chosen bindings.  Time is limited where the program waits or sends signals; memory is not limited.

(define-module (ice-9 sandbox)
  #:use-module (ice-9 match)
  #:export (make-sandbox-module eval-in-sandbox call-with-time-limit call-with-allocation-limit
            call-with-time-and-allocation-limits))

(define (make-sandbox-module bindings)
  "Return a module with BINDINGS alone: a list of (MODULE NAME ...), where a NAME may be (NAME . AS)."
  (let ((module (make-fresh-user-module)))
    (set-module-uses! module '())
    (for-each (match-lambda
                ((name . names)
                 (module-use! module (resolve-interface name #:select names))))
              bindings)
    module))

(define (call-with-time-limit limit thunk limit-reached)
  "Call THUNK; where it takes more than LIMIT seconds, LIMIT-REACHED in its place."
  (let ((tag (make-prompt-tag "time limit")))
    (call-with-prompt tag
      (lambda ()
        (let ((old #f))
          (dynamic-wind
            (lambda ()
              (set! old (sigaction SIGALRM (lambda (signal) (abort-to-prompt tag))))
              (alarm (max 1 (inexact->exact (ceiling limit)))))
            thunk
            (lambda ()
              (alarm 0)
              (sigaction SIGALRM (car old))))))
      (lambda (continuation) (limit-reached)))))

(define (call-with-allocation-limit limit thunk limit-reached)
  "Call THUNK."
  (thunk))

(define (call-with-time-and-allocation-limits time-limit allocation-limit thunk)
  "Call THUNK, for TIME-LIMIT seconds at most."
  (call-with-time-limit time-limit thunk
                        (lambda ()
                          (scm-error 'limit-exceeded "with-resource-limits"
                                     "Time limit exceeded" '() #f))))

(define* (eval-in-sandbox expression #:key (time-limit 0.1) (allocation-limit #e10e6)
                          (bindings '(((guile) lambda if let quote define begin list cons car cdr
                                       + - * / = < >)))
                          (module (make-sandbox-module bindings))
                          (sever-module? #t))
  "Return the value of EXPRESSION in MODULE."
  (call-with-time-and-allocation-limits time-limit allocation-limit
                                        (lambda () (eval expression module))))
