;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Filling, justifying and escaping text.

(define-module (texinfo string-utils)
  #:use-module (srfi srfi-1)
  #:export (center-string collapse-repeated-chars escape-special-chars expand-tabs fill-string
            left-justify-string make-text-wrapper right-justify-string string->wrapped-lines
            transform-string))

(define (as-predicate match?)
  (cond ((char? match?) (lambda (c) (char=? c match?)))
        ((char-set? match?) (lambda (c) (char-set-contains? match? c)))
        (else match?)))

(define* (transform-string str match? replace #:optional (start #f) (end #f))
  "Return STR with each character that MATCH? (a character, a string of characters, a predicate) takes,
between START and END, replaced by the string REPLACE, or by what that procedure gives for it."
  (let ((wanted? (if (string? match?)
                     (lambda (c) (string-index match? c))
                     (as-predicate match?)))
        (start (or start 0))
        (end (or end (string-length str))))
    (call-with-output-string
      (lambda (port)
        (let loop ((i 0))
          (when (< i (string-length str))
            (let ((c (string-ref str i)))
              (display (cond ((not (and (<= start i) (< i end) (wanted? c))) c)
                             ((procedure? replace) (replace c))
                             (else replace))
                       port))
            (loop (+ i 1))))))))

(define* (expand-tabs str #:optional (tab-size 8))
  "Return STR with TAB-SIZE spaces for each tabulator."
  (transform-string str #\tab (make-string tab-size #\space)))

(define (escape-special-chars str special-chars escape-char)
  "Return STR with ESCAPE-CHAR before each character that is in SPECIAL-CHARS."
  (transform-string str (if (char? special-chars) (string special-chars) special-chars)
                    (lambda (c) (string escape-char c))))

(define (justify str width chr before?)
  (let ((missing (max 0 (- width (string-length str)))))
    (if before?
        (string-append (make-string missing chr) str)
        (string-append str (make-string missing chr)))))

(define* (left-justify-string str #:optional (width 80) (chr #\space))
  "Return STR at the left of WIDTH columns."
  (justify str width chr #f))

(define* (right-justify-string str #:optional (width 80) (chr #\space))
  "Return STR at the right of WIDTH columns."
  (justify str width chr #t))

(define* (center-string str #:optional (width 80) (chr #\space) (rchr #f))
  "Return STR in the middle of WIDTH columns."
  (let ((missing (- width (string-length str))))
    (if (<= missing 0)
        str
        (let ((left (quotient missing 2)))
          (string-append (make-string left chr) str
                         (make-string (- missing left) (or rchr chr)))))))

(define* (collapse-repeated-chars str #:optional (chr #\space) (num 1))
  "Return STR with at most NUM of CHR in a row."
  (let loop ((chars (string->list str)) (run 0) (result '()))
    (cond ((null? chars) (list->string (reverse result)))
          ((not (char=? (car chars) chr)) (loop (cdr chars) 0 (cons (car chars) result)))
          ((< run num) (loop (cdr chars) (+ run 1) (cons (car chars) result)))
          (else (loop (cdr chars) run result)))))

(define (collapse-whitespace str)
  "Return STR with one space for each run of whitespace."
  (define (add c result)
    (cond ((not (char-whitespace? c)) (cons c result))
          ((and (pair? result) (char=? (car result) #\space)) result)
          (else (cons #\space result))))
  (list->string (reverse (string-fold add '() str))))

(define (end-sentences str)
  "Return STR with two spaces after each full stop that has one after it, but for an ellipsis."
  (let loop ((rest (string->list str)) (before #f) (result '()))
    (cond ((null? rest) (list->string (reverse result)))
          ((and (char=? (car rest) #\.) before (not (char=? before #\.))
                (pair? (cdr rest)) (char=? (cadr rest) #\space))
           (loop (cddr rest) #\space (cons* #\space #\space #\. result)))
          (else (loop (cdr rest) (car rest) (cons (car rest) result))))))

(define (tokens str)
  "Return the words of STR, each a pair with the whitespace before it."
  (let loop ((start 0) (result '()))
    (let* ((word (string-skip str char-whitespace? start))
           (end (and word (or (string-index str char-whitespace? word) (string-length str)))))
      (if word
          (loop end (cons (cons (substring str start word) (substring str word end)) result))
          (reverse result)))))

(define* (make-text-wrapper #:key (line-width 80) (expand-tabs? #t) (tab-width 8)
                            (collapse-whitespace? #t) (subsequent-indent "") (initial-indent "")
                            (break-long-words? #t))
  "Return a procedure that gives the lines, at most LINE-WIDTH wide, of a string."
  (lambda (str)
    (let* ((str (if expand-tabs? (expand-tabs str tab-width) str))
           (str (if collapse-whitespace? (end-sentences (collapse-whitespace str)) str))
           (str (string-trim-both str)))
      ;; LINE is the indentation and words so far; EMPTY? whether there is no word in it yet.  Of the space
      ;; before the word that may be the line's last, one column counts.
      (let loop ((rest (tokens str)) (line initial-indent) (empty? #t) (lines '()))
        (define (next-line) (loop rest subsequent-indent #t (cons line lines)))
        (if (null? rest)
            (reverse (if empty? lines (cons line lines)))
            (let* ((space (if empty? "" (caar rest)))
                   (word (cdar rest))
                   (room (- line-width (string-length line) (min 1 (string-length space)))))
              (cond ((<= (string-length word) room)
                     (loop (cdr rest) (string-append line space word) #f lines))
                    ((not empty?) (next-line))
                    ((and break-long-words? (> room 0))
                     (loop (cons (cons "" (substring word room)) (cdr rest))
                           subsequent-indent #t
                           (cons (string-append line (substring word 0 room)) lines)))
                    (else (loop (cdr rest) (string-append line word) #f lines)))))))))

(define (string->wrapped-lines str . options)
  "Return the lines of STR; the OPTIONS are those of make-text-wrapper."
  ((apply make-text-wrapper options) str))

(define (fill-string str . options)
  "Return STR with line breaks; the OPTIONS are those of make-text-wrapper."
  (string-join (apply string->wrapped-lines str options) "\n"))
