;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Languages: there is Scheme.

(define-module (system base language)
  #:use-module (srfi srfi-9)
  #:re-export (current-language)
  #:export (lookup-language language? language-name language-title
            default-environment invalidate-compilation-cache!))

(define-record-type <language>
  (make-language name title)
  language?
  (name language-name)
  (title language-title))

(define scheme (make-language 'scheme "Scheme"))

(define (lookup-language name)
  "Return the language NAME."
  (if (eq? name 'scheme) scheme (error "no such language" name)))

(define (default-environment language)
  "Return a fresh module."
  (make-fresh-user-module))

(define (invalidate-compilation-cache!)
  "Do nothing."
  #f)
