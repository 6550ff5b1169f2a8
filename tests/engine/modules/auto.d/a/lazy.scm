(define-module (a lazy) #:export (lazy-proc lazy-macro))
(display "loading lazy") (newline)
(define (lazy-proc x) (list 'lazy x))
(define-syntax lazy-macro (syntax-rules () ((_ x) (list 'macro x))))
