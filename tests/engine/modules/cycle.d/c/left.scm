(define-module (c left) #:use-module (c right) #:export (left left-uses))
(define (left) 'left)
(define (left-uses) (right))
