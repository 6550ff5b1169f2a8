;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Run TEST under Guile with the modules of LIB in the place of Guile's own, those included that Guile has
;;; loaded to start.  Usage: guile under-guile.scm LIB TEST
(define lib (cadr (command-line)))
(set! %load-path (cons lib %load-path))
(define (forget! parent prefix)
  (hash-for-each
   (lambda (name module)
     (let ((file (string-append prefix "/" (symbol->string name))))
       (forget! module file)
       (when (file-exists? (string-append lib file ".scm"))
         (hashq-remove! (module-submodules parent) name)
         (let ((entry (cons (string-append (substring prefix 1) "/") (symbol->string name))))
           (set! autoloads-done (delete entry autoloads-done))))))
   (module-submodules parent)))
(define test (caddr (command-line)))
(for-each (lambda (top)
            (forget! (resolve-module (list top) #f) (string-append "/" (symbol->string top))))
          '(ice-9 srfi rnrs scheme system sxml texinfo web language))
(catch #t
  (lambda () (primitive-load test))
  (lambda (key . args)
    (write (cons key args))
    (newline)))
