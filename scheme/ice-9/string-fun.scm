;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Splitting strings at characters or predicates, with results given to a procedure.

(define-module (ice-9 string-fun)
  #:export (split-after-char split-before-char split-discarding-char split-after-char-last
            split-before-char-last split-discarding-char-last split-before-predicate
            split-after-predicate split-discarding-predicate separate-fields-discarding-char
            separate-fields-after-char separate-fields-before-char string-prefix-predicate
            string-prefix=? sans-surrounding-whitespace sans-trailing-whitespace
            sans-leading-whitespace sans-final-newline has-trailing-newline?
            string-replace-substring))

(define (split str index left-end right-start ret)
  ;; Split STR at INDEX: both offsets are counted from it; without INDEX, all is on the left.
  (if index
      (ret (substring str 0 (+ index left-end)) (substring str (+ index right-start)))
      (ret str "")))

(define (split-after-char char str ret)
  "Split STR after its first CHAR."
  (split str (string-index str char) 1 1 ret))

(define (split-before-char char str ret)
  "Split STR before its first CHAR."
  (split str (string-index str char) 0 0 ret))

(define (split-discarding-char char str ret)
  "Split STR at its first CHAR."
  (split str (string-index str char) 0 1 ret))

(define (split-last str index left-end right-start ret)
  (if index
      (ret (substring str 0 (+ index left-end)) (substring str (+ index right-start)))
      (ret "" str)))

(define (split-after-char-last char str ret)
  "Split STR after its last CHAR."
  (split-last str (string-rindex str char) 1 1 ret))

(define (split-before-char-last char str ret)
  "Split STR before its last CHAR."
  (split-last str (string-rindex str char) 0 0 ret))

(define (split-discarding-char-last char str ret)
  "Split STR at its last CHAR."
  (split-last str (string-rindex str char) 0 1 ret))

(define (split-before-predicate pred str ret)
  "Split STR before the first character that satisfies PRED."
  (split str (string-index str pred) 0 0 ret))

(define (split-after-predicate pred str ret)
  "Split STR after the first character that satisfies PRED."
  (split str (string-index str pred) 1 1 ret))

(define (split-discarding-predicate pred str ret)
  "Split STR at the first character that satisfies PRED."
  (split str (string-index str pred) 0 1 ret))

(define (separate-fields-discarding-char char str ret)
  "Apply RET to the parts of STR between CHARs."
  (apply ret (string-split str char)))

(define (separate-fields-after-char char str ret)
  "Apply RET to the parts of STR, each but the last ending in CHAR."
  (let loop ((start 0) (fields '()))
    (let ((index (string-index str char start)))
      (if index
          (loop (+ index 1) (cons (substring str start (+ index 1)) fields))
          (apply ret (reverse (cons (substring str start) fields)))))))

(define (separate-fields-before-char char str ret)
  "Apply RET to the parts of STR, each but the first beginning with CHAR."
  (let loop ((end (string-length str)) (fields '()))
    (let ((index (string-rindex str char 0 end)))
      (if index
          (loop index (cons (substring str index end) fields))
          (apply ret (substring str 0 end) fields)))))

(define (string-prefix-predicate pred?)
  "Return a procedure that says if a head of its second argument is equal to its first by PRED?."
  (lambda (prefix str)
    (and (<= (string-length prefix) (string-length str))
         (pred? prefix (substring str 0 (string-length prefix))))))

(define (string-prefix=? prefix str)
  "Return true if STR begins with PREFIX."
  (string-prefix? prefix str))

(define (sans-surrounding-whitespace s)
  "Return S without whitespace around it."
  (string-trim-both s char-whitespace?))

(define (sans-trailing-whitespace s)
  "Return S without whitespace at its end."
  (string-trim-right s char-whitespace?))

(define (sans-leading-whitespace s)
  "Return S without whitespace at its start."
  (string-trim s char-whitespace?))

(define (sans-final-newline str)
  "Return STR without a newline at its end."
  (if (has-trailing-newline? str)
      (substring str 0 (- (string-length str) 1))
      str))

(define (has-trailing-newline? str)
  "Return true if STR ends in a newline."
  (string-suffix? "\n" str))

(define (string-replace-substring str substring replacement)
  "Return STR with every SUBSTRING replaced by REPLACEMENT."
  (let ((len (string-length substring)))
    (if (zero? len)
        str
        (let loop ((start 0) (parts '()))
          (let ((index (string-contains str substring start)))
            (if index
                (loop (+ index len)
                      (cons* replacement ((@ (guile) substring) str start index) parts))
                (string-concatenate
                 (reverse (cons ((@ (guile) substring) str start) parts)))))))))
