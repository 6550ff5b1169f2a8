;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Conveniences above make-regexp and regexp-exec.  A match is a vector: the string, then pairs of
;;; start and end for the whole and for each group, -1 where a group took no part.

(define-module (ice-9 regex)
  #:export (match:count match:string match:prefix match:suffix regexp-match? regexp-quote
            match:start match:end match:substring string-match regexp-substitute fold-matches
            list-matches regexp-substitute/global))

(define (match:count match)
  "Return the number of groups of MATCH, the whole included."
  (- (vector-length match) 1))

(define (match:string match)
  "Return the string that was searched."
  (vector-ref match 0))

(define* (match:start match #:optional (n 0))
  "Return the start of group N, #f if it took no part."
  (let ((start (car (vector-ref match (+ n 1)))))
    (and (not (= start -1)) start)))

(define* (match:end match #:optional (n 0))
  "Return the end of group N, #f if it took no part."
  (let ((end (cdr (vector-ref match (+ n 1)))))
    (and (not (= end -1)) end)))

(define* (match:substring match #:optional (n 0))
  "Return the text of group N, #f if it took no part."
  (let ((start (match:start match n)))
    (and start (substring (match:string match) start (match:end match n)))))

(define (match:prefix match)
  "Return the text before the match."
  (substring (match:string match) 0 (match:start match)))

(define (match:suffix match)
  "Return the text after the match."
  (substring (match:string match) (match:end match)))

(define (regexp-match? obj)
  "Return true if OBJ is a match."
  (and (vector? obj)
       (> (vector-length obj) 1)
       (string? (vector-ref obj 0))
       (let loop ((i 1))
         (or (= i (vector-length obj))
             (let ((part (vector-ref obj i)))
               (and (pair? part)
                    (integer? (car part))
                    (integer? (cdr part))
                    (loop (+ i 1))))))))

(define (regexp-quote str)
  "Return a regular expression that matches STR only."
  (call-with-output-string
   (lambda (port)
     (string-for-each
      (lambda (c)
        (case c
          ;; In brackets rather than after a backslash, which in basic syntax would make them special.
          ((#\( #\) #\+ #\? #\{ #\} #\|)
           (write-char #\[ port) (write-char c port) (write-char #\] port))
          ((#\$ #\* #\. #\[ #\\ #\^)
           (write-char #\\ port) (write-char c port))
          (else (write-char c port))))
      str))))

(define* (string-match pattern str #:optional (start 0))
  "Search STR from START for the extended regular expression PATTERN; return a match or #f."
  (regexp-exec (make-regexp pattern) str start))

(define* (fold-matches regexp str init proc #:optional (flags 0))
  "Fold PROC over the matches of REGEXP (a string or compiled) in STR, left to right."
  (let ((regexp (if (regexp? regexp) regexp (make-regexp regexp)))
        (len (string-length str)))
    ;; TOUCHING?: the last match ended at START, so an empty match there does not count.
    (let loop ((start 0) (value init) (touching? #f))
      (let ((m (and (<= start len)
                    (regexp-exec regexp str start
                                 (if (zero? start) flags (logior flags regexp/notbol))))))
        (cond ((not m) value)
              ((and touching? (= (match:start m) (match:end m)))
               (loop (+ start 1) value #f))
              (else (loop (match:end m) (proc m value) #t)))))))

(define* (list-matches regexp str #:optional (flags 0))
  "Return the list of the matches of REGEXP in STR."
  (reverse! (fold-matches regexp str '() cons flags)))

(define (call-with-destination port proc)
  (if port (proc port) (call-with-output-string proc)))

(define (regexp-substitute port match . items)
  "Print ITEMS on PORT (#f: return a string): strings, numbers of groups, 'pre and 'post."
  (call-with-destination
   port
   (lambda (port)
     (for-each (lambda (item)
                 (cond ((string? item) (display item port))
                       ((integer? item) (display (match:substring match item) port))
                       ((eq? item 'pre) (display (match:prefix match) port))
                       ((eq? item 'post) (display (match:suffix match) port))
                       (else (error 'wrong-type-arg item))))
               items))))

(define (regexp-substitute/global port regexp str . items)
  "Replace every match of REGEXP in STR by ITEMS, which may also be procedures of a match."
  (call-with-destination
   port
   (lambda (port)
     (let next ((matches (list-matches regexp str)) (start 0))
       (if (null? matches)
           (display (substring str start) port)
           (let ((m (car matches)))
             (for-each (lambda (item)
                         (cond ((string? item) (display item port))
                               ((integer? item) (display (match:substring m item) port))
                               ((procedure? item) (display (item m) port))
                               ((eq? item 'pre)
                                (display (substring str start (match:start m)) port))
                               ((eq? item 'post)
                                (next (cdr matches) (match:end m)))
                               (else (error 'wrong-type-arg item))))
                       items)))))))
