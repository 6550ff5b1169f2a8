;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; HTTP requests.  Its procedures are not written yet, so that what imports them loads, and fails
;;; where it calls them.

(define-module (web request)
  #:export (build-request read-request read-request-body request-absolute-uri request-accept
            request-accept-charset request-accept-encoding request-accept-language
            request-allow request-authorization request-cache-control request-connection
            request-content-encoding request-content-language request-content-length
            request-content-location request-content-md5 request-content-range
            request-content-type request-date request-expect request-expires request-from
            request-host request-if-match request-if-modified-since request-if-none-match
            request-if-range request-if-unmodified-since request-last-modified
            request-max-forwards request-pragma request-proxy-authorization request-range
            request-referer request-te request-trailer request-transfer-encoding
            request-upgrade request-user-agent request-via request-warning write-request
            write-request-body request-headers request-meta request-method request-port
            request-uri request-version request?))

(define (not-yet name)
  (lambda args
    (scm-error 'misc-error (symbol->string name) "not there yet in fruix" '() #f)))

(define-syntax-rule (define-not-yet name ...)
  (begin (define name (not-yet 'name)) ...))

(define-not-yet
  build-request read-request read-request-body request-absolute-uri request-accept
  request-accept-charset request-accept-encoding request-accept-language request-allow
  request-authorization request-cache-control request-connection request-content-encoding
  request-content-language request-content-length request-content-location request-content-md5
  request-content-range request-content-type request-date request-expect request-expires
  request-from request-host request-if-match request-if-modified-since request-if-none-match
  request-if-range request-if-unmodified-since request-last-modified request-max-forwards
  request-pragma request-proxy-authorization request-range request-referer request-te
  request-trailer request-transfer-encoding request-upgrade request-user-agent request-via
  request-warning write-request write-request-body)

(define-syntax-rule (request-headers . args)
  ((not-yet 'request-headers)))

(define-syntax-rule (request-meta . args)
  ((not-yet 'request-meta)))

(define-syntax-rule (request-method . args)
  ((not-yet 'request-method)))

(define-syntax-rule (request-port . args)
  ((not-yet 'request-port)))

(define-syntax-rule (request-uri . args)
  ((not-yet 'request-uri)))

(define-syntax-rule (request-version . args)
  ((not-yet 'request-version)))

(define-syntax-rule (request? . args)
  ((not-yet 'request?)))
