;; Autoloads.  Guile loads the module while it expands what calls a procedure of it, a compiled program and the engine
;; when that runs; so nothing is printed in between.
(add-to-load-path (string-append (dirname (current-filename)) "/auto.d"))
(define-module (user auto) #:autoload (a lazy) (lazy-proc lazy-macro))
(display "before") (newline)
(define (use) (lazy-proc 1))
(write (use)) (newline)
(write (lazy-macro 2)) (newline)
(define-module (user auto2))
(module-autoload! (current-module) '(a lazy) '(lazy-proc))
(write (lazy-proc 2)) (newline)
