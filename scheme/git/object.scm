;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git object).

(define-module (git object)
  #:use-module (git unsupported))

(define-unsupported object-id object-lookup object-lookup-prefix object-type)

;; libgit2's number.
(define-public OBJ-TAG 4)
