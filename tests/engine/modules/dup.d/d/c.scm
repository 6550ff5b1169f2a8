(define-module (d c) #:replace (x))
(define x 'c-x)
