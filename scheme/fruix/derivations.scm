;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The derivations of all packages, for the command line.

(define-module (fruix derivations)
  #:use-module (fruix core)
  #:use-module (fruix discovery)
  #:use-module (guix derivations)
  #:use-module (guix packages)
  #:use-module (guix store)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (print-derivations))

(define (exception-words key arguments)
  ;; What is wrong, in one line.
  (string-join
   (string-tokenize
    (call-with-output-string
      (lambda (port)
        (print-exception port #f key arguments))))))

(define (print-derivations hidden? system target)
  "Print NAME@VERSION, a tab and the derivation's file of each package, hidden ones
too if HIDDEN? is true, for SYSTEM, cross-built for TARGET if that is true.  Say on the
error port what cannot be lowered, and return how many packages that are."
  (define store (open-connection))

  (define (file-name package)
    (derivation-file-name
     (if target
         (package-cross-derivation store package target system #:graft? #f)
         (package-derivation store package system #:graft? #f))))

  (define (print package)
    ;; Whether PACKAGE cannot be lowered.
    (catch #t
      (lambda ()
        (let ((file (file-name package)))
          (format #t "~a\t~a~%" (package-full-name package) file)
          #f))
      (lambda (key . arguments)
        (format (current-error-port) "fruix: error: ~a: ~a~%"
                (package-full-name package) (exception-words key arguments))
        #t)))

  (parameterize ((%graft? #f))
    (call-with-user-path (core-load-path)
      (lambda ()
        (count print
               (fold-packages cons '() #:hidden? hidden?))))))
