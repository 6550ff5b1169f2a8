;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git errors).

(define-module (git errors)
  #:use-module (git unsupported))

;; libgit2's number.
(define-public GIT_ENOTFOUND -3)
