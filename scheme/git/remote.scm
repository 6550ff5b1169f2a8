;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git remote).

(define-module (git remote)
  #:use-module (git unsupported))

(define-unsupported remote-connect remote-create-anonymous remote-disconnect
  remote-fetch remote-lookup remote-ls remote-set-url! remote-head-name
  remote-head-oid)
