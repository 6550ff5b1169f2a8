;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; A server: reads requests by one implementation or another, has a handler make responses, writes them.

(define-module (web server)
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 iconv)
  #:use-module (ice-9 match)
  #:use-module (rnrs bytevectors)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:use-module (srfi srfi-9 gnu)
  #:use-module (web request)
  #:use-module (web response)
  #:use-module (web uri)
  #:export (make-server-impl server-impl? server-impl-name server-impl-open server-impl-read
            server-impl-write server-impl-close define-server-impl lookup-server-impl
            open-server read-client handle-request sanitize-response write-client close-server
            serve-one-client run-server))

(define-record-type server-impl
  (make-server-impl name open read write close)
  server-impl?
  (name server-impl-name)
  (open server-impl-open)
  (read server-impl-read)
  (write server-impl-write)
  (close server-impl-close))

(define-syntax-rule (define-server-impl name open read write close)
  (define name (make-server-impl 'name open read write close)))

(define (lookup-server-impl impl)
  "Return the implementation IMPL, which may be a symbol: that of module (web server IMPL)."
  (cond ((server-impl? impl) impl)
        ((symbol? impl)
         (let ((impl (module-ref (resolve-interface `(web server ,impl)) impl)))
           (if (server-impl? impl) impl (error "expected a server impl in module" `(web server ,impl)))))
        (else (error "expected a server-impl or a symbol" impl))))

(define-syntax-rule (guarded default expression)
  (catch #t
    (lambda () expression)
    (lambda (key . args)
      (if (memq key '(interrupt quit))
          (apply throw key args)
          (begin
            (print-exception (current-error-port) #f key args)
            default)))))

(define (open-server impl open-params)
  "Return a server of IMPL, opened with the list OPEN-PARAMS."
  (apply (server-impl-open impl) open-params))

(define (read-client impl server)
  "Return a client of SERVER, its request and the request's body; #f thrice if there is none now."
  (call-with-values (lambda () (guarded #f (call-with-values (lambda () ((server-impl-read impl) server))
                                             list)))
    (match-lambda
      ((client request body) (values client request body))
      (_ (values #f #f #f)))))

(define (extended headers name value)
  (if (assq name headers) headers (acons name value headers)))

(define (sanitize-response request response body)
  "Return RESPONSE, which may be an alist of headers, and BODY as a client can be given them."
  (cond ((list? response)
         (sanitize-response request (build-response #:version (request-version request)
                                                    #:headers response)
                            body))
        ((not (equal? (request-version request) (response-version response)))
         (sanitize-response request (adapt-response-version response (request-version request)) body))
        ((procedure? body)
         (let* ((type (response-content-type response '(text/plain)))
                (charset (or (assq-ref (cdr type) 'charset) "utf-8")))
           (sanitize-response
            request
            (set-content-type response type charset)
            (call-with-encoded-output-string charset body))))
        ((string? body)
         (let* ((type (response-content-type response '(text/plain)))
                (charset (or (assq-ref (cdr type) 'charset) "utf-8")))
           (sanitize-response request (set-content-type response type charset)
                              (string->bytevector body charset))))
        ((not (or (not body) (bytevector? body)))
         (error "unexpected body type"))
        ((and (response-must-not-include-body? response) body
              (positive? (bytevector-length body)))
         (error "response with this status code must not include body" response))
        (else
         (let ((length (response-content-length response))
               (size (if body (bytevector-length body) 0)))
           (when (and length body (not (= length size)))
             (error "bad content-length" length size))
           (values (if (or length (response-must-not-include-body? response))
                       response
                       (with-headers response
                         (extended (response-headers response) 'content-length size)))
                   (if (eq? (request-method request) 'HEAD) #f body))))))

(define (with-headers response headers)
  (build-response #:version (response-version response)
                  #:code (response-code response)
                  #:reason-phrase (response-reason-phrase response)
                  #:headers headers
                  #:port (response-port response)))

(define (set-content-type response type charset)
  (with-headers response
    (acons 'content-type
           `(,(car type) (charset . ,charset) ,@(alist-delete 'charset (cdr type)))
           (alist-delete 'content-type (response-headers response)))))

(define (handle-request handler request body state)
  "Return the response to REQUEST with BODY by HANDLER, its body, and the next STATE."
  (call-with-values
      (lambda ()
        (guarded (list (build-response #:code 500) #f state)
                 (call-with-values (lambda () (apply handler request body state))
                   (lambda (response body . state)
                     (call-with-values
                         (lambda () (sanitize-response request response body))
                       (lambda (response body) (list response body state)))))))
    (match-lambda ((response body state) (values response body state)))))

(define (write-client impl server client response body)
  "Give RESPONSE with BODY to CLIENT."
  (guarded #f ((server-impl-write impl) server client response body)))

(define (close-server impl server)
  "Release what SERVER holds."
  ((server-impl-close impl) server))

(define (serve-one-client handler impl server state)
  "Answer one request by HANDLER; return the next STATE."
  (call-with-values (lambda () (read-client impl server))
    (lambda (client request body)
      (if (not client)
          state
          (call-with-values (lambda () (handle-request handler request body state))
            (lambda (response body state)
              (write-client impl server client response body)
              state))))))

(define* (run-server handler #:optional (impl 'http) (open-params '()) . state)
  "Answer requests by HANDLER, which takes a request and its body, until interrupted."
  (let* ((impl (lookup-server-impl impl))
         (server (open-server impl open-params)))
    (dynamic-wind
      (const #t)
      (lambda ()
        (let loop ((state state))
          (loop (serve-one-client handler impl server state))))
      (lambda () (close-server impl server)))))
