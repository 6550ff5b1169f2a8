;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Sources that are Git checkouts, fetched by the daemon.

(define-module (guix git-download)
  #:use-module (guix records)
  #:use-module (guix store)
  #:use-module (guix derivations)
  #:use-module (guix utils)
  #:export (<git-reference> git-reference git-reference? git-reference-url
            git-reference-commit git-reference-recursive? git-file-name
            git-version git-fetch))

(define-record-type* <git-reference>
  git-reference make-git-reference
  git-reference?
  (url        git-reference-url)
  (commit     git-reference-commit)
  (recursive? git-reference-recursive? (default #f)))

(define (git-file-name name version)
  "The file name of a checkout of NAME at VERSION."
  (string-append name "-" version "-checkout"))

(define (git-version version revision commit)
  "The version of the REVISIONth snapshot after VERSION, at COMMIT."
  (string-append version "-" revision "." (string-take commit 7)))

(define* (git-fetch reference hash-algo hash
                    #:optional name
                    #:key (system (%current-system)) guile git)
  "Yield the derivation that checks REFERENCE out as NAME."
  (lambda (store)
    (values
     (derivation store (or name "git-checkout") "builtin:git-download" '()
                 #:system system
                 #:hash-algo hash-algo #:hash hash #:recursive? #t
                 #:leaked-env-vars '("http_proxy" "https_proxy" "LC_ALL"
                                     "LC_MESSAGES" "LANG" "COLUMNS")
                 #:env-vars
                 `(("url" . ,(object->string (git-reference-url reference)))
                   ("commit" . ,(git-reference-commit reference))
                   ("recursive?" . ,(object->string
                                     (git-reference-recursive? reference))))
                 #:local-build? #t)
     store)))
