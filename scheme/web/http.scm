;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; HTTP headers and protocol.  Its procedures are not written yet, so that what imports them loads,
;;; and fails where it calls them.

(define-module (web http)
  #:export (chunked-input-ended-prematurely-error? header->string header-parser
            header-validator header-writer http-proxy-port? known-header?
            make-chunked-input-port make-chunked-output-port parse-header parse-http-method
            parse-http-version parse-request-uri read-header read-headers read-request-line
            read-response-line set-http-proxy-port?! string->header valid-header? write-header
            write-headers write-request-line write-response-line
            &chunked-input-error-prematurely declare-header! declare-opaque-header!))

(define (not-yet name)
  (lambda args
    (scm-error 'misc-error (symbol->string name) "not there yet in fruix" '() #f)))

(define-syntax-rule (define-not-yet name ...)
  (begin (define name (not-yet 'name)) ...))

(define-not-yet
  chunked-input-ended-prematurely-error? header->string header-parser header-validator
  header-writer http-proxy-port? known-header? make-chunked-input-port make-chunked-output-port
  parse-header parse-http-method parse-http-version parse-request-uri read-header read-headers
  read-request-line read-response-line set-http-proxy-port?! string->header valid-header?
  write-header write-headers write-request-line write-response-line)
(define &chunked-input-error-prematurely #f)

(define (declare-header! . args)
  "Do nothing."
  #f)

(define (declare-opaque-header! . args)
  "Do nothing."
  #f)
