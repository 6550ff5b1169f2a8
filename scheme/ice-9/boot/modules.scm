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

(define (module-submodules module)
  "Return a hash table of the modules whose names are MODULE's and one more."
  (let ((table (make-hash-table)))
    (for-each (lambda (child)
                (hashq-set! table (car child) (cdr child)))
              (%module-submodules module))
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

(define (%nested-parent root names make?)
  ;; Return the module that holds the last of NAMES, or #f.
  (let loop ((module root) (names names))
    (if (null? (cdr names))
        module
        (let ((next (or (module-ref-submodule module (car names))
                        (and make?
                             (let ((child (make-module)))
                               (set-module-kind! child 'directory)
                               (set-module-name! child
                                                 (append (module-name module)
                                                         (list (car names))))
                               (module-define-submodule! module (car names) child)
                               child)))))
          (and next (loop next (cdr names)))))))

(define (%nested-do proc root names)
  (let ((module (%nested-parent root names #f)))
    (if module
        (proc module (car (last-pair names)))
        (error "failed to resolve module" names))))

(define (nested-set! root names value)
  "Set the binding reached from the module ROOT by NAMES."
  (%nested-do (lambda (module name) (module-set! module name value)) root names))

(define (nested-define! root names value)
  "Define the binding reached from the module ROOT by NAMES."
  (%nested-do (lambda (module name) (module-define! module name value)) root names))

(define (nested-remove! root names)
  "Remove the binding reached from the module ROOT by NAMES."
  (%nested-do module-remove! root names))

(define (nested-define-module! root names module)
  "Make MODULE the one that is reached from ROOT by NAMES."
  (if (null? names)
      (error "can't redefine root module" root module)
      (module-define-submodule! (%nested-parent root names #t) (car (last-pair names)) module)))

(define (local-ref names) (nested-ref (current-module) names))
(define (local-set! names value) (nested-set! (current-module) names value))
(define (local-define names value) (nested-define! (current-module) names value))
(define (local-remove names) (nested-remove! (current-module) names))
(define (local-ref-module names) (nested-ref-module (current-module) names))
(define (local-define-module names module)
  (nested-define-module! (current-module) names module))

(define (make-modules-in module names)
  "Return the module reached from MODULE by NAMES, made if need be."
  (or (nested-ref-module module names)
      (let ((child (make-module)))
        (set-module-kind! child 'directory)
        (set-module-name! child (append (module-name module) names))
        (nested-define-module! module names child)
        child)))

(define (module-reverse-lookup module variable)
  "Return the name that MODULE itself gives VARIABLE, or #f."
  (let loop ((bindings (%module-obarray->alist module)))
    (cond ((null? bindings) #f)
          ((eq? (cdar bindings) variable) (caar bindings))
          (else (loop (cdr bindings))))))

(define (reload-module module)
  "Load the file of MODULE again."
  (let ((file (module-filename module)))
    (if file
        (save-module-excursion
         (lambda ()
           (set-current-module (make-fresh-user-module))
           (primitive-load-path file)
           module))
        (error "unknown file name for module" module))))

(define (try-load-module name version)
  "Load the module NAME unless that was tried before."
  (try-module-autoload name version))

(define default-duplicate-binding-procedures
  (case-lambda
    (() (or (module-duplicates-handlers (current-module))
            (default-duplicate-binding-handler)))
    ((handlers) (set-module-duplicates-handlers! (current-module) handlers))))

(define (lookup-duplicates-handlers names)
  "Return the duplicate-binding handlers of these names: the engine knows them by name."
  (if (or (not names) (pair? names) (null? names))
      names
      (list names)))

;; Modules tell nobody that they change.
(define (module-observe module proc) (cons module proc))
(define* (module-observe-weak module id #:optional proc) (cons module id))
(define (module-unobserve token) *unspecified*)
(define (module-modified module) *unspecified*)

(define (module-transformer module) macroexpand)
(define (set-module-transformer! module transformer) *unspecified*)
(define (set-module-obarray! module table)
  "Make the bindings of the hash table TABLE those of MODULE."
  (module-clear! module)
  (hash-for-each (lambda (name variable) (module-add! module name variable)) table))

;;; Places of data that are no syntax objects are not kept.

(define (source-properties datum) '())
(define (set-source-properties! datum properties) properties)
(define (source-property datum key) #f)
(define (set-source-property! datum key value) value)
(define (supports-source-properties? datum) (pair? datum))
(define (cons-source original head tail) (cons head tail))

(define current-reader (make-fluid #f))
(define %file-port-name-canonicalization (make-fluid #f))

(define (%resolve-autoload name bindings symbol)
  ;; What the engine calls for an autoload of the module NAME when SYMBOL is looked up.
  (false-if-exception (resolve-interface name #:select bindings)
                      #:warning "Failed to autoload ~a in ~a:\n" symbol name))
