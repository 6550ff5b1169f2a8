;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git tree).

(define-module (git tree)
  #:use-module (git unsupported))

(define-unsupported tree-list tree-lookup tree-entry-bypath)
