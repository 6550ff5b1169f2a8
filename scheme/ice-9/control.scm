;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Delimited control: prompts, escapes, shift and reset.

(define-module (ice-9 control)
  #:re-export (call-with-prompt abort-to-prompt make-prompt-tag default-prompt-tag)
  #:export (% abort shift reset shift* reset* call-with-escape-continuation call/ec
            let-escape-continuation let/ec suspendable-continuation?))

(define (abort . args)
  "Abort to the default prompt with ARGS."
  (apply abort-to-prompt (default-prompt-tag) args))

(define-syntax %
  (syntax-rules ()
    ((_ expr)
     (call-with-prompt (default-prompt-tag) (lambda () expr) default-prompt-handler))
    ((_ expr handler)
     (call-with-prompt (default-prompt-tag) (lambda () expr) handler))
    ((_ tag expr handler)
     (call-with-prompt tag (lambda () expr) handler))))

(define (default-prompt-handler k proc)
  (% (proc k)))

(define (reset* thunk)
  "Call THUNK in a new delimited context."
  (call-with-prompt (default-prompt-tag) thunk shift-handler))

(define (shift-handler k proc)
  ;; The body of a shift runs under the same prompt as what it was taken from.
  (reset* (lambda () (proc (lambda vals (reset* (lambda () (apply k vals))))))))

(define (shift* proc)
  "Call PROC with the continuation up to the nearest reset, instead of it."
  (abort-to-prompt (default-prompt-tag) proc))

(define-syntax-rule (reset expr ...)
  (reset* (lambda () expr ...)))

(define-syntax-rule (shift var expr ...)
  (shift* (lambda (var) expr ...)))

(define (call-with-escape-continuation proc)
  "Call PROC with a procedure that leaves this call with its arguments as values."
  (let ((tag (make-prompt-tag "escape")))
    (call-with-prompt tag
      (lambda () (proc (lambda vals (apply abort-to-prompt tag vals))))
      (lambda (k . vals) (apply values vals)))))

(define call/ec call-with-escape-continuation)

(define-syntax-rule (let-escape-continuation k body ...)
  (call-with-escape-continuation (lambda (k) body ...)))

(define-syntax-rule (let/ec k body ...)
  (call-with-escape-continuation (lambda (k) body ...)))

(define (suspendable-continuation? tag)
  "Return true: no native frame is ever between a call and its prompt."
  #t)
