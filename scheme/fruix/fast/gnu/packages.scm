;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The fast half of GNU Guix's (gnu packages), evaluated in that module:
;;; finding a package by its name without evaluating the 30,000 others.

(use-modules (fruix core))

(define (variables-by-name)
  ;; A table from names of packages to the public variables of package modules
  ;; that hold them, in the order of modules and variables.  A definition that
  ;; is not evaluated yet and says by a literal string which name its package has
  ;; is left alone.
  (define table (make-hash-table 40000))

  (define (package-name-of variable)
    (or (core-waiting-name variable)
        (let ((value (false-if-exception (variable-ref variable))))
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

      (define (value variable)
        (false-if-exception (variable-ref variable)))

      (sort (delete-duplicates
             (filter wanted?
                     (map value
                          (reverse (hash-ref (force table) name '()))))
             eq?)
            (lambda (p1 p2)
              (version>? (package-version p1) (package-version p2)))))))
