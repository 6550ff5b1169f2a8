;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git reference).

(define-module (git reference)
  #:use-module (git unsupported))

(define-unsupported reference-name reference-name->oid reference-shorthand
  reference-target)
