;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; The R7RS base library.

(define-module (scheme base)
  #:use-module ((rnrs base) #:select (exact inexact boolean=? symbol=?))
  #:use-module ((srfi srfi-1) #:prefix s1:)
  #:use-module ((srfi srfi-9) #:select (define-record-type))
  #:use-module ((srfi srfi-11) #:select (let-values let*-values))
  #:use-module ((ice-9 exceptions) #:prefix x:)
  #:use-module ((ice-9 exceptions) #:select (guard raise-continuable))
  #:use-module ((rnrs bytevectors) #:prefix bv:)
  #:use-module ((rnrs bytevectors)
                #:select (make-bytevector bytevector-length bytevector-u8-ref bytevector-u8-set!
                          bytevector?))
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 textual-ports)
  #:use-module ((ice-9 rdelim) #:select (read-line))
  #:use-module (ice-9 ports)
  #:re-export (exact inexact boolean=? symbol=? * + - ... / < <= = => > >= _ abs and append apply assoc assq assv begin boolean?
               bytevector-length bytevector-u8-ref bytevector-u8-set! bytevector? caar cadr
               call-with-current-continuation call-with-port call-with-values call/cc car case
               cdar cddr cdr ceiling char->integer char-ready? char<=? char<? char=? char>=?
               char>? char? close-input-port close-output-port close-port complex? cond
               cond-expand cons current-error-port current-input-port current-output-port
               define define-record-type define-syntax define-values denominator do
               dynamic-wind else eof-object eof-object? eq? equal? eqv? error even?
               exact-integer-sqrt exact-integer? exact? expt floor floor-quotient
               floor-remainder floor/ gcd get-output-string guard if include inexact?
               input-port? integer->char integer? lambda lcm length let let* let*-values
               let-syntax let-values letrec letrec* letrec-syntax list list->string
               list->vector list-copy list-ref list-set! list-tail list? make-bytevector
               make-list make-parameter make-string make-vector max member memq memv min modulo
               negative? newline not null? number->string number? numerator odd?
               open-input-string open-output-string or output-port? pair? parameterize
               peek-char port? positive? procedure? quasiquote quote quotient raise-continuable
               rational? rationalize read-char read-line real? remainder reverse round set!
               set-car! set-cdr! string string->list string->number string->symbol
               string-append string-copy string-copy! string-fill! string-length string-ref
               string-set! string<=? string<? string=? string>=? string>? string? substring
               symbol->string symbol? syntax-rules truncate truncate-quotient
               truncate-remainder truncate/ unless unquote unquote-splicing values vector
               vector-length vector-ref vector-set! vector? when with-exception-handler
               write-char zero?)
  #:export (binary-port? bytevector bytevector-append bytevector-copy bytevector-copy!
            error-object-irritants error-object-message error-object? features
            file-error? flush-output-port get-output-bytevector input-port-open?
            open-input-bytevector open-output-bytevector output-port-open? peek-u8
            read-bytevector read-bytevector! read-error? read-string read-u8 square
            string->utf8 string->vector textual-port? u8-ready? utf8->string
            vector->string vector-append vector-for-each vector-map write-bytevector
            write-string write-u8)
  #:replace (for-each include-ci map raise string-for-each string-map syntax-error
             vector->list vector-copy vector-copy! vector-fill!))

(define map s1:map)
(define for-each s1:for-each)

(define-syntax-rule (include-ci file)
  (include file))
(define error-object? x:error?)
(define flush-output-port force-output)
(define open-input-bytevector open-bytevector-input-port)

(define (square x)
  "Return X times X."
  (* x x))

(define (features)
  "Return the list of features."
  %cond-expand-features)

(define (error-object-message obj)
  "Return the message of OBJ."
  (if (x:exception-with-message? obj) (x:exception-message obj) ""))

(define (error-object-irritants obj)
  "Return the irritants of OBJ."
  (if (x:exception-with-irritants? obj) (x:exception-irritants obj) '()))

(define (file-error? obj)
  "Return true if OBJ says that a file could not be opened."
  (and (exception? obj) (eq? (exception-kind obj) 'system-error)))

(define read-error? x:lexical-error?)

(define (raise obj)
  "Raise OBJ."
  (raise-exception obj))

(define-syntax syntax-error
  (lambda (form)
    (syntax-case form ()
      ((_ message irritant ...)
       (syntax-violation 'syntax-error (syntax->datum #'message) form)))))

(define (vector-map proc vec . rest)
  "Return the vector of the results of PROC on the elements of the vectors."
  (list->vector (apply s1:map proc (vector->list vec)
                       (s1:map (lambda (v) (vector->list v)) rest))))

(define (vector-for-each proc vec . rest)
  "Apply PROC to the elements of the vectors."
  (apply s1:for-each proc (vector->list vec) (s1:map (lambda (v) (vector->list v)) rest)))

(define (string-map proc str . rest)
  "Return the string of the results of PROC on the characters of the strings."
  (list->string (apply s1:map proc (string->list str)
                       (s1:map (lambda (s) (string->list s)) rest))))

(define (string-for-each proc str . rest)
  "Apply PROC to the characters of the strings."
  (apply s1:for-each proc (string->list str) (s1:map (lambda (s) (string->list s)) rest)))

(define* (vector->list vec #:optional (start 0) (end (vector-length vec)))
  "Return the list of the elements of VEC from START up to END."
  (let loop ((i (- end 1)) (result '()))
    (if (< i start)
        result
        (loop (- i 1) (cons (vector-ref vec i) result)))))

(define* (vector-copy vec #:optional (start 0) (end (vector-length vec)))
  "Return a copy of VEC from START up to END."
  (list->vector (vector->list vec start end)))

(define* (vector-copy! to at from #:optional (start 0) (end (vector-length from)))
  "Copy the elements of FROM from START up to END into TO at AT."
  (let loop ((l (vector->list from start end)) (i at))
    (unless (null? l)
      (vector-set! to i (car l))
      (loop (cdr l) (+ i 1)))))

(define* (vector-fill! vec value #:optional (start 0) (end (vector-length vec)))
  "Set the elements of VEC from START up to END to VALUE."
  (let loop ((i start))
    (when (< i end)
      (vector-set! vec i value)
      (loop (+ i 1)))))

(define (vector-append . vectors)
  "Return the concatenation of VECTORS."
  (list->vector (apply append (s1:map (lambda (v) (vector->list v)) vectors))))

(define* (vector->string vec #:optional (start 0) (end (vector-length vec)))
  "Return the string of the characters of VEC."
  (list->string (vector->list vec start end)))

(define* (string->vector str #:optional (start 0) (end (string-length str)))
  "Return the vector of the characters of STR."
  (list->vector (string->list str start end)))

(define (bytevector . bytes)
  "Return the bytevector of BYTES."
  (bv:u8-list->bytevector bytes))

(define* (bytevector-copy bv #:optional (start 0) (end (bytevector-length bv)))
  "Return a copy of BV from START up to END."
  (let ((new (make-bytevector (- end start))))
    (bv:bytevector-copy! bv start new 0 (- end start))
    new))

(define* (bytevector-copy! to at from #:optional (start 0) (end (bytevector-length from)))
  "Copy the bytes of FROM from START up to END into TO at AT."
  (bv:bytevector-copy! from start to at (- end start)))

(define (bytevector-append . bvs)
  "Return the concatenation of BVS."
  (let ((new (make-bytevector (apply + (s1:map bytevector-length bvs)))))
    (let loop ((l bvs) (at 0))
      (cond ((null? l) new)
            (else
             (bytevector-copy! new at (car l))
             (loop (cdr l) (+ at (bytevector-length (car l)))))))))

(define* (utf8->string bv #:optional (start 0) (end (bytevector-length bv)))
  "Return the bytes of BV from START up to END, decoded."
  (bv:utf8->string (bytevector-copy bv start end)))

(define* (string->utf8 str #:optional (start 0) (end (string-length str)))
  "Return the characters of STR from START up to END, encoded."
  (bv:string->utf8 (substring str start end)))

(define extractors (make-weak-key-hash-table))

(define (open-output-bytevector)
  "Return a port that collects bytes."
  (call-with-values open-bytevector-output-port
    (lambda (port get)
      (hashq-set! extractors port (vector get (make-bytevector 0)))
      port)))

(define (get-output-bytevector port)
  "Return the bytes written to PORT."
  (let* ((state (hashq-ref extractors port))
         (all (bytevector-append (vector-ref state 1) ((vector-ref state 0)))))
    (vector-set! state 1 all)
    all))

(define (input-port-open? port)
  "Return true if the input port PORT is open."
  (and (input-port? port) (not (port-closed? port))))

(define (output-port-open? port)
  "Return true if the output port PORT is open."
  (and (output-port? port) (not (port-closed? port))))

(define (binary-port? obj)
  "Return true if OBJ is a port."
  (port? obj))

(define (textual-port? obj)
  "Return true if OBJ is a port."
  (port? obj))

(define* (peek-u8 #:optional (port (current-input-port)))
  "Return the next byte of PORT without consuming it."
  (lookahead-u8 port))

(define* (read-u8 #:optional (port (current-input-port)))
  "Read a byte."
  (get-u8 port))

(define* (u8-ready? #:optional (port (current-input-port)))
  "Return true if a byte can be read without waiting."
  (char-ready? port))

(define* (read-bytevector k #:optional (port (current-input-port)))
  "Read at most K bytes."
  (get-bytevector-n port k))

(define* (read-bytevector! bv #:optional (port (current-input-port)) (start 0)
                           (end (bytevector-length bv)))
  "Read bytes into BV from START up to END; return their number or eof."
  (get-bytevector-n! port bv start (- end start)))

(define* (read-string k #:optional (port (current-input-port)))
  "Read at most K characters."
  (get-string-n port k))

(define* (write-bytevector bv #:optional (port (current-output-port)) (start 0)
                           (end (bytevector-length bv)))
  "Write the bytes of BV from START up to END."
  (put-bytevector port bv start (- end start)))

(define* (write-string str #:optional (port (current-output-port)) (start 0)
                       (end (string-length str)))
  "Write the characters of STR from START up to END."
  (put-string port str start (- end start)))

(define* (write-u8 byte #:optional (port (current-output-port)))
  "Write BYTE."
  (put-u8 port byte))
