;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; HTTP requests.

(define-module (web request)
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 match)
  #:use-module (rnrs bytevectors)
  #:use-module (srfi srfi-9)
  #:use-module (web http)
  #:use-module (web http messages)
  #:use-module (web uri)
  #:export (request? request-method request-uri request-version request-headers request-meta
            request-port
            build-request read-request write-request read-request-body write-request-body
            request-absolute-uri))

(define-record-type <request>
  (make-request method uri version headers meta port)
  request?
  (method request-method)
  (uri request-uri)
  (version request-version)
  (headers request-headers)
  (meta request-meta)
  (port request-port))

(define (bad-request message . args)
  (throw 'bad-request message args))

(define* (build-request uri #:key (method 'GET) (version '(1 . 1)) (headers '()) port (meta '())
                        (validate-headers? #t))
  "Return a request for URI; its Host header is added where HTTP/1.1 wants one."
  (let* ((wants-host? (and (equal? version '(1 . 1)) (uri-reference? uri)
                           (uri-host uri) (not (assq 'host headers))))
         (headers (if wants-host?
                      (acons 'host (cons (uri-host uri) (uri-port uri)) headers)
                      headers)))
    (unless (valid-version? version) (bad-request "Bad version: ~a" version))
    (unless (uri-reference? uri) (bad-request "Bad uri: ~a" uri))
    (unless (symbol? method) (bad-request "Bad method: ~a" method))
    (when validate-headers? (check-headers headers bad-request))
    (make-request method uri version headers meta port)))

(define* (read-request port #:optional (meta '()))
  "Return the request that PORT begins with; its body is left to be read."
  (call-with-values (lambda () (read-request-line port))
    (lambda (method uri version)
      (make-request method uri version (read-headers port) meta port))))

(define (write-request request port)
  "Write REQUEST to PORT; return one whose port it is."
  (write-request-line (request-method request) (request-uri request) (request-version request) port)
  (write-headers (request-headers request) port)
  (display "\r\n" port)
  (if (eq? port (request-port request))
      request
      (make-request (request-method request) (request-uri request) (request-version request)
                    (request-headers request) (request-meta request) port)))

(define (read-request-body request)
  "Return the body of REQUEST as a bytevector, #f if it has none."
  (let ((length (request-content-length request)))
    (and length
         (read-counted-body (request-port request) length
                            (lambda (got)
                              (bad-request "EOF while reading request body: ~a bytes of ~a"
                                           got length))))))

(define (write-request-body request bytes)
  "Write BYTES to the port of REQUEST."
  (put-bytevector (request-port request) bytes))

(define* (request-absolute-uri request #:optional default-host default-port default-scheme)
  "Return the URI of REQUEST with its host, from its headers or DEFAULT-HOST."
  (let ((uri (request-uri request)))
    (if (and (uri-host uri) (uri-scheme uri))
        uri
        (match (or (request-host request)
                   (and default-host (cons default-host default-port))
                   (bad-request "URI not absolute, no Host header, and no default: ~s" uri))
          ((host . port)
           (build-uri (or (uri-scheme uri) default-scheme
                          (bad-request "URI not absolute and no default-port" uri))
                      #:host host
                      #:port port
                      #:path (uri-path uri)
                      #:query (uri-query uri)
                      #:fragment (uri-fragment uri)))))))

(define-header-accessors request-headers request
  (cache-control '()) (connection '()) (date #f) (pragma '()) (trailer '()) (transfer-encoding '())
  (upgrade '()) (via '()) (warning '()) (allow '()) (content-encoding '()) (content-language '())
  (content-length #f) (content-location #f) (content-md5 #f) (content-range #f) (content-type #f)
  (expires #f) (last-modified #f) (accept '()) (accept-charset '()) (accept-encoding '())
  (accept-language '()) (authorization #f) (expect '()) (from #f) (host #f) (if-match #f)
  (if-modified-since #f) (if-none-match #f) (if-range #f) (if-unmodified-since #f)
  (max-forwards #f) (proxy-authorization #f) (range #f) (referer #f) (te '()) (user-agent #f))
