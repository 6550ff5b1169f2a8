;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; What the expressions of the judge stand on.  This file and they are evaluated
;;; as they are by GNU Guix and by fruix.

(use-modules (guix store) (guix monads) (guix derivations) (guix gexp)
             (guix packages) (guix build-system) (guix build-system gnu)
             (guix build-system trivial) (guix build-system copy)
             (guix download) (guix base32) (guix utils) (guix search-paths)
             (guix records) (guix modules) ((guix licenses) #:prefix license:)
             (srfi srfi-1) (srfi srfi-26) (ice-9 match) (rnrs bytevectors))

(%graft? #f)

;; A package whose derivation depends on nothing: the leaves of all others.
(define* (leaf-lower name #:key source inputs native-inputs outputs system target
                     #:allow-other-keys)
  (bag
    (name name) (system system) (target #f)
    (build-inputs native-inputs) (host-inputs inputs)
    (outputs outputs)
    (build (lambda* (name inputs #:key outputs system #:allow-other-keys)
             (raw-derivation name "/leaf/builder" (list name)
                             #:system system #:outputs outputs
                             #:env-vars `(("leaf" . ,name)))))
    (arguments '())))

(define leaf-build-system
  (build-system
    (name 'leaf) (description "Leaves") (lower leaf-lower)))

(define* (leaf leaf-name #:key (leaf-version "1.0") (leaf-outputs '("out"))
               (paths '()) (propagated '()))
  (package
    (name leaf-name) (version leaf-version) (source #f)
    (build-system leaf-build-system)
    (outputs leaf-outputs)
    (native-search-paths paths)
    (propagated-inputs propagated)
    (synopsis "A leaf") (description "A leaf") (home-page #f)
    (license license:gpl3+)))

(define (path variable directory)
  (search-path-specification
    (variable variable) (files (list directory))))

(define guile (leaf "guile" #:leaf-version "3.0.11"
                    #:paths (list (path "GUILE_LOAD_PATH"
                                        "share/guile/site/3.0"))))
(define zlib (leaf "zlib" #:leaf-version "1.3.1" #:leaf-outputs '("out" "static")))
(define gcc (leaf "gcc" #:leaf-outputs '("out" "lib")
                  #:paths (list (path "C_INCLUDE_PATH" "include")
                                (search-path-specification
                                  (variable "LIBRARY_PATH")
                                  (files '("lib" "lib64"))))))
(define libffi (leaf "libffi"))
(define glib (leaf "glib" #:leaf-outputs '("out" "bin")
                   #:propagated (list libffi `(,zlib "static"))
                   #:paths (list (path "PKG_CONFIG_PATH" "lib/pkgconfig"))))
(define perl (leaf "perl" #:paths (list (path "PERL5LIB" "lib/perl5"))))
(define tar (leaf "tar"))
(define gzip (leaf "gzip"))
(define xz (leaf "xz"))
(define bzip2 (leaf "bzip2"))
(define zstd (leaf "zstd"))
(define patch (leaf "patch"))
(define guile-json (leaf "guile-json"))

;; A file that is in the store already.
(define item
  (add-text-to-store (open-connection) "item" "An item.\n"))

(define tools
  (map (lambda (package) (list (package-name package) package))
       (list tar xz bzip2 gzip zstd patch)))

(define some-hash (base32 "0ssi1wpaf7plaswqqjwigppsg5fyh99vdlb9kzl7c9lng89ndq1i"))

(define (with-guile mvalue)
  ;; MVALUE, a procedure that takes a derivation and gives a monadic value.
  (mlet %store-monad ((drv (package->derivation guile)))
    (mvalue drv)))

(define* (build name exp #:rest options)
  ;; The derivation NAME that runs EXP with the Guile above.
  (mlet %store-monad ((drv (package->derivation guile)))
    (apply gexp->derivation name exp #:guile-for-build drv options)))

(define* (gnu-package package-name* #:key (version* "1.0") (source* #f)
                      (arguments* '()) (inputs* '()) (native* '())
                      (propagated* '()) (outputs* '("out")) (paths* '()))
  (package
    (name package-name*) (version version*) (source source*)
    (build-system gnu-build-system)
    (arguments `(#:implicit-inputs? #f #:guile ,guile ,@arguments*))
    (inputs inputs*) (native-inputs native*) (propagated-inputs propagated*)
    (outputs outputs*)
    (native-search-paths paths*)
    (synopsis "A package") (description "A package") (home-page #f)
    (license license:gpl3+)))

(define* (tarball file-name* . fields)
  (origin
    (method url-fetch)
    (uri (string-append "https://example.org/" file-name*))
    (sha256 some-hash)
    (patch-guile guile) (patch-inputs tools)))

(define %cases '())

(define-syntax-rule (case-of name exp)
  (set! %cases (acons name (lambda () exp) %cases)))
