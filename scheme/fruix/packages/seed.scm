;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The seed: the first tools, relocated from the packages of a distribution.
;;; What there is and how each is made comes from the lock; see docs/seed.md.

(define-module (fruix packages seed)
  #:use-module (fruix core)
  #:use-module (guix base16)
  #:use-module (guix build-system)
  #:use-module (guix derivations)
  #:use-module (guix diagnostics)
  #:use-module (guix download)
  #:use-module (guix gexp)
  #:use-module (guix monads)
  #:use-module (guix packages)
  #:use-module (guix search-paths)
  #:use-module (guix store)
  #:use-module (guix utils)
  #:use-module ((guix licenses) #:prefix license:)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-26)
  #:use-module (srfi srfi-34)
  #:use-module (ice-9 match)
  #:export (seed-build-system seed-package seed-packages-with
            seed-builder))

(define %items
  ;; What the lock says; none on a host that there is no seed for.  Packages can
  ;; be looked at all the same.
  (delay (or (false-if-exception (core-seed)) '())))

(define (item-named name)
  ;; What is said of NAME: (NAME VERSION OUTPUTS PACKAGES NEEDED RECIPE).
  (assoc name (force %items)))

(define (deb-origin facts)
  (match facts
    ((url file hash)
     (origin
       (method url-fetch)
       (uri url)
       (file-name file)
       (hash (content-hash (base16-string->bytevector hash) sha256))))))

(define* (seed-build name inputs #:key item system outputs #:allow-other-keys)
  "Yield the derivation NAME that relocates the packages of ITEM."
  (define (needed-file store label)
    (match (assoc label inputs)
      ((_ input)
       (match (run-monadic (lower-object (gexp-input-thing input) system) store)
         ((? derivation? drv) (derivation->output-path drv))
         (file file)))
      (#f (core-seed-tools))))

  (lambda (store)
    (match item
      ((_ _ _ debs needed recipe)
       (let* ((debs (map (lambda (deb)
                           (run-monadic (lower-object (deb-origin deb) system)
                                        store))
                         debs))
              (inputs (filter-map (match-lambda
                                    ((_ input)
                                     (let ((thing (gexp-input-thing input)))
                                       (and (derivation? thing)
                                            (derivation-input thing)))))
                                  inputs))
              (tools (core-seed-tools)))
         (values
          (derivation store name
                      (string-append tools "/bin/fruix-relocate") '()
                      #:system system #:outputs outputs
                      #:inputs (append (map derivation-input debs) inputs)
                      #:sources (list tools)
                      #:env-vars
                      `(("recipe" . ,recipe)
                        ("debs" . ,(string-join
                                    (map derivation->output-path debs)))
                        ("inputs" . ,(string-join
                                      (map (lambda (label)
                                             (string-append
                                              label "="
                                              (needed-file store label)))
                                           needed)))
                        ("outputs" . ,(string-join outputs)))
                      #:local-build? #t)
          store))))))

(define* (lower name #:key source inputs native-inputs outputs system target item
                #:allow-other-keys)
  (unless item
    (core-seed)                                   ;says why there is none
    (raise (formatted-message "the seed has no item '~a'" name)))
  (bag
    (name name)
    (system system)
    (build-inputs inputs)
    (outputs outputs)
    (build seed-build)
    (arguments `(#:item ,item))))

(define seed-build-system
  (build-system
    (name 'seed)
    (description "Relocate the packages of a distribution")
    (lower lower)))

(define (seed-packages-with replacements)
  "A procedure that gives the package of the item of the seed that is called by
its argument.  Instead of an item that REPLACEMENTS, an alist of names and
packages, names, other items refer to the package there."
  (define packages (make-hash-table))

  (define (concerned? name)
    ;; Does the item NAME refer to anything replaced, however indirectly?
    (match (item-named name)
      ((_ _ _ _ needed _)
       (any (lambda (name)
              (or (assoc name replacements) (concerned? name)))
            needed))
      (#f #f)))

  (define (package-named name)
    (or (hash-ref packages name)
        (let ((new (if (or (null? replacements) (concerned? name))
                       (make-seed-package name (item-named name) input-named)
                       (seed-package name))))
          (hash-set! packages name new)
          new)))

  (define (input-named name)
    (or (assoc-ref replacements name) (package-named name)))

  package-named)

(define seed-package
  ;; The package of an item of the seed, as the distribution made it.
  (seed-packages-with '()))

(define (make-seed-package seed-name item input-named)
  (package
    (name seed-name)
    (version (if item (second item) "0"))
    (source #f)
    (build-system seed-build-system)
    (outputs (if item (third item) '("out")))
    (arguments (list #:item item))
    (inputs (if item
                (map (lambda (name) (list name (input-named name)))
                     (delete "seed-tools" (fifth item)))
                '()))
    (native-search-paths (search-paths-of seed-name version))
    (synopsis (string-append "The first " seed-name))
    (description "What the distribution calls by this name, relocated into the
store.  Everything else is built with such packages.")
    (home-page #f)
    (properties '((hidden? . #t)))
    (license license:gpl3+)))

(define (directories variable . files)
  (search-path-specification (variable variable) (files files)))

(define (search-paths-of name version)
  ;; C++'s own headers come before libc's, which they include with
  ;; #include_next: GCC precedes libc among the implicit inputs.
  (match name
    ("gcc"
     (list (directories "C_INCLUDE_PATH" "include")
           (directories "CPLUS_INCLUDE_PATH"
                        (string-append "include/c++/" (version-major version))
                        "include")
           (directories "LIBRARY_PATH" "lib" "lib64")))
    (_ '())))

;; What runs builders: a store item that is part of the program.
(define seed-builder
  (let-system system (core-builder)))
