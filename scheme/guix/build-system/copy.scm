;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The build system that copies files.  Same public interface as the module of
;;; this name in GNU Guix, and the same builders.

(define-module (guix build-system copy)
  #:use-module (guix store)
  #:use-module (guix utils)
  #:use-module (guix gexp)
  #:use-module (guix monads)
  #:use-module (guix search-paths)
  #:use-module (guix build-system)
  #:use-module (guix build-system gnu)
  #:use-module (guix packages)
  #:export (%copy-build-system-modules copy-build copy-build-system))

(define %copy-build-system-modules
  `((guix build copy-build-system) ,@%default-gnu-imported-modules))

(define* (lower name
                #:key source inputs native-inputs outputs system target
                #:allow-other-keys
                #:rest arguments)
  (bag
    (name name)
    (system system)
    (host-inputs `(,@(if source `(("source" ,source)) '())
                   ,@inputs
                   ,@(standard-packages)))
    (build-inputs native-inputs)
    (outputs outputs)
    (build copy-build)
    (arguments (strip-keyword-arguments '(#:target #:inputs #:native-inputs)
                                        arguments))))

(define (code value)
  (if (pair? value) (sexp->gexp value) value))

(define* (copy-build name inputs
                     #:key
                     guile source
                     (outputs '("out"))
                     (install-plan ''(("." "./")))
                     (search-paths '())
                     (out-of-source? #t)
                     (tests? #t)
                     (validate-runpath? #t)
                     (patch-shebangs? #t)
                     (strip-binaries? #t)
                     (strip-flags %strip-flags)
                     (strip-directories %strip-directories)
                     (phases '(@ (guix build copy-build-system)
                                 %standard-phases))
                     (system (%current-system))
                     (target #f)
                     (substitutable? #t)
                     (imported-modules %copy-build-system-modules)
                     (modules '((guix build copy-build-system)
                                (guix build utils))))
  "Yield the derivation NAME that copies files of SOURCE as INSTALL-PLAN says."
  (define builder
    (with-imported-modules imported-modules
      #~(begin
          (use-modules #$@modules)
          #$(with-build-variables inputs outputs
              #~(copy-build #:source #+source
                            #:system #$system
                            #:outputs %outputs
                            #:inputs %build-inputs
                            #:install-plan #$(code install-plan)
                            #:search-paths '#$(sexp->gexp
                                               (map search-path-specification->sexp
                                                    search-paths))
                            #:phases #$(code phases)
                            #:out-of-source? #$out-of-source?
                            #:tests? #$tests?
                            #:validate-runpath? #$validate-runpath?
                            #:patch-shebangs? #$patch-shebangs?
                            #:strip-binaries? #$strip-binaries?
                            #:strip-flags #$strip-flags
                            #:strip-directories #$strip-directories)))))

  (mlet %store-monad ((guile (package->derivation (or guile (default-guile))
                                                  system #:graft? #f)))
    (gexp->derivation name builder
                      #:system system
                      #:target #f
                      #:substitutable? substitutable?
                      #:graft? #f
                      #:guile-for-build guile)))

(define copy-build-system
  (build-system
    (name 'copy)
    (description "Copy files")
    (lower lower)))
