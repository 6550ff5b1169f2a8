;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; A client of HTTP.  For https it wants (gnutls), as Guile does.

(define-module (web client)
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 iconv)
  #:use-module (ice-9 match)
  #:use-module (rnrs bytevectors)
  #:use-module (srfi srfi-1)
  #:use-module (web http)
  #:use-module (web request)
  #:use-module (web response)
  #:use-module (web uri)
  #:export (current-http-proxy current-https-proxy x509-certificate-directory open-socket-for-uri
            http-request http-get http-head http-post http-put http-delete http-trace http-options))

(define (from-environment name)
  (match (getenv name)
    ((or #f "") #f)
    (value value)))

(define current-http-proxy (make-parameter (from-environment "http_proxy")))
(define current-https-proxy (make-parameter (from-environment "https_proxy")))
(define x509-certificate-directory
  (make-parameter (or (from-environment "GUILE_TLS_CERTIFICATE_DIRECTORY")
                      (from-environment "SSL_CERT_DIR")
                      "/etc/ssl/certs")))

(define (uri-of uri-or-string)
  (cond ((string? uri-or-string)
         (or (string->uri uri-or-string) (error "Invalid URI" uri-or-string)))
        ((uri? uri-or-string) uri-or-string)
        (else (error "Invalid URI" uri-or-string))))

(define (connected-socket uri)
  "Return a socket that is connected with the host of URI, by the first of its addresses that answers."
  (let loop ((addresses
              (delete-duplicates
               (getaddrinfo (uri-host uri)
                            (if (uri-port uri)
                                (number->string (uri-port uri))
                                (symbol->string (uri-scheme uri)))
                            (if (uri-port uri) AI_NUMERICSERV 0))
               (lambda (a b) (equal? (addrinfo:addr a) (addrinfo:addr b))))))
    (let* ((address (car addresses))
           (port (socket (addrinfo:fam address) SOCK_STREAM IPPROTO_IP)))
      (catch 'system-error
        (lambda ()
          (connect port (addrinfo:addr address))
          (setvbuf port 'block)
          (set-port-encoding! port "ISO-8859-1")
          port)
        (lambda args
          (close-port port)
          (if (null? (cdr addresses))
              (apply throw args)
              (loop (cdr addresses))))))))

(define* (open-socket-for-uri uri-or-string #:key (verify-certificate? #t))
  "Return a port that is connected with what URI-OR-STRING names, or the proxy for it."
  (let* ((uri (uri-of uri-or-string))
         (proxy (if (eq? (uri-scheme uri) 'https) (current-https-proxy) (current-http-proxy)))
         (port (connected-socket (if proxy (uri-of proxy) uri))))
    (cond ((eq? (uri-scheme uri) 'https)
           (close-port port)
           (throw 'gnutls-not-available "(gnutls) not available"))
          (proxy
           (set-http-proxy-port?! port #t)
           port)
          (else port))))

(define (body->bytes body headers)
  "Return BODY as a bytevector or #f, and HEADERS with its length and type added."
  (define (with name value headers)
    (if (assq name headers) headers (acons name value headers)))
  (match body
    (#f (values #f headers))
    ((? string?)
     (let* ((type (or (assq-ref headers 'content-type) '(text/plain)))
            (charset (or (assq-ref (cdr type) 'charset) "utf-8"))
            (bytes (string->bytevector body charset)))
       (values bytes
               (with 'content-length (bytevector-length bytes)
                     (acons 'content-type
                            (cons (car type)
                                  (assq-set! (alist-copy (cdr type)) 'charset charset))
                            (alist-delete 'content-type headers))))))
    ((? bytevector?)
     (values body
             (with 'content-type '(application/octet-stream)
                   (with 'content-length (bytevector-length body) headers))))
    ((? procedure?)
     (values body (with 'transfer-encoding '((chunked)) headers)))
    (_ (error "unexpected body type" body))))

(define (decoded response bytes)
  (match (and bytes (response-content-type response))
    (((? text-content-type?) . parameters)
     (bytevector->string bytes (or (assq-ref parameters 'charset) "iso-8859-1")))
    (_ bytes)))

(define* (http-request uri #:key (body #f) (verify-certificate? #t)
                       (port (open-socket-for-uri uri #:verify-certificate? verify-certificate?))
                       (method 'GET) (version '(1 . 1)) (keep-alive? #f) (headers '())
                       (decode-body? #t) (streaming? #f) (request #f))
  "Send a request for URI with METHOD; return the response and its body, or a port if STREAMING? is true."
  (let ((uri (uri-of uri)))
    (call-with-values (lambda () (body->bytes body headers))
      (lambda (bytes headers)
        (let* ((headers (if keep-alive? headers (acons 'connection '(close) headers)))
               (request (write-request (or request
                                           (build-request uri #:method method #:version version
                                                          #:headers headers #:port port))
                                       port)))
          (cond ((bytevector? bytes) (write-request-body request bytes))
                ((procedure? bytes)
                 (let ((chunked (make-chunked-output-port port #:keep-alive? #t)))
                   (bytes chunked)
                   (close-port chunked))))
          (force-output port)
          (let ((response (read-response port)))
            (cond ((eq? (request-method request) 'HEAD)
                   (unless keep-alive? (close-port port))
                   (values response #f))
                  (streaming?
                   (values response
                           (response-body-port response #:keep-alive? keep-alive?
                                               #:decode? decode-body?)))
                  (else
                   (let ((bytes (read-response-body response)))
                     (unless keep-alive? (close-port port))
                     (values response
                             (if decode-body? (decoded response bytes) bytes)))))))))))

(define-syntax-rule (define-methods (name method) ...)
  (begin
    (define* (name uri #:key (body #f) (verify-certificate? #t)
                   (port (open-socket-for-uri uri #:verify-certificate? verify-certificate?))
                   (version '(1 . 1)) (keep-alive? #f) (headers '()) (decode-body? #t)
                   (streaming? #f))
      "Send a request for URI by this method, as with http-request."
      (http-request uri #:body body #:method 'method #:port port #:version version
                    #:keep-alive? keep-alive? #:headers headers #:decode-body? decode-body?
                    #:streaming? streaming?))
    ...))

(define-methods
  (http-get GET) (http-head HEAD) (http-post POST) (http-put PUT) (http-delete DELETE)
  (http-trace TRACE) (http-options OPTIONS))
