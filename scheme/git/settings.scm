;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The part of Guile-Git that GNU Guix imports from (git settings).

(define-module (git settings)
  #:use-module (git unsupported))

(define-unsupported set-server-connection-timeout! set-server-timeout!
  set-tls-certificate-locations!)
