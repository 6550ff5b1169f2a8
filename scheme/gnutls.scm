;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The interface of GnuTLS's Guile bindings, as far as GNU Guix names it.  The
;;; procedures fail when they are called; the errors are values that nothing
;;; raises.

(define-module (gnutls)
  #:export (connection-end/client
            error/again error/interrupted error/invalid-session
            error/premature-termination error/pull-error error/push-error
            error/fatal-alert-received error/warning-alert-received))

(define-syntax-rule (define-values-of-their-own name ...)
  (begin (define name 'name) ...))

(define-values-of-their-own
  connection-end/client
  error/again error/interrupted error/invalid-session
  error/premature-termination error/pull-error error/push-error
  error/fatal-alert-received error/warning-alert-received)

(define-public (error->string error)
  "Return the name of ERROR."
  (symbol->string error))

(define-syntax-rule (define-unsupported name ...)
  (begin
    (define-public name
      (lambda arguments
        (throw 'misc-error 'name "TLS is not supported yet" '() #f)))
    ...))

(define-unsupported
  make-session handshake bye session-record-port
  set-session-record-port-close! set-session-server-name!
  set-session-transport-fd! set-session-default-priority!
  set-session-priorities! set-session-credentials!
  make-certificate-credentials set-certificate-credentials-x509-trust-file!
  set-certificate-credentials-verify-flags!
  session-peer-certificate-chain peer-certificate-status
  import-x509-certificate x509-certificate-format/der
  x509-certificate-matches-hostname? alert-get alert-description->string
  set-log-level! set-log-procedure! gnutls-version)
