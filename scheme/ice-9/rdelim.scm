;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Delimited input.  %read-line and %read-delimited! are native; the latter returns the pair of the
;;; terminator (#f when the buffer is full, or eof) and the number of characters stored.

(define-module (ice-9 rdelim)
  #:use-module ((fruix native) #:select (%read-line %read-delimited!))
  #:re-export (%read-line %read-delimited!)
  #:export (write-line read-line read-line! read-delimited read-delimited! read-string read-string!
            for-delimited-from-port for-line-in-file for-rdelim-from-port))

(define* (write-line obj #:optional (port (current-output-port)))
  "Display OBJ and a newline."
  (display obj port)
  (newline port))

(define* (read-line #:optional (port (current-input-port)) (handle-delim 'trim))
  "Read a line; HANDLE-DELIM says what becomes of its end: trim, concat, peek or split."
  (let* ((line+end (%read-line port))
         (line (car line+end))
         (end (cdr line+end)))
    (case handle-delim
      ((trim) line)
      ((split) line+end)
      ((concat)
       (if (and (string? line) (char? end))
           (string-append line (string end))
           line))
      ((peek)
       (when (char? end)
         (unread-char end port))
       line)
      (else (error "unexpected handle-delim value: " handle-delim)))))

(define* (read-line! str #:optional (port (current-input-port)))
  "Read a line into STR; return the number of characters, #f if STR was full first, or eof."
  (let* ((end+count (%read-delimited! "\n" str #t port))
         (end (car end+count))
         (count (cdr end+count)))
    (cond ((and (zero? count) (eof-object? end)) end)
          ((not end) #f)
          (else count))))

(define* (read-delimited! delims buf #:optional (port (current-input-port)) (handle-delim 'trim)
                          (start 0) (end (string-length buf)))
  "Read into BUF until one of DELIMS; return the number of characters."
  (let* ((end+count (%read-delimited! delims buf (not (eq? handle-delim 'peek)) port start end))
         (terminator (car end+count))
         (count (cdr end+count)))
    (cond ((or (not terminator) (eof-object? terminator))
           (let ((value (if (zero? count) terminator count)))
             (if (eq? handle-delim 'split) (cons value terminator) value)))
          (else
           (case handle-delim
             ((trim peek) count)
             ((concat)
              (string-set! buf (+ start count) terminator)
              (+ count 1))
             ((split) (cons count terminator))
             (else (error "unexpected handle-delim value: " handle-delim)))))))

(define* (read-delimited delims #:optional (port (current-input-port)) (handle-delim 'trim))
  "Read until one of the characters of DELIMS."
  (let loop ((parts '()) (size 120))
    (let* ((buf (make-string size))
           (end+count (%read-delimited! delims buf (not (eq? handle-delim 'peek)) port))
           (terminator (car end+count))
           (parts (cons (substring buf 0 (cdr end+count)) parts)))
      (if (not terminator)
          (loop parts (* 2 size))
          (let ((str (string-concatenate (reverse parts))))
            (cond ((and (eof-object? terminator) (string-null? str))
                   (if (eq? handle-delim 'split) (cons terminator terminator) terminator))
                  (else
                   (case handle-delim
                     ((trim peek) str)
                     ((concat)
                      (if (eof-object? terminator)
                          str
                          (string-append str (string terminator))))
                     ((split) (cons str terminator))
                     (else (error "unexpected handle-delim value: " handle-delim))))))))))

(define (index? n) (and (exact-integer? n) (>= n 0)))

(define* (read-string! buf #:optional (port (current-input-port)) (start 0)
                       (end (string-length buf)))
  "Read characters into BUF from START up to END; return their number."
  (unless (string? buf) (error "not a string" buf))
  (unless (index? start) (error "bad index" start))
  (unless (index? end) (error "bad index" end))
  (unless (<= start end) (error "start beyond end" start end))
  (unless (<= end (string-length buf)) (error "end beyond string length" end))
  (let loop ((i start))
    (if (= i end)
        (- i start)
        (let ((c (read-char port)))
          (cond ((eof-object? c) (- i start))
                (else
                 (string-set! buf i c)
                 (loop (+ i 1))))))))

(define* (read-string #:optional (port (current-input-port)) limit)
  "Read all that is left of PORT, at most LIMIT characters; an empty string at its end."
  (if (integer? port)
      (read-string (or limit (current-input-port)) port) ;R7RS order of arguments
      (let loop ((parts '()) (left limit))
        (let* ((size (if left (min left 4096) 4096))
               (buf (make-string size))
               (n (read-string! buf port))
               (parts (cons (if (= n size) buf (substring buf 0 n)) parts)))
          (if (or (< n size) (zero? n))
              (string-concatenate (reverse parts))
              (loop parts (and left (- left n))))))))

(define* (for-rdelim-from-port port proc #:optional (handle-delim 'trim))
  "Apply PROC to each line of PORT."
  (let loop ()
    (let ((line (read-line port handle-delim)))
      (unless (eof-object? line)
        (proc line)
        (loop)))))

(define* (for-delimited-from-port port proc #:key (delims "\n") (handle-delim 'trim))
  "Apply PROC to each piece of PORT between DELIMS."
  (let loop ()
    (let ((piece (read-delimited delims port handle-delim)))
      (unless (eof-object? piece)
        (proc piece)
        (loop)))))

(define* (for-line-in-file file proc #:key (encoding #f) (guess-encoding #f))
  "Apply PROC to each line of FILE."
  (call-with-input-file file
    (lambda (port) (for-rdelim-from-port port proc))
    #:encoding encoding #:guess-encoding guess-encoding))
