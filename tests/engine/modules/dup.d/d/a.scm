(define-module (d a) #:export (x y) #:replace (car))
(define x 'a-x) (define y 'a-y) (define (car z) (list 'a-car z))
