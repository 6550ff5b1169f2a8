;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The fast half of GNU Guix's (gnu packages), evaluated in that module:
;;; finding a package by its name without evaluating the 30,000 others, and what
;;; is known of all of them without evaluating any.

(use-modules (fruix core)
             (fruix core index))

;; The halves of other modules have it.
(define value-or-warning (@@ (guix discovery) value-or-warning))

(define (indexable?)
  ;; Whether all packages are the tree's.
  (equal? (%package-module-path) %default-package-module-path))

(define (index-variables)
  ;; Module, variable and package of each package that is not hidden, each once;
  ;; #f if some module cannot be loaded.
  (define complete? #t)
  (define seen (make-hash-table))

  (define modules
    (all-modules (%package-module-path)
                 #:warn (lambda args
                          (set! complete? #f)
                          (apply warn-about-load-error args))))

  (define packages
    (append-map (lambda (module)
                  (filter-map (match-lambda
                                ((symbol . variable)
                                 (match (value-or-warning variable)
                                   ((? package? package)
                                    (and (not (hashq-ref seen package))
                                         (not (hidden-package? package))
                                         (begin
                                           (hashq-set! seen package #t)
                                           (list (module-name module) symbol
                                                 package))))
                                   (_ #f))))
                              (module-map cons module)))
                modules))

  (and complete? packages))

(define index-entry
  (match-lambda
    ((module symbol package)
     (let ((location (package-location package))
           (text (lambda (value)
                   (and (string? value) value))))
       (vector (package-name package)
               (package-version package)
               (string-join (map symbol->string module))
               (symbol->string symbol)
               (package-outputs package)
               (->bool (supported-package? package))
               (->bool (package-superseded package))
               (and=> location location-file)
               (and=> location location-line)
               (and=> location location-column)
               (package-upstream-name* package)
               (text (package-synopsis package))
               (text (package-description package)))))))

(define* (package-index #:key make?)
  "Whether there is an index of the packages.  If MAKE?, make one if there is
none, which means to evaluate them all."
  (and (indexable?)
       (or (index-open (%current-system))
           (and make?
                (and=> (index-variables)
                       (lambda (variables)
                         (index-write! (%current-system)
                                       (map index-entry variables))))))))

(define fold-available-packages
  (let ((generic fold-available-packages))
    (lambda (proc init)
      "Call (PROC NAME VERSION RESULT #:outputs OUTPUTS ...) for each package."
      (if (package-index #:make? #t)
          (fold (match-lambda*
                  ((#(name version outputs supported? superseded?
                           file line column)
                    result)
                   (proc name version result
                         #:outputs outputs
                         #:location (and file (location file line column))
                         #:supported? supported?
                         #:deprecated? superseded?)))
                init
                (index-entries))
          (generic proc init)))))

(define (variables-by-name)
  ;; A table from names of packages to the public variables of package modules
  ;; that hold them, in the order of modules and variables.  A definition that
  ;; is not evaluated yet and says by a literal string which name its package has
  ;; is left alone.
  (define table (make-hash-table 40000))

  (define (package-name-of variable)
    (or (core-waiting-name variable)
        (let ((value (value-or-warning variable)))
          (and (package? value) (package-name value)))))

  (define (note! symbol variable)
    (let ((name (package-name-of variable)))
      (when name
        (hash-set! table name (cons variable (hash-ref table name '()))))))

  (for-each (lambda (module)
              (module-for-each note! module))
            (all-modules (%package-module-path)
                         #:warn warn-about-load-error))
  table)

(define find-packages-by-name/direct
  (let ((table (delay (variables-by-name))))
    (lambda* (name #:optional version)
      "Return the list of packages with the given NAME, and whose version is
prefixed by VERSION if that is not #f, in decreasing version order."
      (define (wanted? object)
        (and (package? object)
             (string=? (package-name object) name)
             (not (hidden-package? object))
             (or (not version)
                 (version-prefix? version (package-version object)))))

      (define candidates
        (if (package-index)
            (map (match-lambda
                   ((module symbol)
                    (module-ref (resolve-interface module) symbol)))
                 (index-named name))
            (map value-or-warning
                 (reverse (hash-ref (force table) name '())))))

      (sort (delete-duplicates (filter wanted? candidates) eq?)
            (lambda (p1 p2)
              (version>? (package-version p1) (package-version p2)))))))
