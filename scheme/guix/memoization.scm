;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Procedures that remember their results.

(define-module (guix memoization)
  #:export (memoize mlambda mlambdaq invalidate-memoization!))

(define %none (list 'none))

(define (remembering ref set! proc)
  (let ((table (make-hash-table)))
    (lambda args
      (let ((known (ref table args %none)))
        (if (eq? known %none)
            (call-with-values (lambda () (apply proc args))
              (lambda results
                (set! table args results)
                (apply values results)))
            (apply values known))))))

(define (memoize proc)
  "PROC, remembering its results by `equal?' arguments."
  (remembering hash-ref hash-set! proc))

(define (memoizeq proc)
  ;; For one argument, compared by `eq?'; it may be garbage-collected.
  (let ((table (make-weak-key-hash-table)))
    (lambda (arg)
      (let ((known (hashq-ref table arg %none)))
        (if (eq? known %none)
            (let ((result (proc arg)))
              (hashq-set! table arg result)
              result)
            known)))))

(define-syntax-rule (mlambda formals body ...)
  "A procedure that remembers its results by `equal?'."
  (memoize (lambda formals body ...)))

(define-syntax mlambdaq
  (syntax-rules ()
    "A procedure that remembers its results by `eq?'."
    ((_ (arg) body ...)
     (memoizeq (lambda (arg) body ...)))
    ((_ formals body ...)
     (memoize (lambda formals body ...)))))

(define (invalidate-memoization! proc) #t)
