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
