;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git graph).

(define-module (git graph)
  #:use-module (git unsupported))

(define-unsupported graph-descendant?)
