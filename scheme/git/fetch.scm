;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git fetch).

(define-module (git fetch)
  #:use-module (git unsupported))

(define-unsupported make-fetch-options fetch-options-callbacks)
