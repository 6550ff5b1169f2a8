;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; An HTTP client.  Its procedures are not written yet, so that what imports them loads, and fails
;;; where it calls them.

(define-module (web client)
  #:export (current-http-proxy current-https-proxy http-delete http-get http-head http-options
            http-post http-put http-request http-trace open-socket-for-uri
            x509-certificate-directory))

(define (not-yet name)
  (lambda args
    (scm-error 'misc-error (symbol->string name) "not there yet in fruix" '() #f)))

(define-syntax-rule (define-not-yet name ...)
  (begin (define name (not-yet 'name)) ...))

(define-not-yet
  current-http-proxy current-https-proxy http-delete http-get http-head http-options http-post
  http-put http-request http-trace open-socket-for-uri x509-certificate-directory)
