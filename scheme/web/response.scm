;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; HTTP responses.

(define-module (web response)
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 match)
  #:use-module (rnrs bytevectors)
  #:use-module (srfi srfi-9)
  #:use-module (web http)
  #:use-module (web http messages)
  #:export (response? response-version response-code response-headers response-port
            response-reason-phrase
            build-response read-response write-response read-response-body write-response-body
            response-body-port response-must-not-include-body? adapt-response-version
            text-content-type?))

(define-record-type <response>
  (make-response version code reason-phrase headers port)
  response?
  (version response-version)
  (code response-code)
  (reason-phrase %response-reason-phrase)
  (headers response-headers)
  (port response-port))

(define (bad-response message . args)
  (throw 'bad-response message args))

(define phrases
  '((100 . "Continue") (101 . "Switching Protocols") (200 . "OK") (201 . "Created")
    (202 . "Accepted") (203 . "Non-Authoritative Information") (204 . "No Content")
    (205 . "Reset Content") (206 . "Partial Content") (300 . "Multiple Choices")
    (301 . "Moved Permanently") (302 . "Found") (303 . "See Other") (304 . "Not Modified")
    (305 . "Use Proxy") (307 . "Temporary Redirect") (400 . "Bad Request") (401 . "Unauthorized")
    (402 . "Payment Required") (403 . "Forbidden") (404 . "Not Found") (405 . "Method Not Allowed")
    (406 . "Not Acceptable") (407 . "Proxy Authentication Required") (408 . "Request Timeout")
    (409 . "Conflict") (410 . "Gone") (411 . "Length Required") (412 . "Precondition Failed")
    (413 . "Request Entity Too Large") (414 . "Request-URI Too Long")
    (415 . "Unsupported Media Type") (416 . "Requested Range Not Satisfiable")
    (417 . "Expectation Failed") (500 . "Internal Server Error") (501 . "Not Implemented")
    (502 . "Bad Gateway") (503 . "Service Unavailable") (504 . "Gateway Timeout")
    (505 . "HTTP Version Not Supported")))

(define (response-reason-phrase response)
  "Return the text beside the code of RESPONSE."
  (or (%response-reason-phrase response)
      (assv-ref phrases (response-code response))
      "(Unknown)"))

(define* (build-response #:key (version '(1 . 1)) (code 200) reason-phrase (headers '()) port
                         (validate-headers? #t))
  "Return a response with CODE."
  (unless (valid-version? version) (bad-response "Bad version: ~a" version))
  (unless (and (exact-integer? code) (<= 100 code 599)) (bad-response "Bad code: ~a" code))
  (unless (or (not reason-phrase) (string? reason-phrase))
    (bad-response "Bad reason phrase: ~a" reason-phrase))
  (when validate-headers? (check-headers headers bad-response))
  (make-response version code reason-phrase headers port))

(define (read-response port)
  "Return the response that PORT begins with; its body is left to be read."
  (call-with-values (lambda () (read-response-line port))
    (lambda (version code reason)
      (make-response version code reason (read-headers port) port))))

(define (adapt-response-version response version)
  "Return RESPONSE as one of VERSION."
  (build-response #:version version
                  #:code (response-code response)
                  #:reason-phrase (%response-reason-phrase response)
                  #:headers (response-headers response)
                  #:port (response-port response)))

(define (write-response response port)
  "Write RESPONSE to PORT; return one whose port it is."
  (write-response-line (response-version response) (response-code response)
                       (response-reason-phrase response) port)
  (write-headers (response-headers response) port)
  (display "\r\n" port)
  (if (eq? port (response-port response))
      response
      (make-response (response-version response) (response-code response)
                     (%response-reason-phrase response) (response-headers response) port)))

(define (response-must-not-include-body? response)
  "Return true if RESPONSE has no body whatever its headers say."
  (or (<= 100 (response-code response) 199)
      (and (memv (response-code response) '(204 304)) #t)))

(define (incomplete got length)
  (bad-response "EOF while reading response body: ~a bytes of ~a" got length))

(define (make-counted-input-port port length keep-alive?)
  (define remaining length)
  (define (read! bytes start count)
    (if (zero? remaining)
        0
        (let ((n (get-bytevector-n! port bytes start (min count remaining))))
          (when (eof-object? n) (incomplete (- length remaining) length))
          (set! remaining (- remaining n))
          n)))
  (make-custom-binary-input-port "delimited input port" read! #f #f
                                 (lambda () (unless keep-alive? (close-port port)))))

(define* (response-body-port response #:key (decode? #t) (keep-alive? #t))
  "Return a port to read the body of RESPONSE from, #f if it has none.  If DECODE? is true the port has the
encoding that the content type says."
  (define port
    (cond ((member '(chunked) (response-transfer-encoding response))
           (make-chunked-input-port (response-port response) #:keep-alive? keep-alive?))
          ((response-must-not-include-body? response) #f)
          ((response-content-length response)
           => (lambda (length)
                (make-counted-input-port (response-port response) length keep-alive?)))
          ((or (memq 'close (response-connection response))
               (not (equal? (response-version response) '(1 . 1)))
               (not (memq 'keep-alive (response-connection response))))
           (response-port response))
          (else #f)))
  (when (and port decode?)
    (match (response-content-type response)
      (((? text-content-type?) . parameters)
       (set-port-encoding! port (or (assq-ref parameters 'charset) "ISO-8859-1")))
      (_ #f)))
  port)

(define (read-response-body response)
  "Return the body of RESPONSE as a bytevector, #f if it has none."
  (let ((length (response-content-length response)))
    (cond ((response-must-not-include-body? response) #f)
          ((and length (null? (response-transfer-encoding response)))
           (read-counted-body (response-port response) length
                              (lambda (got) (incomplete got length))))
          (else
           (let ((port (response-body-port response #:decode? #f)))
             (and port
                  (match (get-bytevector-all port)
                    ((? eof-object?) (make-bytevector 0))
                    (bytes bytes))))))))

(define (write-response-body response bytes)
  "Write BYTES to the port of RESPONSE."
  (put-bytevector (response-port response) bytes))

(define (text-content-type? type)
  "Return true if TYPE, a symbol, is one whose content is text."
  (let ((type (symbol->string type)))
    (or (string-prefix? "text/" type)
        (string-suffix? "/xml" type)
        (string-suffix? "+xml" type))))

(define-header-accessors response-headers response
  (cache-control '()) (connection '()) (date #f) (pragma '()) (trailer '()) (transfer-encoding '())
  (upgrade '()) (via '()) (warning '()) (allow '()) (content-encoding '()) (content-language '())
  (content-length #f) (content-location #f) (content-md5 #f) (content-range #f) (content-type #f)
  (expires #f) (last-modified #f) (accept-ranges '()) (age #f) (etag #f) (location #f)
  (proxy-authenticate #f) (retry-after #f) (server #f) (vary '()) (www-authenticate #f))
