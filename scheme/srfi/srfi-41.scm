;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-41: streams.  A stream is a record around a promise of () or of a pair of two promises.

(define-module (srfi srfi-41)
  #:use-module (srfi srfi-9)
  #:use-module (ice-9 match)
  #:export (stream-null stream-cons stream? stream-null? stream-pair? stream-car stream-cdr
            stream-lambda define-stream list->stream port->stream stream stream->list
            stream-append stream-concat stream-constant stream-drop stream-drop-while
            stream-filter stream-fold stream-for-each stream-from stream-iterate stream-length
            stream-let stream-map stream-match stream-of stream-range stream-ref stream-reverse
            stream-scan stream-take stream-take-while stream-unfold stream-unfolds stream-zip))

(cond-expand-provide (current-module) '(srfi-41))

(define-record-type stream-type
  (make-stream cell)
  stream?
  (cell stream-cell set-stream-cell!))

;; The cell is (#f . THUNK), THUNK giving a stream, or (#t . VALUE).
(define-syntax-rule (stream-lazy expression)
  (make-stream (cons #f (lambda () expression))))

(define (stream-eager value)
  (make-stream (cons #t value)))

(define (stream-force stream)
  "Return what STREAM is, () or a pair, computing it once.  Loops where streams give streams, without growing."
  (let ((cell (stream-cell stream)))
    (if (car cell)
        (cdr cell)
        (let* ((next ((cdr cell)))
               (cell (stream-cell stream)))
          ;; It may have been computed meanwhile.
          (unless (car cell)
            (let ((next-cell (stream-cell next)))
              (set-car! cell (car next-cell))
              (set-cdr! cell (cdr next-cell))
              (set-stream-cell! next cell)))
          (stream-force stream)))))

(define (complain who message . irritants)
  (apply scm-error 'wrong-type-arg (symbol->string who)
         (list (string-append message ": ~S") irritants irritants)))

(define-syntax-rule (check who ok? message object)
  (unless ok? (complain 'who message object)))

(define stream-null (stream-eager '()))

(define-syntax-rule (stream-cons first rest)
  (stream-eager (cons (stream-lazy (stream-eager first)) (stream-lazy rest))))

(define (stream-pair? obj)
  (and (stream? obj) (pair? (stream-force obj))))

(define (stream-null? obj)
  (and (stream? obj) (null? (stream-force obj))))

(define (stream-car stream)
  (check stream-car (stream? stream) "non-stream" stream)
  (check stream-car (stream-pair? stream) "null stream" stream)
  (stream-force (car (stream-force stream))))

(define (stream-cdr stream)
  (check stream-cdr (stream? stream) "non-stream" stream)
  (check stream-cdr (stream-pair? stream) "null stream" stream)
  (cdr (stream-force stream)))

(define-syntax-rule (stream-lambda formals body ...)
  (lambda formals (stream-lazy (let () body ...))))

(define-syntax-rule (define-stream (name . formals) body ...)
  (define name (stream-lambda formals body ...)))

(define-syntax-rule (stream-let name ((variable value) ...) body ...)
  ((letrec ((name (stream-lambda (variable ...) body ...))) name) value ...))

(define-syntax stream
  (syntax-rules ()
    ((_) stream-null)
    ((_ first rest ...) (stream-cons first (stream rest ...)))))

(define (list->stream lst)
  (check list->stream (list? lst) "non-list argument" lst)
  (let loop ((lst lst))
    (stream-lazy (if (null? lst)
                     stream-null
                     (stream-cons (car lst) (loop (cdr lst)))))))

(define* (port->stream #:optional (port (current-input-port)))
  (check port->stream (input-port? port) "non-input-port argument" port)
  (let loop ()
    (stream-lazy (let ((c (read-char port)))
                   (if (eof-object? c)
                       stream-null
                       (stream-cons c (loop)))))))

(define stream->list
  (case-lambda
    ((stream) (stream->list #f stream))
    ((n stream)
     (check stream->list (stream? stream) "non-stream argument" stream)
     (let loop ((n n) (stream stream) (result '()))
       (if (or (eqv? n 0) (stream-null? stream))
           (reverse result)
           (loop (and n (- n 1)) (stream-cdr stream) (cons (stream-car stream) result)))))))

(define (stream-append . streams)
  (let loop ((streams streams))
    (stream-lazy
     (match streams
       (() stream-null)
       ((last) last)
       ((first . rest)
        (if (stream-null? first)
            (loop rest)
            (stream-cons (stream-car first)
                         (loop (cons (stream-cdr first) rest)))))))))

(define-stream (stream-concat streams)
  (cond ((stream-null? streams) stream-null)
        ((stream-null? (stream-car streams)) (stream-concat (stream-cdr streams)))
        (else
         (stream-cons (stream-car (stream-car streams))
                      (stream-concat (stream-cons (stream-cdr (stream-car streams))
                                                  (stream-cdr streams)))))))

(define (stream-constant . objects)
  (if (null? objects)
      stream-null
      (let loop ((rest objects))
        (stream-lazy
         (let ((rest (if (null? rest) objects rest)))
           (stream-cons (car rest) (loop (cdr rest))))))))

(define-stream (stream-drop n stream)
  (if (or (zero? n) (stream-null? stream))
      stream
      (stream-drop (- n 1) (stream-cdr stream))))

(define-stream (stream-drop-while pred? stream)
  (if (and (stream-pair? stream) (pred? (stream-car stream)))
      (stream-drop-while pred? (stream-cdr stream))
      stream))

(define-stream (stream-filter pred? stream)
  (cond ((stream-null? stream) stream-null)
        ((pred? (stream-car stream))
         (stream-cons (stream-car stream) (stream-filter pred? (stream-cdr stream))))
        (else (stream-filter pred? (stream-cdr stream)))))

(define (stream-fold proc base stream)
  (if (stream-null? stream)
      base
      (stream-fold proc (proc base (stream-car stream)) (stream-cdr stream))))

(define (stream-for-each proc . streams)
  (unless (or-map stream-null? streams)
    (apply proc (map stream-car streams))
    (apply stream-for-each proc (map stream-cdr streams))))

(define* (stream-from first #:optional (step 1))
  (let loop ((first first))
    (stream-lazy (stream-cons first (loop (+ first step))))))

(define-stream (stream-iterate proc base)
  (stream-cons base (stream-iterate proc (proc base))))

(define (stream-length stream)
  (stream-fold (lambda (n _) (+ n 1)) 0 stream))

(define (stream-map proc . streams)
  (let loop ((streams streams))
    (stream-lazy
     (if (or-map stream-null? streams)
         stream-null
         (stream-cons (apply proc (map stream-car streams))
                      (loop (map stream-cdr streams)))))))

(define* (stream-range first past #:optional (step (if (< first past) 1 -1)))
  (let ((before? (if (< 0 step) < >)))
    (let loop ((first first))
      (stream-lazy (if (before? first past)
                       (stream-cons first (loop (+ first step)))
                       stream-null)))))

(define (stream-ref stream n)
  (cond ((stream-null? stream) (complain 'stream-ref "beyond end of stream" stream))
        ((zero? n) (stream-car stream))
        (else (stream-ref (stream-cdr stream) (- n 1)))))

(define (stream-reverse stream)
  (stream-lazy
   (let loop ((stream stream) (result stream-null))
     (if (stream-null? stream)
         result
         (loop (stream-cdr stream)
               (let ((first (stream-car stream)) (result result))
                 (stream-cons first result)))))))

(define-stream (stream-scan proc base stream)
  (if (stream-null? stream)
      (stream-cons base stream-null)
      (stream-cons base (stream-scan proc (proc base (stream-car stream)) (stream-cdr stream)))))

(define-stream (stream-take n stream)
  (if (or (zero? n) (stream-null? stream))
      stream-null
      (stream-cons (stream-car stream) (stream-take (- n 1) (stream-cdr stream)))))

(define-stream (stream-take-while pred? stream)
  (if (and (stream-pair? stream) (pred? (stream-car stream)))
      (stream-cons (stream-car stream) (stream-take-while pred? (stream-cdr stream)))
      stream-null))

(define-stream (stream-unfold mapper pred? generator base)
  (if (pred? base)
      (stream-cons (mapper base) (stream-unfold mapper pred? generator (generator base)))
      stream-null))

(define (stream-unfolds generator seed)
  "Return as many streams as GENERATOR gives values after the next seed: each is (ITEM), for one more, #f, or () for
the end."
  (define count
    (call-with-values (lambda () (generator seed)) (lambda results (- (length results) 1))))
  (define results
    (let loop ((seed seed))
      (stream-lazy
       (call-with-values (lambda () (generator seed))
         (lambda (next . items) (stream-cons items (loop next)))))))
  (define (column n)
    (let loop ((results results))
      (stream-lazy
       (match (list-ref (stream-car results) n)
         (#f (loop (stream-cdr results)))
         (() stream-null)
         ((item) (stream-cons item (loop (stream-cdr results))))))))
  (apply values (map column (iota count))))

(define (stream-zip . streams)
  (apply stream-map list streams))

(define-syntax stream-of
  (syntax-rules ()
    "A stream comprehension."
    ((_ expression clause ...)
     (stream-of-aux expression stream-null clause ...))))

(define-syntax stream-of-aux
  (syntax-rules (in is)
    ((_ expression base) (stream-cons expression base))
    ((_ expression base (variable in stream) clause ...)
     (stream-let loop ((rest stream))
       (if (stream-null? rest)
           base
           (let ((variable (stream-car rest)))
             (stream-of-aux expression (loop (stream-cdr rest)) clause ...)))))
    ((_ expression base (variable is value) clause ...)
     (let ((variable value))
       (stream-of-aux expression base clause ...)))
    ((_ expression base test clause ...)
     (if test (stream-of-aux expression base clause ...) base))))

(define-syntax stream-match
  (syntax-rules ()
    ((_ expression clause ...)
     (let ((stream expression))
       (if (stream? stream)
           (stream-match-clauses stream clause ...)
           (complain 'stream-match "non-stream argument" stream))))))

(define-syntax stream-match-clauses
  (syntax-rules ()
    ((_ stream) (complain 'stream-match "no matching pattern" stream))
    ((_ stream (pattern . body) clause ...)
     (let ((fail (lambda () (stream-match-clauses stream clause ...))))
       (stream-match-one stream pattern body (fail))))))

(define-syntax stream-match-one
  (lambda (stx)
    (syntax-case stx ()
      ((_ stream () body fail)
       #'(if (stream-null? stream) (stream-match-body body fail) fail))
      ((_ stream (first . rest) body fail)
       #`(if (stream-pair? stream)
             (let (#,@(if (eq? (syntax->datum #'first) '_)
                          '()
                          #'((first (stream-car stream))))
                   (tail (stream-cdr stream)))
               (stream-match-one tail rest body fail))
             fail))
      ((_ stream rest body fail)
       (eq? (syntax->datum #'rest) '_)
       #'(stream-match-body body fail))
      ((_ stream rest body fail)
       #'(let ((rest stream)) (stream-match-body body fail))))))

(define-syntax stream-match-body
  (syntax-rules ()
    ((_ (expression) fail) expression)
    ((_ (guard expression) fail) (if guard expression fail))))
