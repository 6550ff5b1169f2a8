;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Languages: there is Scheme, and what modules make of it with an evaluator of their own.

(define-module (system base language)
  #:use-module (srfi srfi-9)
  #:re-export (current-language)
  #:export (make-language lookup-language language? language-name language-title
            language-reader language-printer language-parser language-compilers
            language-decompilers language-evaluator language-joiner
            language-make-default-environment
            default-environment invalidate-compilation-cache!))

(define-record-type <language>
  (%make-language name title reader printer parser compilers decompilers evaluator joiner
                  make-default-environment)
  language?
  (name language-name)
  (title language-title)
  (reader language-reader)
  (printer language-printer)
  (parser language-parser)
  (compilers language-compilers)
  (decompilers language-decompilers)
  (evaluator language-evaluator)
  (joiner joiner set-joiner!)
  (make-default-environment language-make-default-environment))

;; As a settable procedure: (guix build bournish) gives Scheme a joiner of its own.
(define language-joiner
  (make-procedure-with-setter joiner set-joiner!))

(define* (make-language #:key name title reader printer parser (compilers '())
                        (decompilers '()) evaluator joiner
                        (make-default-environment make-fresh-user-module)
                        #:allow-other-keys)
  "Return the language NAME.  EVALUATOR takes a form and a module; the other parts are only kept."
  (%make-language name title reader printer parser compilers decompilers evaluator joiner
                  make-default-environment))

(define scheme
  (make-language #:name 'scheme #:title "Scheme" #:printer write
                 #:reader (lambda (port module) (read port))))

(define (lookup-language name)
  "Return the language NAME."
  (if (eq? name 'scheme) scheme (error "no such language" name)))

(define (default-environment language)
  "Return a fresh module."
  ((language-make-default-environment language)))

(define (invalidate-compilation-cache!)
  "Do nothing."
  #f)
