;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Char-set procedures that take procedures.

(define (char-set-fold kons knil cs)
  "Fold KONS over the characters of CS, in order."
  (let loop ((l (char-set->list cs)) (result knil))
    (if (null? l)
        result
        (loop (cdr l) (kons (car l) result)))))

(define (char-set-for-each proc cs)
  "Apply PROC to the characters of CS."
  (for-each proc (char-set->list cs)))

(define (char-set-map proc cs)
  "Return the char-set of the results of PROC on the characters of CS."
  (list->char-set (map proc (char-set->list cs))))

(define (char-set-any pred cs)
  "Return the first true result of PRED on the characters of CS, or #f."
  (or-map pred (char-set->list cs)))

(define (char-set-every pred cs)
  "Return true if PRED is true of all characters of CS."
  (and-map pred (char-set->list cs)))

(define (char-set-count pred cs)
  "Return the number of characters of CS that satisfy PRED."
  (length (filter pred (char-set->list cs))))

(define* (char-set-filter pred cs #:optional base)
  "Return the char-set of the characters of CS that satisfy PRED, with those of BASE."
  (let ((set (list->char-set (filter pred (char-set->list cs)))))
    (if base (char-set-union set base) set)))

(define (char-set-filter! pred cs base)
  "Like char-set-filter."
  (char-set-filter pred cs base))

(define* (char-set-unfold p f g seed #:optional base)
  "Build a char-set: (F seed) gives a character, (G seed) the next seed, until P."
  (let loop ((seed seed) (chars '()))
    (if (p seed)
        (let ((set (list->char-set chars)))
          (if base (char-set-union set base) set))
        (loop (g seed) (cons (f seed) chars)))))

(define (char-set-unfold! p f g seed base)
  "Like char-set-unfold."
  (char-set-unfold p f g seed base))

;; A cursor is the list of the characters to come.

(define (char-set-cursor cs)
  "Return a cursor at the first character of CS."
  (char-set->list cs))

(define (char-set-ref cs cursor)
  "Return the character of CS that CURSOR is at."
  (car cursor))

(define (char-set-cursor-next cs cursor)
  "Return the cursor after CURSOR."
  (cdr cursor))

(define (end-of-char-set? cursor)
  "Whether CURSOR is after the last character."
  (null? cursor))

(define (list->char-set! chars base)
  "Return BASE with CHARS."
  (char-set-union! base (list->char-set chars)))

(define (ucs-range->char-set! lower upper error? base)
  "Return BASE with the characters of the code points from LOWER up to, without, UPPER."
  (char-set-union! base (ucs-range->char-set lower upper error?)))

(define (char-set-diff+intersection cs . others)
  "Return CS without OTHERS, and what it has in common with them."
  (let ((others (apply char-set-union others)))
    (values (char-set-difference cs others) (char-set-intersection cs others))))

(define (char-set-diff+intersection! cs other . others)
  "Return the values of char-set-diff+intersection."
  (apply char-set-diff+intersection cs other others))
