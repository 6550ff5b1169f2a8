(define-module (c right) #:use-module (c left) #:export (right right-uses))
(define (right) 'right)
(define (right-uses) (left))
