;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The fast half of GNU Guix's (guix derivations), evaluated in that module:
;;; derivations are printed, hashed and added to the store without a detour
;;; through ports.

(use-modules (fruix core))

(define (merge-inputs inputs)
  ;; INPUTS with each derivation once, its outputs merged.
  (define table (make-hash-table))

  (define (add! input)
    (let* ((drv    (derivation-input-derivation input))
           (handle (hashq-get-handle table drv)))
      (if handle
          (let ((other (derivation-input-sub-derivations (cdr handle)))
                (own   (derivation-input-sub-derivations input)))
            (unless (and (equal? own other) (null? (cdr own)))
              (set-cdr! handle
                        (make-derivation-input
                         drv
                         (sort (delete-duplicates (append own other))
                               string<?)))))
          (hashq-set! table drv input))))

  (for-each add! inputs)
  (let ((merged (hash-map->list (lambda (drv input) input) table)))
    ;; Different fixed-output derivations may make the same item, and count as
    ;; one then.
    (if (core-distinct?
         (map (lambda (input)
                (match (derivation-outputs (derivation-input-derivation input))
                  (((_ . output) . _) (derivation-output-path output))))
              merged))
        merged
        (coalesce-duplicate-inputs inputs))))

(define (input-with-path input)
  (cons (derivation-input-path input) input))

(define derivation
  (let ((generic derivation))
    (lambda* (store name builder args
                    #:key
                    (system (%current-system)) (env-vars '())
                    (inputs '()) (sources '()) (outputs '("out"))
                    hash hash-algo recursive? references-graphs
                    allowed-references disallowed-references
                    leaked-env-vars local-build? (substitutable? #t)
                    (properties '()) (%deprecation-warning? #t)
                    #:rest arguments)
      "Make the derivation NAME, which runs BUILDER with ARGS, and add it to the
store.  The options are those of GNU Guix."
      (define (option variable value)
        (if value `((,variable . ,value)) '()))

      (define options
        (append
         (option "exportReferencesGraph"
                 (and references-graphs
                      (string-join
                       (map (lambda (pair)
                              (string-append (car pair) " " (cdr pair)))
                            references-graphs))))
         (option "preferLocalBuild" (and local-build? "1"))
         (option "allowSubstitutes" (and (not substitutable?) "0"))
         (option "allowedReferences"
                 (and=> allowed-references string-join))
         (option "disallowedReferences"
                 (and=> disallowed-references string-join))
         (option "impureEnvVars" (and=> leaked-env-vars string-join))
         (option "guix properties"
                 (and (pair? properties) (object->string properties)))))

      (define (record file paths inputs environment)
        ;; The derivation in FILE, whose outputs have PATHS.
        (make-derivation
         (map (match-lambda
                ((name . path)
                 (cons name
                       (make-derivation-output path hash-algo hash recursive?))))
              paths)
         (map cdr (core-sort-pairs (map input-with-path inputs)))
         (map car (core-sort-pairs (map list (delete-duplicates sources))))
         system builder args
         (core-sort-pairs
          (append paths
                  (remove (lambda (pair) (assoc (car pair) paths))
                          environment)))
         file))

      (define environment
        (append options env-vars))

      (if (and (every derivation-input? inputs)
               (core-distinct? (map car environment)))
          (let ((inputs (merge-inputs inputs)))
            (match (core-add-derivation
                    name system builder args environment
                    (map (lambda (input)
                           (cons (derivation-input-path input)
                                 (derivation-input-sub-derivations input)))
                         inputs)
                    sources outputs
                    (and=> hash-algo symbol->string) hash recursive?)
              ((file . paths)
               ;; One file, one object: other caches compare with 'eq?'.
               (or (hash-ref %derivation-cache file)
                   (let ((drv (record file paths inputs environment)))
                     (hash-set! %derivation-cache file drv)
                     drv)))))
          ;; The hash of what has a variable twice is not that of what is
          ;; read back from its file.
          (let ((drv (apply generic store name builder args arguments)))
            (core-note-derivation-hash (derivation-file-name drv)
                                       (derivation-hash drv))
            drv)))))

;; What the module made of the procedure above before it was replaced.
(define raw-derivation (store-lift derivation))
