;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The native half of GNU Guix's (gnu packages), evaluated in that module:
;;; finding a package by its name without evaluating the 30,000 others.

(use-modules (fruix core))

(define find-packages-by-name/direct
  (let ((modules (delay (all-modules (%package-module-path)
                                     #:warn warn-about-load-error))))
    (lambda* (name #:optional version)
      "Return the list of packages with the given NAME, and whose version is
prefixed by VERSION if that is not #f, in decreasing version order."
      (define (candidate symbol variable)
        ;; What VARIABLE holds, unless its definition, not evaluated yet, says
        ;; that it is a package of another name.
        (let ((waiting (core-waiting-name variable)))
          (and (or (not waiting) (string=? waiting name))
               (false-if-exception (variable-ref variable)))))

      (define (wanted? object)
        (and (package? object)
             (string=? (package-name object) name)
             (not (hidden-package? object))
             (or (not version)
                 (version-prefix? version (package-version object)))))

      (define found
        (delete-duplicates
         (append-map (lambda (module)
                       (filter wanted? (module-map candidate module)))
                     (force modules))
         eq?))

      (sort found
            (lambda (p1 p2)
              (version>? (package-version p1) (package-version p2)))))))
