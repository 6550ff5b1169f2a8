;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The GNU build system: "./configure && make && make check && make install".
;;; Same public interface as the module of this name in GNU Guix, and the same
;;; builders.

(define-module (guix build-system gnu)
  #:use-module (guix store)
  #:use-module (guix utils)
  #:use-module (guix gexp)
  #:use-module (guix monads)
  #:use-module (guix search-paths)
  #:use-module (guix build-system)
  #:use-module (guix packages)
  #:use-module (guix packages origin)
  #:use-module (srfi srfi-1)
  #:use-module (ice-9 match)
  #:export (%default-gnu-imported-modules %default-gnu-modules
            %gnu-build-system-modules
            %strip-flags %strip-directories
            gnu-build gnu-build-system standard-packages
            standard-cross-packages package-with-explicit-inputs
            package-with-extra-configure-variable static-libgcc-package
            static-package package-with-restricted-references))

(define %default-gnu-imported-modules
  '((guix build gnu-build-system)
    (guix build utils)
    (guix build gremlin)
    (guix elf)))

(define %gnu-build-system-modules %default-gnu-imported-modules)

(define %default-gnu-modules
  '((guix build gnu-build-system)
    (guix build utils)))

(define* (standard-packages #:optional (system (%current-system)))
  "The implicit inputs: lists of label, package, and perhaps output."
  ((module-ref (resolve-interface (%universe-module)) '%final-inputs) system))

(define (standard-cross-packages target kind)
  "The implicit inputs of KIND, `host' or `target', to build for TARGET."
  ((module-ref (resolve-interface (%universe-module)) '%cross-inputs)
   target kind))

(define* (lower name
                #:key source inputs native-inputs outputs target
                (implicit-inputs? #t) (implicit-cross-inputs? #t)
                (strip-binaries? #t) system
                #:allow-other-keys
                #:rest arguments)
  "The bag of a package NAME."
  (define (implicit kind)
    (if (and target implicit-cross-inputs?)
        (standard-cross-packages target kind)
        '()))

  (bag
    (name name)
    (system system)
    (target target)
    (build-inputs
     ;; Implicit inputs come last, so that libc's headers do.
     (append (if source `(("source" ,source)) '())
             native-inputs
             (if target '() inputs)
             (implicit 'host)
             (if implicit-inputs? (standard-packages system) '())))
    (host-inputs (if target inputs '()))
    (target-inputs (implicit 'target))
    (outputs (if strip-binaries? outputs (delete "debug" outputs)))
    (build (if target gnu-cross-build gnu-build))
    (arguments (strip-keyword-arguments
                `(#:inputs #:native-inputs #:outputs
                  #:implicit-inputs? #:implicit-cross-inputs?
                  ,@(if target '() '(#:target)))
                arguments))))

(define %license-file-regexp
  "^(COPYING.*|LICEN[CS]E.*|[Ll]icen[cs]e.*|Copy[Rr]ight(\\.(txt|md))?)$")

(define %bootstrap-scripts
  #~%bootstrap-scripts)

(define %strip-flags
  #~'("--strip-unneeded" "--enable-deterministic-archives"))

(define %strip-directories
  #~'("lib" "lib64" "libexec" "bin" "sbin"))

(define (code value)
  ;; Lists are taken as they are; anything else may be a gexp.
  (if (pair? value) (sexp->gexp value) value))

(define (search-paths-gexp search-paths)
  (sexp->gexp (map search-path-specification->sexp search-paths)))

(define* (gnu-build name inputs
                    #:key
                    guile source
                    (outputs '("out"))
                    (search-paths '())
                    (bootstrap-scripts %bootstrap-scripts)
                    (configure-flags ''())
                    (make-flags ''())
                    (out-of-source? #f)
                    (tests? #t)
                    (test-target "check")
                    (parallel-build? #t)
                    (parallel-tests? #t)
                    (patch-shebangs? #t)
                    (strip-binaries? #t)
                    (strip-flags %strip-flags)
                    (strip-directories %strip-directories)
                    (validate-runpath? #t)
                    (make-dynamic-linker-cache? #t)
                    (license-file-regexp %license-file-regexp)
                    (phases '%standard-phases)
                    (locale "C.UTF-8")
                    (separate-from-pid1? #t)
                    (system (%current-system))
                    (build (nix-system->gnu-triplet system))
                    (imported-modules %default-gnu-imported-modules)
                    (modules %default-gnu-modules)
                    (substitutable? #t)
                    allowed-references
                    disallowed-references)
  "Yield the derivation NAME that builds SOURCE with INPUTS, run by GUILE in a
context where MODULES are used; IMPORTED-MODULES are those that it needs beside
Guile's own."
  (define builder
    (with-imported-modules imported-modules
      #~(begin
          (use-modules #$@(sexp->gexp modules))
          #$(with-build-variables inputs outputs
              #~(gnu-build #:source #+source
                           #:system #$system
                           #:build #$build
                           #:outputs %outputs
                           #:inputs %build-inputs
                           #:search-paths '#$(search-paths-gexp search-paths)
                           #:phases #$(code phases)
                           #:locale #$locale
                           #:separate-from-pid1? #$separate-from-pid1?
                           #:bootstrap-scripts #$bootstrap-scripts
                           #:configure-flags #$(code configure-flags)
                           #:make-flags #$(code make-flags)
                           #:out-of-source? #$out-of-source?
                           #:tests? #$tests?
                           #:test-target #$test-target
                           #:parallel-build? #$parallel-build?
                           #:parallel-tests? #$parallel-tests?
                           #:patch-shebangs? #$patch-shebangs?
                           #:license-file-regexp #$license-file-regexp
                           #:strip-binaries? #$strip-binaries?
                           #:validate-runpath? #$validate-runpath?
                           #:make-dynamic-linker-cache? #$make-dynamic-linker-cache?
                           #:license-file-regexp #$license-file-regexp
                           #:strip-flags #$strip-flags
                           #:strip-directories #$strip-directories)))))

  (mlet %store-monad ((guile (package->derivation (or guile (default-guile))
                                                  system #:graft? #f)))
    (gexp->derivation name builder
                      #:system system
                      #:target #f
                      #:graft? #f
                      #:substitutable? substitutable?
                      #:allowed-references allowed-references
                      #:disallowed-references disallowed-references
                      #:guile-for-build guile)))

(define* (gnu-cross-build name
                          #:key
                          target
                          build-inputs target-inputs host-inputs
                          guile source
                          (outputs '("out"))
                          (search-paths '())
                          (native-search-paths '())
                          (bootstrap-scripts %bootstrap-scripts)
                          (configure-flags ''())
                          (make-flags ''())
                          (out-of-source? #f)
                          (tests? #f)             ;they do not run here
                          (test-target "check")
                          (parallel-build? #t)
                          (parallel-tests? #t)
                          (patch-shebangs? #t)
                          (strip-binaries? #t)
                          (strip-flags %strip-flags)
                          (strip-directories %strip-directories)
                          (validate-runpath? #t)
                          (make-dynamic-linker-cache? #f)
                          (license-file-regexp %license-file-regexp)
                          (phases '%standard-phases)
                          (locale "C.UTF-8")
                          (separate-from-pid1? #t)
                          (system (%current-system))
                          (build (nix-system->gnu-triplet system))
                          (imported-modules %default-gnu-imported-modules)
                          (modules %default-gnu-modules)
                          (substitutable? #t)
                          allowed-references
                          disallowed-references)
  "Like `gnu-build', for TARGET, a triplet."
  (define builder
    (with-imported-modules imported-modules
      #~(begin
          (use-modules #$@(sexp->gexp modules))
          (define %build-host-inputs
            #+(input-tuples->gexp build-inputs))
          (define %build-target-inputs
            (append #$(input-tuples->gexp host-inputs)
                    #+(input-tuples->gexp target-inputs)))
          (define %build-inputs
            (append %build-host-inputs %build-target-inputs))
          (define %outputs
            #$(outputs->gexp outputs))
          (gnu-build #:source #+source
                     #:system #$system
                     #:build #$build
                     #:target #$target
                     #:outputs %outputs
                     #:inputs %build-target-inputs
                     #:native-inputs %build-host-inputs
                     #:search-paths '#$(search-paths-gexp search-paths)
                     #:native-search-paths '#$(search-paths-gexp
                                               native-search-paths)
                     #:phases #$(code phases)
                     #:locale #$locale
                     #:separate-from-pid1? #$separate-from-pid1?
                     #:bootstrap-scripts #$bootstrap-scripts
                     #:configure-flags #$configure-flags
                     #:make-flags #$make-flags
                     #:out-of-source? #$out-of-source?
                     #:tests? #$tests?
                     #:test-target #$test-target
                     #:parallel-build? #$parallel-build?
                     #:parallel-tests? #$parallel-tests?
                     #:patch-shebangs? #$patch-shebangs?
                     #:license-file-regexp #$license-file-regexp
                     #:strip-binaries? #$strip-binaries?
                     #:validate-runpath? #$validate-runpath?
                     #:make-dynamic-linker-cache? #$make-dynamic-linker-cache?
                     #:license-file-regexp #$license-file-regexp
                     #:strip-flags #$strip-flags
                     #:strip-directories #$strip-directories))))

  (mlet %store-monad ((guile (package->derivation (or guile (default-guile))
                                                  system #:graft? #f)))
    (gexp->derivation name builder
                      #:system system
                      #:target target
                      #:graft? #f
                      #:substitutable? substitutable?
                      #:allowed-references allowed-references
                      #:disallowed-references disallowed-references
                      #:guile-for-build guile)))

(define gnu-build-system
  (build-system
    (name 'gnu)
    (description
     "The GNU Build System—i.e., ./configure && make && make install")
    (lower lower)))


;;;
;;; Variants of packages.
;;;

(define* (package-with-explicit-inputs inputs #:optional guile)
  "A procedure that gives a package, and all that it depends on, with what the
thunk INPUTS gives in place of implicit inputs."
  (define (left-alone? p)
    (or (not (eq? (package-build-system p) gnu-build-system))
        (memq #:implicit-inputs? (package-arguments p))))

  (package-mapping
   (lambda (p)
     (if (left-alone? p)
         p
         (package
           (inherit p)
           (inputs (append (inputs)
                           (fold alist-delete (package-inputs p)
                                 (map car (inputs)))))
           (arguments
            (ensure-keyword-arguments (package-arguments p)
                                      `(#:implicit-inputs? #f
                                        #:guile ,guile))))))
   left-alone?))

(define (package-with-extra-configure-variable p variable value)
  "P, configured with VARIABLE=VALUE, and so are its inputs."
  (define name= (string-append variable "="))

  (let loop ((p p))
    (define (rewrite inputs)
      (map (match-lambda
             ((label (? package? input) . outputs)
              (cons* label (loop input) outputs))
             (input input))
           inputs))

    (package
      (inherit p)
      (arguments
       (substitute-keyword-arguments (package-arguments p)
         ((#:configure-flags flags)
          #~(cons #$(string-append name= value)
                  (map (lambda (flag)
                         (if (string-prefix? #$name= flag)
                             (string-append
                              #$(string-append name= value " ")
                              (substring flag #$(string-length name=)))
                             flag))
                       #$flags)))))
      (replacement (and=> (package-replacement p) loop))
      (inputs (rewrite (package-inputs p)))
      (propagated-inputs (rewrite (package-propagated-inputs p))))))

(define (static-libgcc-package p)
  "P, linked with libgcc.a."
  (package-with-extra-configure-variable p "LDFLAGS" "-static-libgcc"))

(define* (static-package p #:key (strip-all? #t))
  "P, linked statically."
  (package
    (inherit p)
    (arguments
     (substitute-keyword-arguments (package-arguments p)
       ((#:configure-flags flags #~'())
        #~(cons* "--disable-shared" "LDFLAGS=-static" #$flags))
       ((#:strip-flags flags #~'("--strip-unneeded"))
        (if strip-all? #~'("--strip-all") flags))))
    (replacement (and=> (package-replacement p) static-package))))

(define (package-with-restricted-references p references)
  "P, whose outputs may refer to REFERENCES only."
  (if (eq? (package-build-system p) gnu-build-system)
      (package
        (inherit p)
        (arguments `(#:allowed-references ,references
                     ,@(package-arguments p))))
      p))
