;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Streams: promises of pairs, made from a state.

(define-module (ice-9 streams)
  #:export (list->stream make-stream port->stream stream->list stream->list&length
            stream->reversed-list stream->reversed-list&length stream->vector stream-car
            stream-cdr stream-fold stream-for-each stream-map stream-null? vector->stream))

(define (make-stream next state)
  "Return the stream that NEXT gives from STATE: a pair of an element and a state, or anything else at the end."
  (delay
    (let ((item+state (next state)))
      (if (pair? item+state)
          (cons (car item+state) (make-stream next (cdr item+state)))
          '()))))

(define (stream-car stream)
  "Return the first element of STREAM."
  (car (force stream)))

(define (stream-cdr stream)
  "Return STREAM without its first element."
  (cdr (force stream)))

(define (stream-null? stream)
  "Return true if STREAM is at its end."
  (null? (force stream)))

(define (list->stream lst)
  "Return the stream of the elements of LST."
  (make-stream (lambda (l) l) lst))

(define (vector->stream vec)
  "Return the stream of the elements of VEC."
  (list->stream (vector->list vec)))

(define (port->stream port read)
  "Return the stream of what READ reads from PORT."
  (make-stream (lambda (port)
                 (let ((item (read port)))
                   (if (eof-object? item) '() (cons item port))))
               port))

(define (stream->reversed-list&length stream)
  "Return the reversed list of the elements of STREAM, and its length."
  (let loop ((s stream) (items '()) (n 0))
    (if (stream-null? s)
        (values items n)
        (loop (stream-cdr s) (cons (stream-car s) items) (+ n 1)))))

(define (stream->reversed-list stream)
  "Return the reversed list of the elements of STREAM."
  (call-with-values (lambda () (stream->reversed-list&length stream))
    (lambda (items n) items)))

(define (stream->list stream)
  "Return the list of the elements of STREAM."
  (reverse! (stream->reversed-list stream)))

(define (stream->list&length stream)
  "Return the list of the elements of STREAM, and its length."
  (call-with-values (lambda () (stream->reversed-list&length stream))
    (lambda (items n) (values (reverse! items) n))))

(define (stream->vector stream)
  "Return the vector of the elements of STREAM."
  (list->vector (stream->list stream)))

(define (stream-fold f init stream . rest)
  "Fold F over the elements of the streams."
  (let loop ((streams (cons stream rest)) (result init))
    (if (or-map stream-null? streams)
        result
        (loop (map stream-cdr streams)
              (apply f (append (map stream-car streams) (list result)))))))

(define (stream-for-each f stream . rest)
  "Apply F to the elements of the streams."
  (let loop ((streams (cons stream rest)))
    (unless (or-map stream-null? streams)
      (apply f (map stream-car streams))
      (loop (map stream-cdr streams)))))

(define (stream-map f stream . rest)
  "Return the stream of the results of F on the elements of the streams."
  (make-stream (lambda (streams)
                 (if (or-map stream-null? streams)
                     '()
                     (cons (apply f (map stream-car streams)) (map stream-cdr streams))))
               (cons stream rest)))
