;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; What the modules export: names, kinds, and simple values.

(load "harness.scm")

(define (kind name value)
  (cond ((macro? value) 'macro)
        ((procedure? value) 'procedure)
        ((or (number? value) (string? value) (symbol? value)) value)
        (else 'other)))

(define (exports module)
  (sort (module-map (lambda (name variable)
                      ;; Guix exports a few names that it does not define.
                      (list (symbol->string name)
                            (if (memq name '(STB_GNU STT_GNU))
                                'undefined
                                (kind name (variable-ref variable)))))
                    (resolve-interface module))
        (lambda (a b) (string<? (car a) (car b)))))

(for-each (lambda (module)
            (simple-format #t "~a~%" module)
            (for-each (lambda (export) (simple-format #t "  ~s~%" export))
                      (exports module)))
          '((guix build utils) (guix elf) (guix build gremlin)
            (guix build gnu-build-system) (guix build copy-build-system)
            (guix build union) (guix build profiles) (guix search-paths)
            (guix build debug-link) (guix build store-copy)))
