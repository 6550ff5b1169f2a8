;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; String procedures that take procedures.  Those which also take a char or a char-set pass it on to
;;; the native ones (named with %).

(define-syntax-rule (define-string-search name native (s pred start end) by-procedure doc)
  (define* (name s pred #:optional (start 0) (end (string-length s)))
    doc
    (if (procedure? pred)
        by-procedure
        (native s pred start end))))

(define-syntax-rule (%scan-forward s start end i hit? result default)
  (let loop ((i start))
    (if (< i end)
        (if hit? result (loop (+ i 1)))
        default)))

(define-syntax-rule (%scan-backward s start end i hit? result default)
  (let loop ((i (- end 1)))
    (if (>= i start)
        (if hit? result (loop (- i 1)))
        default)))

(define-string-search string-index %string-index (s pred start end)
  (%scan-forward s start end i (pred (string-ref s i)) i #f)
  "Return the index of the first character of S that matches PRED, or #f.")

(define-string-search string-rindex %string-rindex (s pred start end)
  (%scan-backward s start end i (pred (string-ref s i)) i #f)
  "Return the index of the last character of S that matches PRED, or #f.")

(define string-index-right string-rindex)

(define-string-search string-skip %string-skip (s pred start end)
  (%scan-forward s start end i (not (pred (string-ref s i))) i #f)
  "Return the index of the first character of S that does not match PRED, or #f.")

(define-string-search string-skip-right %string-skip-right (s pred start end)
  (%scan-backward s start end i (not (pred (string-ref s i))) i #f)
  "Return the index of the last character of S that does not match PRED, or #f.")

(define-string-search string-count %string-count (s pred start end)
  (let loop ((i start) (n 0))
    (if (< i end)
        (loop (+ i 1) (if (pred (string-ref s i)) (+ n 1) n))
        n))
  "Return the number of characters of S that match PRED.")

(define* (string-trim s #:optional (pred char-set:whitespace) (start 0) (end (string-length s)))
  "Return S without the leading characters that match PRED."
  (substring s (or (string-skip s pred start end) end) end))

(define* (string-trim-right s #:optional (pred char-set:whitespace) (start 0)
                            (end (string-length s)))
  "Return S without the trailing characters that match PRED."
  (let ((last (string-skip-right s pred start end)))
    (substring s start (if last (+ last 1) start))))

(define* (string-trim-both s #:optional (pred char-set:whitespace) (start 0)
                           (end (string-length s)))
  "Return S without the leading and trailing characters that match PRED."
  (let ((first (string-skip s pred start end)))
    (if first
        (substring s first (+ (string-skip-right s pred start end) 1))
        "")))

(define (%filter-string pred s start end)
  (let loop ((i (- end 1)) (chars '()))
    (if (< i start)
        (list->string chars)
        (let ((c (string-ref s i)))
          (loop (- i 1) (if (pred c) (cons c chars) chars))))))

(define* (string-filter pred s #:optional (start 0) end)
  "Return the string of the characters of S that match PRED."
  (if (string? pred)
      (string-filter s pred start end)  ;the old argument order
      (let ((end (or end (string-length s))))
        (if (procedure? pred)
            (%filter-string pred s start end)
            (%string-filter s pred start end)))))

(define* (string-delete pred s #:optional (start 0) end)
  "Return the string of the characters of S that do not match PRED."
  (if (string? pred)
      (string-delete s pred start end)
      (let ((end (or end (string-length s))))
        (if (procedure? pred)
            (%filter-string (lambda (c) (not (pred c))) s start end)
            (%string-delete s pred start end)))))

(define (string-split str pred)
  "Split STR at the characters that match PRED."
  (if (procedure? pred)
      (let loop ((i (- (string-length str) 1)) (end (string-length str)) (parts '()))
        (cond ((< i 0) (cons (substring str 0 end) parts))
              ((pred (string-ref str i))
               (loop (- i 1) i (cons (substring str (+ i 1) end) parts)))
              (else (loop (- i 1) end parts))))
      (%string-split str pred)))

(define (%char-matcher pred)
  (cond ((procedure? pred) pred)
        ((char? pred) (lambda (c) (char=? c pred)))
        (else (lambda (c) (char-set-contains? pred c)))))

(define* (string-any pred s #:optional (start 0) (end (string-length s)))
  "Return the first true result of PRED on the characters of S, or #f."
  (let ((pred (%char-matcher pred)))
    (let loop ((i start))
      (and (< i end)
           (if (= i (- end 1))
               (pred (string-ref s i))
               (or (pred (string-ref s i))
                   (loop (+ i 1))))))))

(define* (string-every pred s #:optional (start 0) (end (string-length s)))
  "Return true (the last result of PRED) if PRED is true of all the characters of S."
  (let ((pred (%char-matcher pred)))
    (let loop ((i start))
      (cond ((>= i end) #t)
            ((= i (- end 1)) (pred (string-ref s i)))
            (else (and (pred (string-ref s i))
                       (loop (+ i 1))))))))

(define string-any-c-code string-any)
(define string-every-c-code string-every)

(define* (string-map proc s #:optional (start 0) (end (string-length s)))
  "Return the string of the results of PROC on the characters of S."
  (let loop ((i start) (chars '()))
    (if (< i end)
        (loop (+ i 1) (cons (proc (string-ref s i)) chars))
        (list->string (reverse! chars)))))

(define* (string-map! proc s #:optional (start 0) (end (string-length s)))
  "Replace each character of S with what PROC gives for it."
  (let loop ((i start))
    (when (< i end)
      (string-set! s i (proc (string-ref s i)))
      (loop (+ i 1)))))

(define* (string-for-each proc s #:optional (start 0) (end (string-length s)))
  "Apply PROC to the characters of S, in order."
  (let loop ((i start))
    (when (< i end)
      (proc (string-ref s i))
      (loop (+ i 1)))))

(define* (string-for-each-index proc s #:optional (start 0) (end (string-length s)))
  "Apply PROC to the indices of S, in order."
  (let loop ((i start))
    (when (< i end)
      (proc i)
      (loop (+ i 1)))))

(define* (string-fold kons knil s #:optional (start 0) (end (string-length s)))
  "Fold KONS over the characters of S from the left."
  (let loop ((i start) (result knil))
    (if (< i end)
        (loop (+ i 1) (kons (string-ref s i) result))
        result)))

(define* (string-fold-right kons knil s #:optional (start 0) (end (string-length s)))
  "Fold KONS over the characters of S from the right."
  (let loop ((i (- end 1)) (result knil))
    (if (>= i start)
        (loop (- i 1) (kons (string-ref s i) result))
        result)))

(define* (string-unfold p f g seed #:optional (base "") (make-final (lambda (x) "")))
  "Build a string left to right: (F seed) gives a character, (G seed) the next seed, until P."
  (let loop ((seed seed) (chars '()))
    (if (p seed)
        (string-append base (list->string (reverse! chars)) (make-final seed))
        (loop (g seed) (cons (f seed) chars)))))

(define* (string-unfold-right p f g seed #:optional (base "") (make-final (lambda (x) "")))
  "Build a string right to left: (F seed) gives a character, (G seed) the next seed, until P."
  (let loop ((seed seed) (chars '()))
    (if (p seed)
        (string-append (make-final seed) (list->string chars) base)
        (loop (g seed) (cons (f seed) chars)))))

(define (string-tabulate proc len)
  "Return the string of LEN characters whose character at index i is (PROC i)."
  (let loop ((i 0) (chars '()))
    (if (< i len)
        (loop (+ i 1) (cons (proc i) chars))
        (list->string (reverse! chars)))))

(define* (string-compare s1 s2 proc< proc= proc>
                         #:optional (start1 0) (end1 (string-length s1))
                         (start2 0) (end2 (string-length s2)))
  "Apply PROC<, PROC= or PROC> to the index of the first difference of the two strings."
  (let loop ((i start1) (j start2))
    (cond ((and (= i end1) (= j end2)) (proc= i))
          ((= i end1) (proc< i))
          ((= j end2) (proc> i))
          ((char<? (string-ref s1 i) (string-ref s2 j)) (proc< i))
          ((char>? (string-ref s1 i) (string-ref s2 j)) (proc> i))
          (else (loop (+ i 1) (+ j 1))))))

(define* (string-compare-ci s1 s2 proc< proc= proc>
                            #:optional (start1 0) (end1 (string-length s1))
                            (start2 0) (end2 (string-length s2)))
  "Like string-compare, ignoring case."
  (string-compare (string-downcase s1) (string-downcase s2) proc< proc= proc>
                  start1 end1 start2 end2))

(define (symbol-append . args)
  "Return the symbol whose name is the concatenation of those of ARGS."
  (string->symbol (apply string-append (map symbol->string args))))

(define (symbol . chars)
  "Return the symbol of CHARS."
  (string->symbol (list->string chars)))

(define (list->symbol chars)
  "Return the symbol of CHARS."
  (string->symbol (list->string chars)))

(define* (string-xcopy! target tstart s sfrom #:optional (sto (+ sfrom (string-length s))) (start 0) (end (string-length s)))
  "Copy to TARGET, from TSTART on, the part SFROM to STO of the endless repetition of S."
  (string-copy! target tstart (xsubstring s sfrom sto start end)))
