;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Module procedures that take procedures, and walks through trees of modules.

(define (save-module-excursion thunk)
  "Call THUNK; the current module is restored however it ends."
  (let ((inside #f) (outside #f))
    (dynamic-wind
      (lambda ()
        (set! outside (current-module))
        (when inside (set-current-module inside)))
      thunk
      (lambda ()
        (set! inside (current-module))
        (set-current-module outside)))))

(define (module-for-each proc module)
  "Apply PROC to the names and variables that MODULE itself defines."
  (for-each (lambda (binding) (proc (car binding) (cdr binding)))
            (%module-obarray->alist module)))

(define (module-map proc module)
  "Return the list of results of PROC on the names and variables that MODULE itself defines."
  (map (lambda (binding) (proc (car binding) (cdr binding)))
       (%module-obarray->alist module)))

(define (module-search fn module name)
  "Return the first true result of (FN M NAME) for MODULE and all that it uses."
  (or (fn module name)
      (or-map (lambda (used) (module-search fn used name))
              (module-uses module))))

(define (call-with-module-autoload-lock thunk)
  "Call THUNK."
  (thunk))

(define (call-with-deferred-observers thunk)
  "Call THUNK."
  (thunk))

(define (nested-ref root names)
  "Return the value of the binding reached from the module ROOT by NAMES, or #f."
  (let loop ((module root) (names names))
    (cond ((null? names) module)
          ((not (module? module)) #f)
          ((null? (cdr names)) (module-ref module (car names) #f))
          (else (loop (nested-ref-module module (list (car names))) (cdr names))))))

(define (nested-ref-module root names)
  "Return the module reached from ROOT by NAMES, or #f."
  (let loop ((module root) (names names))
    (if (or (null? names) (not module))
        module
        (loop (module-ref-submodule module (car names)) (cdr names)))))

(define (%module-defined-names module)
  (module-map (lambda (name variable) name) module))

(define (module-export-all! module)
  "Export everything that MODULE defines."
  (module-export! module (%module-defined-names module)))

(define (eval exp module)
  "Evaluate EXP in MODULE."
  (save-module-excursion
   (lambda ()
     (set-current-module module)
     (primitive-eval exp))))

(define (module-obarray module)
  "Return a hash table of what MODULE itself defines: names and their variables."
  (let ((table (make-hash-table)))
    (for-each (lambda (binding)
                (hashq-set! table (car binding) (cdr binding)))
              (%module-obarray->alist module))
    table))

(define (module-replacements module)
  "Return a hash table whose keys are the exports of the interface MODULE that replace others."
  (let ((table (make-hash-table)))
    (for-each (lambda (name) (hashq-set! table name #t))
              (%module-replacements module))
    table))

(define (%warning text)
  ;; What the engine calls to warn.
  (display text (current-warning-port)))
