;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git tag).

(define-module (git tag)
  #:use-module (git unsupported))

(define-unsupported tag-lookup tag-target-id)
