;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git structs).

(define-module (git structs)
  #:use-module (git unsupported))

(define-unsupported git-error-code git-error-class git-error-message
  git-error? signature-email signature-name)
