;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git bindings).

(define-module (git bindings)
  #:use-module (git unsupported))

(define-unsupported libgit2-init!)
