;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Compilation to files does not exist here: programs are compiled when they are loaded.

(define-module (system base compile)
  #:export (compile compile-and-load compile-file compiled-file-name compute-compiler decompile
            default-optimization-level default-warning-level read-and-compile))

(define default-warning-level (make-parameter 1))
(define default-optimization-level (make-parameter 2))

(define (compiled-file-name file)
  "Return #f: there are no compiled files."
  #f)

(define (no-files who)
  (error (string-append who ": programs are not compiled to files")))

(define* (compile-file file . rest)
  "Fail: programs are not compiled to files."
  (no-files "compile-file"))

(define* (compile-and-load file . rest)
  "Load FILE."
  (primitive-load file))

(define* (compile form #:key (from 'scheme) (to 'value) (env (current-module)) (opts '())
                  (optimization-level 2) (warning-level 1))
  "Return the value of FORM in ENV."
  (if (eq? to 'value)
      (eval form env)
      (no-files "compile")))

(define* (read-and-compile port . rest)
  "Fail: programs are not compiled to files."
  (no-files "read-and-compile"))

(define (compute-compiler . args)
  "Fail."
  (no-files "compute-compiler"))

(define (decompile . args)
  "Fail."
  (no-files "decompile"))
