;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The build system that runs an expression and nothing else.

(define-module (guix build-system trivial)
  #:use-module (guix store)
  #:use-module (guix gexp)
  #:use-module (guix monads)
  #:use-module (guix packages)
  #:use-module (guix build-system)
  #:export (trivial-build-system))

(define* (lower name
                #:key source inputs native-inputs outputs system target
                guile builder (modules '()) allowed-references)
  (bag
    (name name)
    (system system)
    (target target)
    (host-inputs `(,@(if source `(("source" ,source)) '()) ,@inputs))
    (build-inputs native-inputs)
    (outputs outputs)
    (build (if target trivial-cross-build trivial-build))
    (arguments `(#:guile ,guile #:builder ,builder #:modules ,modules
                 #:allowed-references ,allowed-references))))

(define (build name inputs outputs guile system target builder modules
               allowed-references)
  (mlet %store-monad ((guile (package->derivation (or guile (default-guile))
                                                  system #:graft? #f)))
    (gexp->derivation name
                      (with-build-variables inputs outputs
                        (if (pair? builder) (sexp->gexp builder) builder))
                      #:system system #:target target #:graft? #f
                      #:modules modules
                      #:allowed-references allowed-references
                      #:guile-for-build guile)))

(define* (trivial-build name inputs
                        #:key outputs guile system builder (modules '())
                        search-paths allowed-references)
  "Yield the derivation NAME that runs BUILDER."
  (build name inputs outputs guile system #f builder modules
         allowed-references))

(define* (trivial-cross-build name
                              #:key target source build-inputs target-inputs
                              host-inputs outputs guile system builder
                              (modules '()) search-paths native-search-paths
                              allowed-references)
  "Like `trivial-build', for TARGET."
  (build name (append build-inputs target-inputs host-inputs) outputs guile
         system target builder modules allowed-references))

(define trivial-build-system
  (build-system
    (name 'trivial)
    (description "Run a Scheme expression")
    (lower lower)))
