;; Source places.
(define-syntax-rule (show e) (begin (write e) (newline)))
(define-syntax place (lambda (x) (let ((s (syntax-source x))) #`(quote (#,(assq-ref s 'line) #,(assq-ref s 'column))))))
(show (place))
  (show   (place))
(define-syntax arg-place (lambda (x) (syntax-case x () ((_ a) (let ((s (syntax-source #'a))) #`(quote #,(list (assq-ref s 'line) (assq-ref s 'column))))))))
(show (arg-place
         (some form)))
(define-syntax-rule (here) (place))
(show (here))
(define-syntax forward (syntax-rules () ((_ x) (arg-place x))))
(show (forward
  (x y)))
(show (assq-ref (current-source-location) 'line))
(define-syntax relocated (lambda (x) (syntax-case x () ((_ a) (datum->syntax x '(arg-place (q)) #:source #'a)))))
(show (syntax-source (datum->syntax #f 'x #:source '((filename . "f") (line . 3) (column . 4)))))
(show (string? (assq-ref (current-source-location) 'filename)))
