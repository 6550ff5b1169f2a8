;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; The server implementation that speaks HTTP over sockets, one request after the other.

(define-module (web server http)
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 match)
  #:use-module (ice-9 q)
  #:use-module (srfi srfi-9)
  #:use-module (web request)
  #:use-module (web response)
  #:use-module (web server)
  #:export (http))

(define-record-type <server>
  (make-server socket idle)
  server?
  (socket server-socket)
  (idle server-idle))                   ; a queue of connections kept alive

(define* (http-open #:key (host #f) (family AF_INET)
                    (addr (if host (inet-pton family host) INADDR_LOOPBACK))
                    (port 8080)
                    (socket (let ((sock ((@ (guile) socket) PF_INET SOCK_STREAM 0)))
                              (setsockopt sock SOL_SOCKET SO_REUSEADDR 1)
                              (bind sock family addr port)
                              sock)))
  "Return a server that listens."
  (listen socket 128)
  (sigaction SIGPIPE SIG_IGN)
  (make-server socket (make-q)))

(define (ready server)
  "Return a port of SERVER on which a request waits: a new connection or one kept alive."
  (let* ((idle (car (server-idle server)))
         (readable (car (select (cons (server-socket server) idle) '() '()))))
    (match (delq (server-socket server) readable)
      ((port . _)
       (q-remove! (server-idle server) port)
       port)
      (()
       (match (accept (server-socket server))
         ((port . address)
          (setvbuf port 'block)
          (setsockopt port SOL_SOCKET SO_SNDBUF (* 12 1024))
          (set-port-encoding! port "ISO-8859-1")
          port))))))

(define (http-read server)
  "Return the next client of SERVER, its request and the request's body."
  (let ((port (ready server)))
    (cond ((eof-object? (lookahead-u8 port))
           (close-port port)
           (http-read server))
          (else
           (catch #t
             (lambda ()
               (let ((request (read-request port)))
                 (values port request (read-request-body request))))
             (lambda (key . args)
               (write-response (build-response #:version '(1 . 0) #:code 400
                                               #:headers '((content-length . 0)))
                               port)
               (close-port port)
               (apply throw key args)))))))

(define (keep-alive? response)
  (let ((connection (response-connection response)))
    (match (response-version response)
      ((1 . 1) (not (memq 'close connection)))
      (_ (and (memq 'keep-alive connection) #t)))))

(define (http-write server client response body)
  "Send RESPONSE with BODY to CLIENT."
  (let ((response (write-response response client)))
    (when body (write-response-body response body))
    (force-output client)
    (if (keep-alive? response)
        (enq! (server-idle server) client)
        (close-port client))))

(define (http-close server)
  (close-port (server-socket server))
  (for-each close-port (car (server-idle server))))

(define-server-impl http http-open http-read http-write http-close)
