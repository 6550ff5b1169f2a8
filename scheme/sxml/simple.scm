;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; XML as s-expressions.  The reader takes well-formed documents; of a document type it skips all but entities'
;;; declarations.

(define-module (sxml simple)
  #:use-module (ice-9 textual-ports)
  #:export (xml->sxml sxml->xml sxml->string))

;;; Writing

(define (escape str port quote?)
  (string-for-each
   (lambda (c)
     (case c
       ((#\<) (display "&lt;" port))
       ((#\>) (display "&gt;" port))
       ((#\&) (display "&amp;" port))
       ((#\") (display (if quote? "&quot;" "\"") port))
       (else (write-char c port))))
   str))

(define (text-of value)
  (cond ((string? value) value)
        ((symbol? value) (symbol->string value))
        ((number? value) (number->string value))
        ((procedure? value) (call-with-output-string (lambda (port) (with-output-to-port port value))))
        (else (error "bad attribute value" value))))

(define (check-name name)
  (let ((str (symbol->string name)))
    (when (or (string-null? str)
              (char-numeric? (string-ref str 0))
              (string-index str (lambda (c) (or (char-whitespace? c) (memv c '(#\< #\> #\& #\"))))))
      (error "Invalid XML name" name))
    str))

(define (element->xml tag attributes body port)
  (let ((name (check-name tag)))
    (display "<" port)
    (display name port)
    (for-each (lambda (attribute)
                (display " " port)
                (display (check-name (car attribute)) port)
                (display "=\"" port)
                (for-each (lambda (value) (escape (text-of value) port #t)) (cdr attribute))
                (display "\"" port))
              attributes)
    (cond ((null? body) (display " />" port))
          (else
           (display ">" port)
           (for-each (lambda (child) (sxml->xml child port)) body)
           (display "</" port)
           (display name port)
           (display ">" port)))))

(define* (sxml->xml tree #:optional (port (current-output-port)))
  "Print TREE as XML on PORT."
  (cond ((null? tree) #t)
        ((pair? tree)
         (cond ((symbol? (car tree))
                (let ((body (cdr tree)))
                  (case (car tree)
                    ((*TOP*) (for-each (lambda (child) (sxml->xml child port)) body))
                    ((*ENTITY*)
                     (display "&" port) (display (car body) port) (display ";" port))
                    ((*PI*)
                     (display "<?" port) (display (car body) port)
                     (unless (null? (cdr body))
                       (display " " port)
                       (for-each (lambda (part) (display part port)) (cdr body)))
                     (display "?>" port))
                    ((*COMMENT*)
                     (display "<!--" port)
                     (for-each (lambda (part) (display part port)) body)
                     (display "-->" port))
                    (else
                     (if (and (pair? body) (pair? (car body)) (eq? (caar body) '@))
                         (element->xml (car tree) (cdar body) (cdr body) port)
                         (element->xml (car tree) '() body port))))))
               (else (for-each (lambda (child) (sxml->xml child port)) tree))))
        ((string? tree) (escape tree port #f))
        ((procedure? tree) (with-output-to-port port tree))
        ((not tree) #f)
        ((eq? tree #t) #t)
        (else (escape (object->string tree display) port #f))))

(define (sxml->string tree)
  "Return the text of TREE, without tags."
  (call-with-output-string
   (lambda (port)
     (let loop ((tree tree))
       (cond ((string? tree) (display tree port))
             ((pair? tree)
              (unless (memq (car tree) '(@ *PI* *COMMENT*))
                (for-each loop (if (symbol? (car tree)) (cdr tree) tree)))))))))

;;; Reading

(define (parser-error port message . args)
  (scm-error 'parser-error "xml->sxml" (string-append message " at line ~a")
             (append args (list (+ 1 (port-line port)))) #f))

(define (space? c) (memv c '(#\space #\tab #\newline #\return)))

(define (skip-space port)
  (let ((c (peek-char port)))
    (when (and (char? c) (space? c))
      (read-char port)
      (skip-space port))))

(define (read-name port)
  (let loop ((chars '()))
    (let ((c (peek-char port)))
      (if (or (eof-object? c) (space? c) (memv c '(#\< #\> #\/ #\= #\? #\& #\; #\[ #\" #\')))
          (if (null? chars)
              (parser-error port "expected a name")
              (list->string (reverse chars)))
          (loop (cons (read-char port) chars))))))

(define (expect port str)
  (string-for-each
   (lambda (c)
     (unless (eqv? (read-char port) c)
       (parser-error port "expected ~s" str)))
   str))

(define (read-until port end)
  ;; The text up to END, which is consumed.
  (let ((len (string-length end)))
    (let loop ((chars '()) (n 0))
      (let ((c (read-char port)))
        (when (eof-object? c)
          (parser-error port "end of input before ~s" end))
        (let ((chars (cons c chars)))
          (if (and (>= (+ n 1) len)
                   (string=? end (list->string (reverse (list-head chars len)))))
              (list->string (reverse (list-tail chars len)))
              (loop chars (+ n 1))))))))

(define standard-entities
  '(("lt" . "<") ("gt" . ">") ("amp" . "&") ("quot" . "\"") ("apos" . "'")))

(define (read-entity port entities handler)
  ;; After "&": the text, or an *ENTITY* element.
  (let ((name (read-until port ";")))
    (cond ((string-prefix? "#x" name)
           (string (integer->char (string->number (substring name 2) 16))))
          ((string-prefix? "#" name)
           (string (integer->char (string->number (substring name 1)))))
          ((assoc-ref standard-entities name))
          ((assq-ref entities (string->symbol name)))
          (handler (handler port (string->symbol name)))
          (else (parser-error port "undefined entity ~s" name)))))

(define* (xml->sxml #:optional (string-or-port (current-input-port))
                    #:key (namespaces '()) (declare-namespaces? #t) (trim-whitespace? #f)
                    (entities '()) (default-entity-handler #f) (doctype-handler #f))
  "Return the document that STRING-OR-PORT holds as (*TOP* ...)."
  (define port
    (if (string? string-or-port) (open-input-string string-or-port) string-or-port))

  (define (resolve name env default?)
    ;; The symbol of NAME with its namespace's URI, or the prefix given to that, before it.
    (let* ((colon (string-index name #\:))
           (prefix (and colon (substring name 0 colon)))
           (uri (cond ((member prefix '("xml" "xmlns")) #f)
                      (prefix (assoc-ref env prefix))
                      (default? (assoc-ref env ""))
                      (else #f))))
      (cond ((or (not uri) (string-null? uri)) (string->symbol name))
            (else
             (let ((user (or-map (lambda (entry) (and (equal? (cdr entry) uri) (car entry)))
                                 namespaces)))
               (string->symbol
                (string-append (if user (symbol->string user) uri) ":"
                               (if colon (substring name (+ colon 1)) name))))))))

  (define (read-attribute-value)
    (skip-space port)
    (let ((mark (read-char port)))
      (unless (memv mark '(#\" #\'))
        (parser-error port "expected a quoted value"))
      (let loop ((parts '()))
        (let ((c (read-char port)))
          (cond ((eof-object? c) (parser-error port "end of input in an attribute"))
                ((eqv? c mark) (string-concatenate (reverse parts)))
                ((eqv? c #\&)
                 (let ((text (read-entity port entities default-entity-handler)))
                   (loop (cons (if (string? text) text "") parts))))
                ((space? c) (loop (cons " " parts)))
                (else (loop (cons (string c) parts))))))))

  (define (read-attributes)
    (let loop ((attributes '()))
      (skip-space port)
      (if (memv (peek-char port) '(#\> #\/ #\?))
          (reverse attributes)
          (let ((name (read-name port)))
            (skip-space port)
            (expect port "=")
            (loop (acons name (read-attribute-value) attributes))))))

  (define (namespace-declaration name)
    (cond ((string=? name "xmlns") "")
          ((string-prefix? "xmlns:" name) (substring name 6))
          (else #f)))

  (define (read-element env)
    ;; After "<".
    (let* ((name (read-name port))
           (all (read-attributes))
           (env (let loop ((l all) (env env))
                  (cond ((null? l) env)
                        ((namespace-declaration (caar l))
                         => (lambda (prefix) (loop (cdr l) (acons prefix (cdar l) env))))
                        (else (loop (cdr l) env)))))
           (attributes
            (map (lambda (attribute)
                   (list (resolve (car attribute) env #f) (cdr attribute)))
                 (filter (lambda (attribute) (not (namespace-declaration (car attribute))))
                         (reverse all))))
           (tag (resolve name env #t))
           (children
            (cond ((eqv? (peek-char port) #\/)
                   (expect port "/>")
                   '())
                  (else
                   (expect port ">")
                   (read-content env name)))))
      (cons tag
            (if (null? attributes)
                children
                (cons (cons '@ attributes) children)))))

  (define (add-text parts items)
    (if (null? parts)
        items
        (let ((text (string-concatenate (reverse parts))))
          (if (and trim-whitespace? (string-every char-whitespace? text))
              items
              (cons text items)))))

  (define (read-content env name)
    ;; The children up to the end tag of NAME.
    (let loop ((parts '()) (items '()))
      (let ((c (read-char port)))
        (cond ((eof-object? c) (parser-error port "end of input in element ~a" name))
              ((eqv? c #\&)
               (let ((text (read-entity port entities default-entity-handler)))
                 (if (string? text)
                     (loop (cons text parts) items)
                     (loop '() (cons text (add-text parts items))))))
              ((not (eqv? c #\<))
               (loop (cons (string c) parts) items))
              (else
               (case (peek-char port)
                 ((#\/)
                  (read-char port)
                  (let ((end (read-name port)))
                    (unless (string=? end name)
                      (parser-error port "~a ended by ~a" name end))
                    (skip-space port)
                    (expect port ">")
                    (reverse (add-text parts items))))
                 ((#\!)
                  (read-char port)
                  (cond ((eqv? (peek-char port) #\-)
                         (expect port "--")
                         (read-until port "-->")
                         (loop parts items))
                        (else
                         (expect port "[CDATA[")
                         (loop (cons (read-until port "]]>") parts) items))))
                 ((#\?)
                  (let ((pi (read-pi)))
                    (loop '() (cons pi (add-text parts items)))))
                 (else
                  (loop '() (cons (read-element env) (add-text parts items))))))))))

  (define (read-pi)
    ;; After "<".
    (expect port "?")
    (let ((name (read-name port)))
      (skip-space port)
      (list '*PI* (string->symbol name) (read-until port "?>"))))

  (define (skip-doctype)
    ;; After "<!": up to the closing bracket, with an internal subset.
    (let loop ((depth 0))
      (let ((c (read-char port)))
        (cond ((eof-object? c) (parser-error port "end of input in the document type"))
              ((memv c '(#\[ #\<)) (loop (+ depth 1)))
              ((eqv? c #\]) (loop (- depth 1)))
              ((eqv? c #\>) (unless (zero? depth) (loop (- depth 1))))
              (else (loop depth))))))

  (define (read-prolog items)
    (skip-space port)
    (let ((c (read-char port)))
      (cond ((eof-object? c) (reverse items))
            ((not (eqv? c #\<)) (parser-error port "text outside of the document"))
            (else
             (case (peek-char port)
               ((#\?)
                (let ((pi (read-pi)))
                  (read-prolog (cons pi items))))
               ((#\!)
                (read-char port)
                (if (eqv? (peek-char port) #\-)
                    (begin
                      (expect port "--")
                      (read-until port "-->"))
                    (skip-doctype))
                (read-prolog items))
               (else
                (let ((element
                       (read-element
                        (if declare-namespaces?
                            (map (lambda (entry) (cons (symbol->string (car entry)) (cdr entry)))
                                 namespaces)
                            '()))))
                  (read-prolog (cons element items)))))))))

  (when (eqv? (peek-char port) #\xfeff)
    (read-char port))
  (cons '*TOP* (read-prolog '())))
