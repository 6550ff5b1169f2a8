;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git oid).

(define-module (git oid)
  #:use-module (git unsupported))

(define-unsupported oid->string string->oid oid=?)
