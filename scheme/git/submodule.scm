;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git submodule).

(define-module (git submodule)
  #:use-module (git unsupported))

(define-unsupported repository-submodules submodule-lookup submodule-path
  submodule-update)
