;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git config).

(define-module (git config)
  #:use-module (git unsupported))

(define-unsupported config-get-entry set-config-string)
