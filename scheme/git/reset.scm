;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git reset).

(define-module (git reset)
  #:use-module (git unsupported))

(define-unsupported reset)

;; libgit2's number.
(define-public RESET_HARD 3)
