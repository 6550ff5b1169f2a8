;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R7RS library.

(define-module (scheme process-context)
  #:use-module ((srfi srfi-98) #:select (get-environment-variable get-environment-variables))
  #:re-export (command-line exit get-environment-variable get-environment-variables)
  #:export (emergency-exit))

(define* (emergency-exit #:optional (code #t))
  "Leave the program without unwinding."
  (primitive-_exit (case code ((#t) 0) ((#f) 1) (else code))))
