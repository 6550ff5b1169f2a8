;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git clone).

(define-module (git clone)
  #:use-module (git unsupported))

(define-unsupported clone make-clone-options)
