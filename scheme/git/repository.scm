;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git repository).

(define-module (git repository)
  #:use-module (git unsupported))

(define-unsupported openable-repository? repository-close!
  repository-common-directory repository-config repository-directory
  repository-discover repository-head repository-head-detached?
  repository-init repository-open repository-working-directory)
