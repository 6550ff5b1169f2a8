;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; The HTTP protocol: headers, request and response lines, chunked bodies.  What values headers have is
;;; said by (web http values).

(define-module (web http)
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 exceptions)
  #:use-module (ice-9 match)
  #:use-module (ice-9 rdelim)
  #:use-module (ice-9 textual-ports)
  #:use-module (rnrs bytevectors)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-19)
  #:use-module (web http values)
  #:use-module (web uri)
  #:export (string->header header->string
            declare-header! declare-opaque-header! known-header? header-parser header-validator
            header-writer
            read-header parse-header valid-header? write-header read-headers write-headers
            parse-http-method parse-http-version parse-request-uri
            read-request-line write-request-line read-response-line write-response-line
            &chunked-input-error-prematurely chunked-input-ended-prematurely-error?
            make-chunked-input-port make-chunked-output-port
            http-proxy-port? set-http-proxy-port?!))

;;; What is known of headers, by name.

(define declarations (make-hash-table))

(define (string->header name)
  "Return the symbol of the header called NAME."
  (string->symbol (string-downcase name)))

(define* (declare-header! name parser validator writer #:key multiple?)
  "Say how the header called NAME is parsed, checked and written."
  (unless (and (string? name) parser validator writer)
    (error "bad header declaration" name parser validator writer))
  (hashq-set! declarations (string->header name) (vector name parser validator writer multiple?))
  (if #f #f))

(define (declaration name)
  (hashq-ref declarations name))

(define (header->string symbol)
  "Return the name of the header SYMBOL as it is written."
  (match (declaration symbol)
    (#f (titlecased symbol))
    (known (vector-ref known 0))))

(define (known-header? symbol)
  (and (declaration symbol) #t))

(define (header-parser symbol)
  (match (declaration symbol)
    (#f identity)
    (known (vector-ref known 1))))

(define (header-validator symbol)
  (match (declaration symbol)
    (#f string?)
    (known (vector-ref known 2))))

(define (header-writer symbol)
  (match (declaration symbol)
    (#f (lambda (value port) (put-string port value)))
    (known (vector-ref known 3))))

(define (declare-opaque-header! name)
  "Say that the header called NAME has a string for its value."
  (declare-header! name identity string? display))

(define (parse-header symbol text)
  "Return the value that TEXT is for the header SYMBOL."
  ((header-parser symbol) text))

(define (valid-header? symbol value)
  "Return true if VALUE is one that the header SYMBOL can have."
  (unless (symbol? symbol)
    (bad-header symbol value))
  ((header-validator symbol) value))

;;; Reading and writing headers

(define (read-header-line port)
  "Return the next line of PORT without its end."
  (match (%read-line port)
    (((? string? line) . #\newline)
     (if (string-suffix? "\r" line)
         (string-drop-right line 1)
         line))
    ((line . _)
     (bad-header 'read-header-line line))))

(define (read-continuation port text)
  (if (memv (peek-char port) '(#\space #\tab))
      (read-continuation port (string-append text (read-header-line port)))
      text))

(define (read-header port)
  "Return the name and the value of the next header of PORT; end-of-file objects after the last one."
  (let ((line (read-header-line port)))
    (if (string-null? line)
        (values (eof-object) (eof-object))
        (match (string-index line #\:)
          (#f (bad-header '%read line))
          (at
           (let ((name (string->header (substring line 0 at)))
                 (text (read-continuation port (string-trim-both line char-set:whitespace (+ at 1)))))
             (values name (parse-header name text))))))))

(define (read-headers port)
  "Return the headers of PORT, up to the empty line, as an alist."
  (let loop ((headers '()))
    (call-with-values (lambda () (read-header port))
      (lambda (name value)
        (if (eof-object? name)
            (reverse headers)
            (loop (acons name value headers)))))))

(define (write-header name value port)
  "Write the header NAME with VALUE to PORT."
  (put-string port (header->string name))
  (put-string port ": ")
  ((header-writer name) value port)
  (put-string port "\r\n"))

(define (write-headers headers port)
  "Write the alist HEADERS to PORT."
  (for-each (match-lambda ((name . value) (write-header name value port)))
            headers))

;;; The first lines

(define (bad-request message . args)
  (throw 'bad-request message args))

(define (bad-response message . args)
  (throw 'bad-response message args))

(define* (parse-http-version text #:optional (start 0) (end (string-length text)))
  "Return the version TEXT as (MAJOR . MINOR)."
  (let ((dot (string-index text #\. start end)))
    (if (and (string-prefix? "HTTP/" text 0 5 start end) dot)
        (cons (parse-number text (+ start 5) dot)
              (parse-number text (+ dot 1) end))
        (bad-header-component 'http-version (substring text start end)))))

(define (write-http-version version port)
  (put-string port "HTTP/")
  (put-string port (number->string (car version)))
  (put-string port ".")
  (put-string port (number->string (cdr version))))

(define* (parse-http-method text #:optional (start 0) (end (string-length text)))
  "Return the method TEXT as a symbol."
  (let ((method (string->symbol (substring text start end))))
    (if (memq method '(GET HEAD POST PUT DELETE OPTIONS TRACE CONNECT PATCH))
        method
        (bad-request "Invalid method: ~a" (symbol->string method)))))

(define* (parse-request-uri text #:optional (start 0) (end (string-length text)))
  "Return the URI of a request line, #f for \"*\"."
  (let ((text (substring text start end)))
    (cond ((string-null? text) (bad-request "Missing Request-URI"))
          ((string=? text "*") #f)
          ((string-prefix? "/" text)
           (or (string->relative-ref text)
               (bad-request "Invalid URI: ~a" text)))
          ((string->uri text))
          (else (bad-request "Invalid URI: ~a" text)))))

(define (read-request-line port)
  "Return method, URI and version of the request line at PORT."
  (let* ((line (read-header-line port))
         (first (string-index line char-set:whitespace))
         (last (string-rindex line char-set:whitespace)))
    (unless (and first last (< first last))
      (bad-request "Bad Request-Line: ~s" line))
    (values (parse-http-method line 0 first)
            (parse-request-uri line (+ first 1) last)
            (parse-http-version line (+ last 1)))))

(define (write-request-line method uri version port)
  "Write the request line of METHOD, URI and VERSION to PORT."
  (put-string port (symbol->string method))
  (put-string port " ")
  (if (http-proxy-port? port)
      (put-string port (uri->string uri #:include-fragment? #f))
      (let ((path (uri-path uri)) (query (uri-query uri)))
        (put-string port (if (string-null? path) "/" path))
        (when query
          (put-string port "?")
          (put-string port query))))
  (put-string port " ")
  (write-http-version version port)
  (put-string port "\r\n"))

(define (read-response-line port)
  "Return version, code and reason of the response line at PORT."
  (let* ((line (read-header-line port))
         (first (string-index line char-set:whitespace))
         (second (and first (string-index line char-set:whitespace (+ first 1)))))
    (unless second
      (bad-response "Bad Response-Line: ~s" line))
    (values (parse-http-version line 0 first)
            (parse-number line (+ first 1) second)
            (string-trim-both line char-set:whitespace (+ second 1)))))

(define (write-response-line version code reason port)
  "Write the response line of VERSION, CODE and REASON to PORT."
  (write-http-version version port)
  (put-string port " ")
  (put-string port (number->string code))
  (put-string port " ")
  (put-string port reason)
  (put-string port "\r\n"))

;;; Declarations of the standard headers

(define-syntax-rule (declare-headers! (name ...) parser validator writer)
  (for-each (lambda (each) (declare-header! each parser validator writer))
            '(name ...)))

(define (symbols? obj) (and (list? obj) (every symbol? obj)))
(define (strings? obj) (and (list? obj) (every string? obj)))
(define (header-names text) (split-list text string->header))
(define (put-header-names names port) (put-list (map header->string names) port))
(define (put-options names port)
  ;; "close" is the one that is written small.
  (put-list (map (lambda (name) (if (eq? name 'close) "close" (header->string name))) names) port))
(define (symbols text) (split-list text string->symbol))
(define (references? obj) (uri-reference? obj))

(declare-headers! ("Cache-Control" "Pragma") parse-directives list? put-directives)
(declare-header! "Connection" header-names symbols? put-options)
(declare-headers! ("Date" "If-Modified-Since" "If-Unmodified-Since" "Last-Modified")
                  parse-http-date date? put-http-date)
(declare-header! "Expires"
                 (lambda (text)
                   (if (member text '("0" "-1"))
                       (make-date 0 0 0 0 1 1 1970 0)
                       (parse-http-date text)))
                 date? put-http-date)
(declare-headers! ("Trailer") header-names symbols? put-header-names)
(declare-headers! ("Transfer-Encoding" "TE" "Expect")
                  parse-parameter-lists parameter-lists? put-parameter-lists)
(declare-headers! ("Upgrade" "Via" "Content-Language") split-list strings? put-list)
(declare-header! "Warning" parse-warnings warnings? put-warnings)
(declare-headers! ("Allow" "Content-Encoding" "Accept-Ranges") symbols symbols? put-list)
(declare-header! "Content-Disposition" parse-parameters parameters? put-parameters)
(declare-headers! ("Content-Length" "Max-Forwards" "Age")
                  parse-number nonnegative-integer? put-number)
(declare-headers! ("Content-Location" "Location" "Referer") parse-uri-header references? put-uri)
(declare-header! "Content-Range" parse-content-range content-range? put-content-range)
(declare-header! "Content-Type" parse-media-type media-type? put-media-type)
(declare-header! "Accept" parse-accept list? put-accept)
(declare-headers! ("Accept-Charset" "Accept-Encoding" "Accept-Language")
                  parse-qualities qualities? put-qualities)
(declare-headers! ("Authorization" "Proxy-Authorization")
                  parse-credentials credentials? put-credentials)
(declare-headers! ("Proxy-Authenticate" "WWW-Authenticate")
                  parse-challenges challenges? put-challenges)
(declare-header! "Host" parse-host host? put-host)
(declare-headers! ("If-Match" "If-None-Match") parse-etags etags? put-etags)
(declare-header! "ETag" parse-etag etag? put-etag)
(declare-header! "If-Range"
                 (lambda (text)
                   (if (or (string-prefix? "\"" text) (string-prefix? "W/" text))
                       (parse-etag text)
                       (parse-http-date text)))
                 (lambda (obj) (or (date? obj) (etag? obj)))
                 (lambda (value port)
                   (if (date? value)
                       (put-http-date value port)
                       (put-etag value port))))
(declare-header! "Range" parse-range range? put-range)
(declare-header! "Retry-After"
                 (lambda (text)
                   (if (and (not (string-null? text)) (char-numeric? (string-ref text 0)))
                       (parse-number text)
                       (parse-http-date text)))
                 (lambda (obj) (or (date? obj) (nonnegative-integer? obj)))
                 (lambda (value port)
                   (if (date? value)
                       (put-http-date value port)
                       (put-number value port))))
(declare-header! "Vary"
                 (lambda (text) (if (equal? text "*") '* (header-names text)))
                 (lambda (obj) (or (eq? obj '*) (symbols? obj)))
                 (lambda (value port)
                   (if (eq? value '*)
                       (display "*" port)
                       (put-header-names value port))))
(for-each declare-opaque-header! '("Content-MD5" "From" "User-Agent" "Server"))

;;; Chunked bodies

(define-exception-type &chunked-input-error-prematurely &external-error
  make-chunked-input-error chunked-input-ended-prematurely-error?)

(define* (make-chunked-input-port port #:key (keep-alive? #f))
  "Return a port from which the body is read that PORT has in chunks."
  (define remaining 0)
  (define finished? #f)
  (define (next-chunk!)
    (let* ((line (read-line port))
           (line (if (eof-object? line) (raise-exception (make-chunked-input-error)) line))
           (end (or (string-index line (lambda (c) (memv c '(#\; #\return #\space))))
                    (string-length line))))
      (set! remaining (or (string->number (substring line 0 end) 16)
                          (raise-exception (make-chunked-input-error))))
      (when (zero? remaining)
        (set! finished? #t)
        (end-of-chunk!))))
  (define (end-of-chunk!)
    (get-u8 port)                       ; the CR and
    (get-u8 port))                      ; the LF after each chunk
  (define (read! bytes start count)
    (cond (finished? 0)
          ((zero? remaining)
           (next-chunk!)
           (read! bytes start count))
          (else
           (let ((n (get-bytevector-n! port bytes start (min count remaining))))
             (when (or (eof-object? n) (zero? n))
               (raise-exception (make-chunked-input-error)))
             (set! remaining (- remaining n))
             (when (zero? remaining) (end-of-chunk!))
             n))))
  (make-custom-binary-input-port "chunked input port" read! #f #f
                                 (lambda () (unless keep-alive? (close-port port)))))

(define* (make-chunked-output-port port #:key (keep-alive? #f) (buffering 1200))
  "Return a port that writes to PORT in chunks of at most BUFFERING bytes."
  (define (write! bytes start count)
    (put-string port (number->string count 16))
    (put-string port "\r\n")
    (put-bytevector port bytes start count)
    (put-string port "\r\n")
    (force-output port)
    count)
  (define (close)
    (put-string port "0\r\n\r\n")
    (force-output port)
    (unless keep-alive? (close-port port)))
  (let ((chunked (make-custom-binary-output-port "chunked http port" write! #f #f close)))
    (setvbuf chunked 'block buffering)
    chunked))

;;; Proxies

(define proxy-ports (make-weak-key-hash-table))

(define (http-proxy-port? port)
  "Return true if what is at the other end of PORT is a proxy."
  (hashq-ref proxy-ports port #f))

(define (set-http-proxy-port?! port flag)
  (hashq-set! proxy-ports port flag)
  (if #f #f))
