;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git branch).

(define-module (git branch)
  #:use-module (git unsupported))

(define-unsupported branch-lookup)

;; libgit2's numbers.
(define-public BRANCH-LOCAL 1)
(define-public BRANCH-REMOTE 2)
(define-public BRANCH-ALL 3)
