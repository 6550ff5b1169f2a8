;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Looking around in a session.

(define-module (ice-9 session)
  #:use-module (ice-9 documentation)
  #:export (apropos apropos-internal apropos-fold apropos-fold-accessible apropos-fold-all
            apropos-fold-exported procedure-arguments arity help module-commentary))

(define (fold-module proc init module rx seen?)
  (module-search-fold
   (lambda (module init)
     (hash-fold (lambda (name variable result)
                  (if (and (variable-bound? variable)
                           (regexp-exec rx (symbol->string name)))
                      (proc module name (variable-ref variable) result)
                      result))
                init (module-obarray module)))
   init module))

(define (module-search-fold proc init module)
  ;; Fold PROC over MODULE and what it uses, each once.
  (let loop ((todo (list module)) (seen '()) (result init))
    (cond ((null? todo) result)
          ((memq (car todo) seen) (loop (cdr todo) seen result))
          (else
           (loop (append (cdr todo) (module-uses (car todo)))
                 (cons (car todo) seen)
                 (proc (car todo) result))))))

(define (apropos-fold proc init rx folder)
  "Fold PROC over the bindings whose names match RX in the modules that FOLDER gives."
  (let ((rx (if (string? rx) (make-regexp rx) rx)))
    (folder (lambda (module init) (fold-module proc init module rx #f)) init)))

(define (apropos-fold-accessible module)
  "Return a folder over what can be seen from MODULE."
  (lambda (proc init) (proc module init)))

(define (apropos-fold-exported proc init)
  "Fold over the current module."
  (proc (current-module) init))

(define (apropos-fold-all proc init)
  "Fold over the current module."
  (proc (current-module) init))

(define (apropos-internal rx)
  "Return the list of names, visible from the current module, that match RX."
  (apropos-fold (lambda (module name value result)
                  (if (memq name result) result (cons name result)))
                '() rx (apropos-fold-accessible (current-module))))

(define (apropos rx . options)
  "Print the names that match RX."
  (for-each (lambda (name)
              (display name)
              (newline))
            (apropos-internal rx)))

(define (procedure-arguments proc)
  "Return what is known of the arguments of PROC."
  (let ((arity (procedure-minimum-arity proc)))
    `((required . ,(make-list (car arity) '_))
      (optional . ,(make-list (cadr arity) '_))
      (keyword) (allow-other-keys? . #f)
      (rest . ,(and (caddr arity) 'rest)))))

(define (arity obj)
  "Print the arity of OBJ."
  (write (procedure-minimum-arity obj))
  (newline))

(define-syntax-rule (help name)
  (let ((doc (object-documentation name)))
    (display (or doc "No documentation."))
    (newline)))

(define (module-commentary name)
  "Return the commentary of the module NAME."
  (file-commentary (%search-load-path
                    (string-append (string-join (map symbol->string name) "/") ".scm"))))
