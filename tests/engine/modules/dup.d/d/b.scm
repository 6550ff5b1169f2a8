(define-module (d b) #:export (x cdr))
(define x 'b-x) (define (cdr z) (list 'b-cdr z))
