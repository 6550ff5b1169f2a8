;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git commit).

(define-module (git commit)
  #:use-module (git unsupported))

(define-unsupported commit-author commit-committer commit-date
  commit-extract-signature commit-id commit-lookup commit-message
  commit-parents commit-tree commit?)
