;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Commands of the REPL for what takes a store: monadic values, packages and other objects that are lowered
;;; and built.  Same commands as those of the module of this name in GNU Guix.

(define-module (guix monad-repl)
  #:use-module (fruix building)
  #:use-module (guix build-system)
  #:use-module (guix derivations)
  #:use-module (guix gexp)
  #:use-module (guix monads)
  #:use-module (guix packages)
  #:use-module (guix store)
  #:use-module (ice-9 match)
  #:use-module (ice-9 pretty-print)
  #:use-module (system base language)
  #:use-module (system repl command)
  #:use-module (system repl common)
  #:use-module (system repl repl)
  #:export (run-in-store enter-store-monad))

(define (run mvalue)
  ;; What MVALUE yields with a store.
  (with-store store
    (run-with-store store mvalue)))

(define (print value)
  (run-hook before-print-hook value)
  (pretty-print value))

(define (build-object object)
  ;; Yield the file names of what OBJECT, a derivation or a store item, builds.
  (with-monad %store-monad
    (if (derivation? object)
        (mbegin %store-monad
          (built-derivations (list object))
          (return (map cdr (derivation->output-paths object))))
        (return (list object)))))

(define-meta-command ((run-in-store guix) repl (form))
  "run-in-store EXP
Run EXP, a value in the store monad, and print what it yields."
  (print (run (repl-eval repl form))))

(define-meta-command ((lower guix) repl (form))
  "lower OBJECT
Lower OBJECT into a derivation or store file and print it."
  (print (run (lower-object (repl-eval repl form)))))

(define-meta-command ((build guix) repl (form))
  "build OBJECT
Lower OBJECT, build it, and print its output file names."
  (for-each print
            (run (mlet %store-monad ((lowered (lower-object (repl-eval repl form))))
                   (build-object lowered)))))

(define-meta-command ((verbosity guix) repl (level))
  "verbosity LEVEL
Show as much of builds as LEVEL says: 0 nothing, 1 progress, 2 phases, 3 whole logs."
  (set-build-verbosity! (repl-eval repl level)))

(define-meta-command ((graft? guix) repl (graft?))
  "graft? GRAFT?
Say whether grafts are to be performed."
  (%graft? (repl-eval repl graft?)))

(define store-monad-language
  ;; Scheme whose values are run in the store monad.
  (make-language #:name 'store-monad
                 #:title "Monad"
                 #:evaluator (lambda (form module)
                               (run (eval form module)))))

(define-meta-command ((enter-store-monad guix) repl)
  "enter-store-monad
Enter a REPL for values in the store monad."
  (run-repl (make-repl store-monad-language)))


;;;
;;; The arguments that a package is built with.
;;;

(define (keyword-argument args keyword default)
  ;; The value of KEYWORD in ARGS.
  (match args
    (() default)
    (((? (lambda (key) (eq? key keyword))) value . _) value)
    ((_ _ . rest) (keyword-argument rest keyword default))))

(define (print-argument package keyword default)
  ;; Print what the build system of PACKAGE is given for KEYWORD, as code.
  (unless (package? package)
    (user-error "this command is for packages only, not for ~s" package))
  (print
   (run (mlet* %store-monad
            ((expression (bag->derivation
                          (bag
                            (inherit (package->bag package))
                            (build (lambda* (name inputs #:rest args)
                                     (with-monad %store-monad
                                       (return (keyword-argument args keyword
                                                                 default)))))))))
          (if (gexp? expression)
              (mlet %store-monad ((lowered (lower-gexp expression)))
                (return (lowered-gexp-sexp lowered)))
              (return expression))))))

(define-meta-command ((phases guix) repl (form))
  "phases PACKAGE
Print the build phases of PACKAGE."
  (print-argument (repl-eval repl form) #:phases #~%standard-phases))

(define-meta-command ((configure-flags guix) repl (form))
  "configure-flags PACKAGE
Print the flags that PACKAGE is configured with."
  (print-argument (repl-eval repl form) #:configure-flags #~'()))

(define-meta-command ((make-flags guix) repl (form))
  "make-flags PACKAGE
Print the flags of make for PACKAGE."
  (print-argument (repl-eval repl form) #:make-flags #~'()))
