;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Build systems, which make bags of packages: what is built, from which inputs
;;; (the implicit ones included), and by which procedure.  Same public interface
;;; as the module of this name in GNU Guix.

(define-module (guix build-system)
  #:use-module (guix records)
  #:use-module (srfi srfi-1)
  #:export (@*
            <build-system> build-system build-system? build-system-name
            build-system-description build-system-lower
            <bag> bag bag? bag-name bag-system bag-target bag-build-inputs
            bag-host-inputs bag-target-inputs bag-outputs bag-arguments
            bag-build make-bag build-system-with-c-toolchain))

(define-syntax-rule (@* module name)
  "Like (@ MODULE NAME), looked up when it is evaluated."
  (module-ref (resolve-interface 'module) 'name))

(define-record-type* <build-system> build-system make-build-system
  build-system?
  (name        build-system-name)                 ;symbol
  (description build-system-description)
  (lower       build-system-lower))               ;keyword arguments => bag or #f

;; Inputs are lists of label, object, and perhaps output.  "Build" inputs run
;; where the build does, "host" ones are for what is built, "target" ones for
;; what a cross-compiler makes.
(define-record-type* <bag> bag %make-bag
  bag?
  (name          bag-name)
  (system        bag-system)
  (target        bag-target (default #f))         ;triplet or #f
  (build-inputs  bag-build-inputs (default '()))
  (host-inputs   bag-host-inputs (default '()))
  (target-inputs bag-target-inputs (default '()))
  (outputs       bag-outputs (default '("out")))
  (arguments     bag-arguments (default '()))
  (build         bag-build))                      ;name inputs ... => derivation

(define* (make-bag build-system name
                   #:key source (inputs '()) (native-inputs '())
                   (outputs '()) (arguments '())
                   system target)
  "The bag that BUILD-SYSTEM makes of the given parts, or #f if it cannot."
  (apply (build-system-lower build-system) name
         #:system system #:source source
         #:inputs inputs #:native-inputs native-inputs
         #:outputs outputs #:target target
         arguments))

(define %toolchain-labels
  '("gcc" "binutils" "libc" "libc:static" "ld-wrapper"))

(define (build-system-with-c-toolchain build-system* toolchain)
  "BUILD-SYSTEM* with the inputs TOOLCHAIN instead of its C compiler and kin."
  (define (lower . args)
    (let ((lowered (apply (build-system-lower build-system*) args)))
      (bag
        (inherit lowered)
        (build-inputs (append (fold alist-delete (bag-build-inputs lowered)
                                    %toolchain-labels)
                              toolchain)))))

  (build-system
    (inherit build-system*)
    (lower lower)))
