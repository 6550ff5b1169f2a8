;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; HTTP responses.  Its procedures are not written yet, so that what imports them loads, and fails
;;; where it calls them.

(define-module (web response)
  #:export (adapt-response-version build-response read-response read-response-body
            response-accept-ranges response-age response-allow response-body-port
            response-cache-control response-connection response-content-encoding
            response-content-language response-content-length response-content-location
            response-content-md5 response-content-range response-content-type response-date
            response-etag response-expires response-last-modified response-location
            response-must-not-include-body? response-pragma response-proxy-authenticate
            response-reason-phrase response-retry-after response-server response-trailer
            response-transfer-encoding response-upgrade response-vary response-via
            response-warning response-www-authenticate text-content-type? write-response
            write-response-body response-code response-headers response-port response-version
            response?))

(define (not-yet name)
  (lambda args
    (scm-error 'misc-error (symbol->string name) "not there yet in fruix" '() #f)))

(define-syntax-rule (define-not-yet name ...)
  (begin (define name (not-yet 'name)) ...))

(define-not-yet
  adapt-response-version build-response read-response read-response-body response-accept-ranges
  response-age response-allow response-body-port response-cache-control response-connection
  response-content-encoding response-content-language response-content-length
  response-content-location response-content-md5 response-content-range response-content-type
  response-date response-etag response-expires response-last-modified response-location
  response-must-not-include-body? response-pragma response-proxy-authenticate
  response-reason-phrase response-retry-after response-server response-trailer
  response-transfer-encoding response-upgrade response-vary response-via response-warning
  response-www-authenticate text-content-type? write-response write-response-body)

(define-syntax-rule (response-code . args)
  ((not-yet 'response-code)))

(define-syntax-rule (response-headers . args)
  ((not-yet 'response-headers)))

(define-syntax-rule (response-port . args)
  ((not-yet 'response-port)))

(define-syntax-rule (response-version . args)
  ((not-yet 'response-version)))

(define-syntax-rule (response? . args)
  ((not-yet 'response?)))
