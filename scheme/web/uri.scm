;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; URIs, as RFC 3986 has them.

(define-module (web uri)
  #:use-module (fruix native)
  #:use-module (srfi srfi-9)
  #:use-module (ice-9 regex)
  #:use-module (ice-9 iconv)
  #:use-module (rnrs bytevectors)
  #:export (uri? uri-scheme uri-userinfo uri-host uri-port uri-path uri-query uri-fragment
            build-uri build-uri-reference build-relative-ref declare-default-port! string->uri
            string->uri-reference string->relative-ref uri->string uri-decode uri-encode
            split-and-decode-uri-path encode-and-join-uri-path uri-reference? relative-ref?))

(define-record-type <uri>
  (make-uri scheme userinfo host port path query fragment)
  uri-reference?
  (scheme uri-scheme)
  (userinfo uri-userinfo)
  (host uri-host)
  (port uri-port)
  (path uri-path)
  (query uri-query)
  (fragment uri-fragment))

(define (uri? obj)
  "Return true if OBJ is a URI with a scheme."
  (and (uri-reference? obj) (uri-scheme obj) #t))

(define (relative-ref? obj)
  "Return true if OBJ is a reference without a scheme."
  (and (uri-reference? obj) (not (uri-scheme obj))))

(define (uri-error message . args)
  (throw 'uri-error message args))

(define (validate scheme userinfo host port path query fragment)
  (cond ((not (or (not scheme) (symbol? scheme)))
         (uri-error "Expected a symbol for the URI scheme: ~s" scheme))
        ((and (or userinfo port) (not host))
         (uri-error "Expected a host, given userinfo or port"))
        ((and port (not (and (exact-integer? port) (>= port 0))))
         (uri-error "Expected port to be an integer: ~s" port))
        ((and host (not (and (string? host) (valid-host? host))))
         (uri-error "Expected valid host: ~s" host))
        ((and userinfo (not (string? userinfo)))
         (uri-error "Expected string for userinfo: ~s" userinfo))
        ((not (string? path))
         (uri-error "Expected string for path: ~s" path))
        ((and host (not (string-null? path)) (not (string-prefix? "/" path)))
         (uri-error "Expected absolute path starting with \"/\": ~a" path))
        ((and (not host) (string-prefix? "//" path))
         (uri-error "Expected path not to start with // when there is no host: ~a" path))))

(define* (build-uri scheme #:key userinfo host port (path "") query fragment (validate? #t))
  "Return a URI of SCHEME, a symbol."
  (when validate?
    (unless scheme
      (uri-error "Expected a symbol for the URI scheme: ~s" scheme))
    (validate scheme userinfo host port path query fragment))
  (make-uri scheme userinfo host port path query fragment))

(define* (build-uri-reference #:key scheme userinfo host port (path "") query fragment
                              (validate? #t))
  "Return a URI, or a reference if there is no SCHEME."
  (when validate?
    (validate scheme userinfo host port path query fragment))
  (make-uri scheme userinfo host port path query fragment))

(define* (build-relative-ref #:key userinfo host port (path "") query fragment (validate? #t))
  "Return a reference without scheme."
  (when validate?
    (validate #f userinfo host port path query fragment))
  (make-uri #f userinfo host port path query fragment))

;;; Parsing

(define label-rx (make-regexp "^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$"))
(define top-label-rx (make-regexp "^[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?$"))
(define ipv4-rx (make-regexp "^[0-9]{1,3}(\\.[0-9]{1,3}){3}$"))
(define ipv6-rx (make-regexp "^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$"))

(define (valid-host? host)
  (cond ((regexp-exec ipv4-rx host) #t)
        ((regexp-exec ipv6-rx host) #t)
        (else
         (let* ((host (if (string-suffix? "." host) (string-drop-right host 1) host))
                (labels (reverse (string-split host #\.))))
           (and (regexp-exec top-label-rx (car labels))
                (and-map (lambda (label) (regexp-exec label-rx label)) (cdr labels))
                #t)))))

(define authority-rx
  (make-regexp "^(([a-zA-Z0-9_.!~*'();:&=+$,%-]*)@)?(\\[([0-9a-fA-F:.]+)\\]|([^]:[@]*))(:([0-9]*))?$"))

(define (parse-authority authority ok fail)
  (if (string-null? authority)
      (ok #f #f #f)
      (let ((m (regexp-exec authority-rx authority)))
        (if (not m)
            (fail)
            (let ((host (or (match:substring m 4) (match:substring m 5)))
                  (port (match:substring m 7)))
              (if (valid-host? host)
                  (ok (match:substring m 2)
                      host
                      (and port (not (string-null? port)) (string->number port)))
                  (fail)))))))

(define (string->uri-reference str)
  "Return the URI or reference that STR is, or #f."
  (apply (lambda (scheme authority path query fragment)
           (define (make userinfo host port)
             (make-uri (and scheme (string->symbol (string-downcase scheme)))
                       userinfo host port path query fragment))
           (cond ((not authority) (make #f #f #f))
                 ((%plain-host? authority) (make #f authority #f))
                 (else (parse-authority authority make (lambda () #f)))))
         (%split-uri str)))

(define (string->uri str)
  "Return the URI that STR is, or #f."
  (let ((uri (string->uri-reference str)))
    (and uri (uri-scheme uri) uri)))

(define (string->relative-ref str)
  "Return the reference without scheme that STR is, or #f."
  (let ((uri (string->uri-reference str)))
    (and uri (not (uri-scheme uri)) uri)))

(define default-ports (make-hash-table))

(define (declare-default-port! scheme port)
  "Say that PORT need not be written for URIs of SCHEME."
  (hashq-set! default-ports scheme port))

(declare-default-port! 'http 80)
(declare-default-port! 'https 443)

(define* (uri->string uri #:key (include-fragment? #t))
  "Return the text of URI."
  (let ((scheme (uri-scheme uri)) (host (uri-host uri)) (port (uri-port uri)))
    (string-append
     (if scheme (string-append (symbol->string scheme) ":") "")
     (if host "//" "")
     (if (uri-userinfo uri) (string-append (uri-userinfo uri) "@") "")
     (cond ((not host) "")
           ((string-index host #\:) (string-append "[" host "]"))
           (else host))
     (if (and port (not (eqv? port (hashq-ref default-ports scheme))))
         (string-append ":" (number->string port))
         "")
     (uri-path uri)
     (if (uri-query uri) (string-append "?" (uri-query uri)) "")
     (if (and include-fragment? (uri-fragment uri))
         (string-append "#" (uri-fragment uri))
         ""))))

;;; Percent encoding

(define unreserved
  (char-set-union (ucs-range->char-set 97 123) (ucs-range->char-set 65 91)
                  (ucs-range->char-set 48 58) (string->char-set "-._~")))

(define* (uri-encode str #:key (encoding "utf-8") (unescaped-chars unreserved))
  "Return STR with all but UNESCAPED-CHARS percent-encoded."
  (call-with-output-string
   (lambda (port)
     (string-for-each
      (lambda (c)
        (if (char-set-contains? unescaped-chars c)
            (write-char c port)
            (for-each (lambda (byte)
                        (write-char #\% port)
                        (when (< byte 16) (write-char #\0 port))
                        (display (string-upcase (number->string byte 16)) port))
                      (bytevector->u8-list (string->bytevector (string c) encoding)))))
      str))))

(define* (uri-decode str #:key (encoding "utf-8") (decode-plus-to-space? #t))
  "Return STR with its percent-encoded bytes decoded as ENCODING; #f for ENCODING gives the bytes."
  (let ((len (string-length str)))
    (let loop ((i 0) (bytes '()))
      (if (= i len)
          (let ((bv (u8-list->bytevector (reverse bytes))))
            (if encoding (bytevector->string bv encoding) bv))
          (let ((c (string-ref str i)))
            (cond ((and (char=? c #\+) decode-plus-to-space?)
                   (loop (+ i 1) (cons 32 bytes)))
                  ((char=? c #\%)
                   (let ((byte (and (<= (+ i 3) len)
                                    (string->number (substring str (+ i 1) (+ i 3)) 16))))
                     (if (exact-integer? byte)
                         (loop (+ i 3) (cons byte bytes))
                         (loop (+ i 1) (cons 37 bytes)))))
                  (else
                   (loop (+ i 1)
                         (append (reverse (bytevector->u8-list (string->utf8 (string c))))
                                 bytes)))))))))

(define (split-and-decode-uri-path path)
  "Return the decoded components of PATH, without empty ones."
  (map (lambda (part) (uri-decode part #:decode-plus-to-space? #f))
       (filter (lambda (part) (not (string-null? part)))
               (string-split path #\/))))

(define (encode-and-join-uri-path parts)
  "Return the path of the components PARTS, encoded."
  (string-join (map (lambda (part) (uri-encode part)) parts) "/"))
