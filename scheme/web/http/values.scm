;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; The values of HTTP headers (RFC 7230 to 7235): for each grammar a parser from text, a predicate, and a writer.
;;; (web http) says which header has which.

(define-module (web http values)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-19)
  #:use-module (web uri)
  #:export (bad-header bad-header-component titlecased put-separated
            parse-number nonnegative-integer? put-number
            split-list put-list
            parse-key-values key-values? put-key-values
            parse-parameters parameters? put-parameters
            parse-parameter-lists parameter-lists? put-parameter-lists
            parse-accept put-accept parse-qualities qualities? put-qualities
            parse-http-date put-http-date
            parse-media-type media-type? put-media-type
            parse-etag etag? put-etag parse-etags etags? put-etags
            parse-credentials credentials? put-credentials parse-challenges challenges? put-challenges
            parse-host host? put-host parse-uri-header put-uri
            parse-content-range content-range? put-content-range parse-range range? put-range
            parse-warnings warnings? put-warnings parse-directives put-directives))

(define (bad-header name value)
  (throw 'bad-header name value))

(define (bad-header-component name value)
  (throw 'bad-header-component name value))

(define (titlecased symbol)
  "Return the name of SYMBOL as headers are written: each of its words with a capital."
  (string-titlecase (symbol->string symbol)))

(define (put-separated items separator put port)
  "Write ITEMS with PUT, which takes item and port, and SEPARATOR between them."
  (unless (null? items)
    (put (car items) port)
    (for-each (lambda (item) (display separator port) (put item port)) (cdr items))))

;;; Numbers

(define* (parse-number text #:optional (start 0) (end (string-length text)))
  "Return the number whose decimal digits are TEXT from START to END."
  (if (and (< start end) (string-every char-set:digit text start end))
      (string->number (substring text start end))
      (bad-header-component 'non-negative-integer text)))

(define (nonnegative-integer? obj)
  (and (exact-integer? obj) (>= obj 0)))

(define (put-number n port)
  (display (number->string n) port))

;;; Lists.  A separator within a quoted string is none.

(define* (split-quoted text separator)
  "Return the parts of TEXT between SEPARATORs outside of quotes."
  (let loop ((i 0) (start 0) (quoted? #f) (parts '()))
    (if (= i (string-length text))
        (reverse (cons (substring text start i) parts))
        (let ((c (string-ref text i)))
          (cond ((and quoted? (char=? c #\\) (< (+ i 1) (string-length text)))
                 (loop (+ i 2) start #t parts))
                ((char=? c #\") (loop (+ i 1) start (not quoted?) parts))
                ((and (not quoted?) (char=? c separator))
                 (loop (+ i 1) (+ i 1) #f (cons (substring text start i) parts)))
                (else (loop (+ i 1) start quoted? parts)))))))

(define* (split-list text #:optional (parse identity))
  "Return what PARSE makes of each element of the list TEXT; empty elements are none."
  (filter-map (lambda (part)
                (let ((part (string-trim-both part)))
                  (and (not (string-null? part)) (parse part))))
              (split-quoted text #\,)))

(define* (put-list items port #:optional (put display))
  (put-separated items ", " put port))

(define (unquoted text)
  "Return TEXT without the quotes around it, if it has any, and what they protect."
  (if (string-prefix? "\"" text)
      (let loop ((chars (cdr (string->list text))) (seen '()))
        (match chars
          (() (bad-header-component 'qstring text))
          ((#\") (list->string (reverse seen)))
          ((#\\ c . rest) (loop rest (cons c seen)))
          ((#\" . _) (bad-header-component 'qstring text))
          ((c . rest) (loop rest (cons c seen)))))
      text))

(define (put-quoted text port)
  (put-char* #\" port)
  (string-for-each (lambda (c)
                     (when (memv c '(#\" #\\)) (put-char* #\\ port))
                     (put-char* c port))
                   text)
  (put-char* #\" port))

(define (put-char* c port)
  (write-char c port))

;;; Key and value: "max-age=10, private".  VALUE-OF takes the key, a symbol, and the value's text or #f.

(define (plain-value key text)
  text)

(define* (parse-key-value text #:optional (value-of plain-value))
  (let* ((at (string-index text #\=))
         (key (string->symbol (string-trim-both (if at (substring text 0 at) text))))
         (value (value-of key (and at (unquoted (string-trim-both (substring text (+ at 1))))))))
    (if value (cons key value) key)))

(define* (parse-key-values text #:optional (value-of plain-value))
  (split-list text (lambda (part) (parse-key-value part value-of))))

(define (key-value? obj)
  (match obj
    (((? symbol?) . (or (? string?) #f)) #t)
    ((? symbol?) #t)
    (_ #f)))

(define (key-values? obj)
  (and (list? obj) (every key-value? obj)))

(define (put-plain-value key value port)
  (display value port))

(define* (put-key-value pair port #:optional (put-value put-plain-value))
  (match pair
    ((key . value)
     (display key port)
     (when value
       (display "=" port)
       (put-value key value port)))
    (key (display key port))))

(define* (put-key-values pairs port #:optional (put-value put-plain-value) (separator ", "))
  (put-separated pairs separator
                 (lambda (pair port) (put-key-value pair port put-value))
                 port))

;;; Directives of Cache-Control and Pragma: some have numbers, some names of headers.

(define (directive-value key text)
  (case key
    ((max-age min-fresh s-maxage) (parse-number (or text "")))
    ((max-stale) (and text (parse-number text)))
    ((private no-cache)
     (and text (split-list text (lambda (name) (string->symbol (string-downcase name))))))
    (else text)))

(define (parse-directives text)
  (parse-key-values text directive-value))

(define (put-directives pairs port)
  (put-key-values pairs port
                  (lambda (key value port)
                    (if (pair? value)
                        (begin
                          (display "\"" port)
                          (put-list (map titlecased value) port)
                          (display "\"" port))
                        (display value port)))))

;;; Parameters: "gzip;q=1": ((gzip (q . "1"))).

(define* (parse-parameters text #:optional (value-of plain-value))
  (let ((parts (map string-trim-both (split-quoted text #\;))))
    (map (lambda (part) (parse-key-value part value-of)) parts)))

(define* (parse-parameter-lists text #:optional (value-of plain-value))
  (split-list text (lambda (part) (parse-parameters part value-of))))

(define (parameters? obj)
  (and (pair? obj) (key-values? obj)))

(define (parameter-lists? obj)
  (and (list? obj) (every parameters? obj)))

(define* (put-parameters parameters port #:optional (put-value put-plain-value))
  (put-key-values parameters port put-value ";"))

(define* (put-parameter-lists lists port #:optional (put-value put-plain-value))
  (put-separated lists ","
                 (lambda (parameters port) (put-parameters parameters port put-value))
                 port))

;;; Qualities, in thousandths.

(define quality-rx (make-regexp "^([01])?(\\.([0-9]{0,3}))?$"))

(define (parse-quality text whole)
  (let* ((m (and (not (string-null? text)) (regexp-exec quality-rx text)))
         (thousandths (and m (+ (* 1000 (string->number (or (match:substring m 1) "0")))
                                (string->number
                                 (string-pad-right (or (match:substring m 3) "") 3 #\0))))))
    (if (and thousandths (<= thousandths 1000))
        thousandths
        (bad-header-component 'quality whole))))

(define (put-quality q port)
  (display (quotient q 1000) port)
  (display "." port)
  (display (string-pad (number->string (remainder q 1000)) 3 #\0) port))

(define (parse-accept text)
  (parse-parameter-lists text (lambda (key value)
                                (if (eq? key 'q)
                                    (parse-quality (or value "") (string-append "q=" (or value "")))
                                    value))))

(define (put-accept lists port)
  (put-parameter-lists lists port (lambda (key value port)
                                    (if (eq? key 'q)
                                        (put-quality value port)
                                        (display value port)))))

(define (parse-qualities text)
  (split-list text
              (lambda (part)
                (match (map string-trim-both (string-split part #\;))
                  ((name) (cons 1000 name))
                  ((name quality)
                   (unless (string-prefix? "q=" quality)
                     (bad-header-component 'quality quality))
                   (cons (parse-quality (substring quality 2) quality) name))
                  (_ (bad-header-component 'quality part))))))

(define (qualities? obj)
  (and (list? obj)
       (every (match-lambda
                (((? nonnegative-integer? q) . (? string?)) (<= q 1000))
                (_ #f))
              obj)))

(define (put-qualities qualities port)
  (put-separated qualities ","
                 (match-lambda*
                   (((quality . name) port)
                    (display name port)
                    (unless (= quality 1000)
                      (display ";q=" port)
                      (put-quality quality port))))
                 port))

;;; Dates: RFC 1123's, RFC 850's, asctime's.

(define months '("Jan" "Feb" "Mar" "Apr" "May" "Jun" "Jul" "Aug" "Sep" "Oct" "Nov" "Dec"))
(define days '("Sun" "Mon" "Tue" "Wed" "Thu" "Fri" "Sat"))
(define clock "([0-9]{2}):([0-9]{2}):([0-9]{2})")
(define rfc-1123-rx
  (make-regexp (string-append "^[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) " clock
                              " (GMT|[+-][0-9]{4})$")))
(define rfc-850-rx
  (make-regexp (string-append "^[A-Z][a-z]+day, ([0-9]{2})-([A-Z][a-z]{2})-([0-9]{2}) " clock
                              " (GMT|[+-][0-9]{4})$")))
(define asctime-rx
  (make-regexp (string-append "^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([0-9 ][0-9]) " clock " ([0-9]{4})$")))

(define (parse-http-date text)
  "Return the date that TEXT is."
  (define (number m n) (string->number (string-trim (match:substring m n))))
  (define (month m n)
    (let ((index (list-index (lambda (name) (string=? name (match:substring m n))) months)))
      (if index (+ index 1) (bad-header 'date text))))
  (define (zone m n)
    (match (match:substring m n)
      ("GMT" 0)
      (zone (let ((minutes (+ (* 60 (string->number (substring zone 1 3)))
                              (string->number (substring zone 3)))))
              (* 60 minutes (if (string-prefix? "-" zone) -1 1))))))
  (define (full-year year)
    ;; Two digits mean the year nearest to now.
    (let* ((now (date-year (current-date 0)))
           (guess (+ (* 100 (quotient now 100)) year)))
      (cond ((> guess (+ now 50)) (- guess 100))
            ((<= guess (- now 50)) (+ guess 100))
            (else guess))))
  (cond ((regexp-exec rfc-1123-rx text)
         => (lambda (m)
              (make-date 0 (number m 6) (number m 5) (number m 4)
                         (number m 1) (month m 2) (number m 3) (zone m 7))))
        ((regexp-exec rfc-850-rx text)
         => (lambda (m)
              (make-date 0 (number m 6) (number m 5) (number m 4)
                         (number m 1) (month m 2) (full-year (number m 3)) (zone m 7))))
        ((regexp-exec asctime-rx text)
         => (lambda (m)
              (make-date 0 (number m 5) (number m 4) (number m 3)
                         (number m 2) (month m 1) (number m 6) 0)))
        (else (bad-header 'date text))))

(define (put-http-date date port)
  (let* ((date (if (zero? (date-zone-offset date))
                   date
                   (time-tai->date (date->time-tai date) 0)))
         (padded (lambda (n) (string-pad (number->string n) 2 #\0))))
    (for-each (lambda (text) (display text port))
              (list (list-ref days (date-week-day date)) ", " (padded (date-day date)) " "
                    (list-ref months (- (date-month date) 1)) " "
                    (string-pad (number->string (date-year date)) 4 #\0) " "
                    (padded (date-hour date)) ":" (padded (date-minute date)) ":"
                    (padded (date-second date)) " GMT"))))

;;; Media types

(define (parse-media-type text)
  "Return the media type TEXT and its parameters."
  (match (string-split text #\;)
    ((type . parameters)
     (let ((type (string-trim-both type)))
       (unless (and (string-index type #\/)
                    (= (string-index type #\/) (string-rindex type #\/)))
         (bad-header-component 'media-type type))
       (cons (string->symbol type)
             (map (lambda (parameter)
                    (match (string-index parameter #\=)
                      (#f (bad-header 'content-type text))
                      (at (cons (string->symbol (string-downcase
                                                 (string-trim-both (substring parameter 0 at))))
                                (string-trim-both (substring parameter (+ at 1)))))))
                  (remove string-null? (map string-trim-both parameters))))))))

(define (media-type? obj)
  (match obj
    (((? symbol?) ((? symbol?) . (? string?)) ...) #t)
    (_ #f)))

(define (put-media-type value port)
  (display (car value) port)
  (for-each (match-lambda
              ((key . value)
               (display ";" port)
               (display key port)
               (display "=" port)
               (display value port)))
            (cdr value)))

;;; Entity tags: (TEXT . STRONG?)

(define (parse-etag text)
  (if (string-prefix? "W/" text)
      (cons (unquoted (substring text 2)) #f)
      (cons (unquoted text) #t)))

(define (etag? obj)
  (match obj
    (((? string?) . (? boolean?)) #t)
    (_ #f)))

(define (put-etag tag port)
  (unless (cdr tag) (display "W/" port))
  (put-quoted (car tag) port))

(define (parse-etags text)
  (if (string=? (string-trim-both text) "*")
      '*
      (split-list text parse-etag)))

(define (etags? obj)
  (or (eq? obj '*)
      (and (list? obj) (every etag? obj))))

(define (put-etags tags port)
  (if (eq? tags '*)
      (display "*" port)
      (put-list tags port put-etag)))

;;; Credentials and challenges

(define (parse-credentials text)
  (let* ((text (string-trim-both text))
         (at (or (string-index text char-set:whitespace) (string-length text)))
         (scheme (string->symbol (string-downcase (substring text 0 at))))
         (rest (string-trim-both (substring text at))))
    (case scheme
      ((basic)
       (when (string-null? rest) (bad-header-component 'basic-authorization text))
       (cons scheme rest))
      (else (cons scheme (parse-key-values rest))))))

(define (credentials? obj)
  (match obj
    (('basic . (? string?)) #t)
    (((? symbol?) . (? key-values?)) #t)
    (_ #f)))

(define (put-credentials credentials port)
  (match credentials
    (('basic . text)
     (display "Basic " port)
     (display text port))
    ((scheme . parameters)
     (display (titlecased scheme) port)
     (display " " port)
     (put-key-values parameters port))))

(define challenge-rx (make-regexp "^([^ \t=\",]+)[ \t]+([^ \t=\",]+[ \t]*=.*)$"))

(define (parse-challenges text)
  ;; A part that has a second word before its "=" begins a challenge.
  (let loop ((parts (split-list text)) (challenges '()))
    (match parts
      (() (reverse (map (match-lambda
                          ((scheme . parameters) (cons scheme (reverse parameters))))
                        challenges)))
      ((part . parts)
       (match (regexp-exec challenge-rx part)
         (#f
          (if (and (pair? challenges) (string-index part #\=))
              (match challenges
                (((scheme . parameters) . rest)
                 (loop parts
                       (acons scheme (cons (parse-key-value part) parameters) rest))))
              (bad-header-component 'challenge text)))
         (m
          (loop parts
                (acons (string->symbol (string-downcase (match:substring m 1)))
                       (list (parse-key-value (match:substring m 2)))
                       challenges))))))))

(define (challenges? obj)
  (match obj
    ((((? symbol?) . (? key-values?)) ...) #t)
    (_ #f)))

(define (put-challenges challenges port)
  (put-list challenges port
            (lambda (challenge port)
              (display (car challenge) port)
              (display " " port)
              (put-key-values (cdr challenge) port))))

;;; Hosts and URIs

(define host-rx (make-regexp "^(\\[([^]]*)\\]|([^:]*))(:(.*))?$"))

(define (parse-host text)
  (match (regexp-exec host-rx text)
    (#f (bad-header 'host text))
    (m
     (let ((port (match:substring m 5)))
       (cons (or (match:substring m 2) (match:substring m 3))
             (and port
                  (if (and (not (string-null? port)) (string-every char-set:digit port))
                      (string->number port)
                      (bad-header-component 'non-negative-integer text))))))))

(define (host? obj)
  (match obj
    (((? string?) . (or #f (? nonnegative-integer?))) #t)
    (_ #f)))

(define (put-host host port)
  (let ((name (car host)))
    (if (string-index name #\:)
        (for-each (lambda (text) (display text port)) (list "[" name "]"))
        (display name port))
    (when (cdr host)
      (display ":" port)
      (display (cdr host) port))))

(define (parse-uri-header text)
  (or (string->uri-reference text)
      (bad-header-component 'uri-reference text)))

(define (put-uri uri port)
  (display (uri->string uri) port))

;;; Ranges

(define content-range-rx
  (make-regexp "^[ \t]*([!-~]+)[ \t]+(([0-9]+)-([0-9]+)|\\*)/([0-9]+|\\*)[ \t]*$"))

(define (parse-content-range text)
  (match (regexp-exec content-range-rx text)
    (#f (bad-header 'content-range text))
    (m
     (define (number n) (string->number (match:substring m n)))
     (list (string->symbol (match:substring m 1))
           (if (match:substring m 3) (cons (number 3) (number 4)) '*)
           (if (string=? (match:substring m 5) "*") '* (number 5))))))

(define (content-range? obj)
  (match obj
    (((? symbol?)
      (or '* ((? nonnegative-integer?) . (? nonnegative-integer?)))
      (or '* (? nonnegative-integer?)))
     #t)
    (_ #f)))

(define (put-content-range value port)
  (match value
    ((unit range length)
     (display unit port)
     (display " " port)
     (match range
       ((first . last)
        (display first port)
        (display "-" port)
        (display last port))
       (star (display star port)))
     (display "/" port)
     (display length port))))

(define range-rx (make-regexp "^([0-9]*)-([0-9]*)$"))

(define (parse-range text)
  (unless (string-prefix? "bytes=" text)
    (bad-header 'range text))
  (cons 'bytes
        (map (lambda (part)
               (let ((m (regexp-exec range-rx (string-trim-both part))))
                 (define (number n)
                   (string->number (match:substring m n)))
                 (if (and m (or (number 1) (number 2)))
                     (cons (number 1) (number 2))
                     (bad-header 'range text))))
             (string-split (substring text 6) #\,))))

(define (range? obj)
  (match obj
    (((? symbol?) ((or #f (? nonnegative-integer?)) . (or #f (? nonnegative-integer?))) ...) #t)
    (_ #f)))

(define (put-range value port)
  (display (car value) port)
  (display "=" port)
  (put-separated (cdr value) ","
                 (lambda (range port)
                   (when (car range) (display (car range) port))
                   (display "-" port)
                   (when (cdr range) (display (cdr range) port)))
                 port))

;;; Warnings: (CODE HOST TEXT DATE)

(define warning-rx
  (make-regexp "^([0-9]{3}) ([^ ]+) (\"([^\"\\]|\\\\.)*\")( \"([^\"]*)\")?$"))

(define (parse-warnings text)
  (split-list text
              (lambda (part)
                (match (regexp-exec warning-rx part)
                  (#f (bad-header 'warning text))
                  (m (list (string->number (match:substring m 1))
                           (match:substring m 2)
                           (unquoted (match:substring m 3))
                           (and=> (match:substring m 6) parse-http-date)))))))

(define (warnings? obj)
  (match obj
    ((((? nonnegative-integer?) (? string?) (? string?) (or #f (? date?))) ...) #t)
    (_ #f)))

(define (put-warnings warnings port)
  (put-list warnings port
            (match-lambda*
              (((code host text date) port)
               (display code port)
               (display " " port)
               (display host port)
               (display " " port)
               (put-quoted text port)
               (when date
                 (display " \"" port)
                 (put-http-date date port)
                 (display "\"" port))))))
