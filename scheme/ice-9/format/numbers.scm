;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Numbers as text, for (ice-9 format).

(define-module (ice-9 format numbers)
  #:export (format-integer format-fixed format-exponential format-general format-dollars
            integer->roman integer->old-roman integer->cardinal integer->ordinal))

(define (fail message . args)
  (scm-error 'misc-error "format" message args #f))

(define (pad-left str width c)
  (let ((n (- (or width 0) (string-length str))))
    (if (> n 0) (string-append (make-string n c) str) str)))

(define (group digits comma interval)
  ;; Put COMMA between groups of INTERVAL of the characters of DIGITS, from the right.
  (let loop ((end (string-length digits)) (parts '()))
    (if (<= end interval)
        (string-join (cons (substring digits 0 end) parts) (string comma))
        (loop (- end interval) (cons (substring digits (- end interval) end) parts)))))

(define (format-integer n radix width pad comma interval sign?)
  "Return N in RADIX, padded, grouped by COMMA if not #f, with a sign in any case if SIGN?."
  (unless (and (number? n) (integer? n))
    (fail "argument is not an integer: ~s" n))
  (let* ((digits (number->string (abs n) radix))
         (digits (if comma (group digits comma interval) digits))
         (sign (cond ((negative? n) "-") (sign? "+") (else ""))))
    (pad-left (string-append sign digits) width pad)))

;;; Words

(define ones
  #("" "one" "two" "three" "four" "five" "six" "seven" "eight" "nine" "ten" "eleven" "twelve"
    "thirteen" "fourteen" "fifteen" "sixteen" "seventeen" "eighteen" "nineteen"))
(define tens
  #("" "" "twenty" "thirty" "forty" "fifty" "sixty" "seventy" "eighty" "ninety"))
(define groups
  #("" " thousand" " million" " billion" " trillion" " quadrillion" " quintillion" " sextillion"
    " septillion" " octillion" " nonillion" " decillion" " undecillion" " duodecillion"
    " tredecillion" " quattuordecillion" " quindecillion" " sexdecillion" " septendecillion"
    " octodecillion" " novemdecillion" " vigintillion"))

(define (below-1000 n)
  (let ((hundreds (quotient n 100)) (rest (remainder n 100)))
    (string-append
     (if (zero? hundreds) "" (string-append (vector-ref ones hundreds) " hundred"))
     (if (or (zero? hundreds) (zero? rest)) "" " ")
     (cond ((zero? rest) "")
           ((< rest 20) (vector-ref ones rest))
           (else
            (string-append (vector-ref tens (quotient rest 10))
                           (if (zero? (remainder rest 10))
                               ""
                               (string-append "-" (vector-ref ones (remainder rest 10))))))))))

(define (integer->cardinal n)
  "Return N in English words."
  (cond ((zero? n) "zero")
        ((negative? n) (string-append "minus " (integer->cardinal (- n))))
        (else
         (let loop ((n n) (i 0) (parts '()))
           (cond ((zero? n) (string-join parts ", "))
                 ((>= i (vector-length groups)) (fail "number too large to print in English"))
                 (else
                  (let ((low (remainder n 1000)))
                    (loop (quotient n 1000) (+ i 1)
                          (if (zero? low)
                              parts
                              (cons (string-append (below-1000 low) (vector-ref groups i))
                                    parts))))))))))

(define irregular
  '(("one" . "first") ("two" . "second") ("three" . "third") ("five" . "fifth")
    ("eight" . "eighth") ("nine" . "ninth") ("twelve" . "twelfth") ("zero" . "zeroth")))

(define (integer->ordinal n)
  "Return the English ordinal of N."
  (let* ((words (integer->cardinal n))
         (cut (string-rindex words (lambda (c) (memv c '(#\space #\-)))))
         (start (if cut (+ cut 1) 0))
         (last (substring words start)))
    (string-append
     (substring words 0 start)
     (cond ((assoc-ref irregular last))
           ((string-suffix? "y" last)
            (string-append (substring last 0 (- (string-length last) 1)) "ieth"))
           (else (string-append last "th"))))))

(define old-roman '((1000 . "M") (500 . "D") (100 . "C") (50 . "L") (10 . "X") (5 . "V") (1 . "I")))
(define roman
  '((1000 . "M") (900 . "CM") (500 . "D") (400 . "CD") (100 . "C") (90 . "XC") (50 . "L")
    (40 . "XL") (10 . "X") (9 . "IX") (5 . "V") (4 . "IV") (1 . "I")))

(define (to-roman n table)
  (unless (and (exact-integer? n) (> n 0))
    (fail "only positive integers can be romanized"))
  (let loop ((n n) (table table) (parts '()))
    (cond ((zero? n) (string-concatenate (reverse parts)))
          ((>= n (caar table)) (loop (- n (caar table)) table (cons (cdar table) parts)))
          (else (loop n (cdr table) parts)))))

(define (integer->roman n)
  "Return N in Roman digits."
  (to-roman n roman))

(define (integer->old-roman n)
  "Return N in Roman digits without subtraction."
  (to-roman n old-roman))

;;; Decimals.  A number is taken apart into its digits and the position of the point among them.

(define (decimal x)
  ;; Return the digits of the real X >= 0, without zeros around, and where the point is.
  (let* ((str (number->string (if (and (exact? x) (integer? x)) x (exact->inexact x))))
         (e (string-index str #\e))
         (mantissa (if e (substring str 0 e) str))
         (exponent (if e (string->number (substring str (+ e 1))) 0))
         (dot (string-index mantissa #\.))
         (whole (if dot (substring mantissa 0 dot) mantissa))
         (digits (string-append whole (if dot (substring mantissa (+ dot 1)) "")))
         (point (+ (string-length whole) exponent))
         (trimmed (string-trim digits #\0))
         (point (- point (- (string-length digits) (string-length trimmed))))
         (trimmed (string-trim-right trimmed #\0)))
    (if (string-null? trimmed)
        (values "" 0)
        (values trimmed point))))

(define (round-digits digits point places)
  ;; Round to PLACES after the point, half up; return digits and point.
  (let ((keep (+ point places)))
    (cond ((>= keep (string-length digits)) (values digits point))
          ((< keep 0) (values "" 0))
          ((char<? (string-ref digits keep) #\5)
           (values (substring digits 0 keep) point))
          (else
           (let* ((n (+ 1 (or (string->number (substring digits 0 keep)) 0)))
                  (str (number->string n))
                  (str (if (< (string-length str) keep) (pad-left str keep #\0) str)))
             (values str (+ point (- (string-length str) keep))))))))

(define (split-at-point digits point)
  ;; The digits before and after the point.
  (let ((len (string-length digits)))
    (cond ((<= point 0)
           (values "" (if (zero? len) "" (string-append (make-string (- point) #\0) digits))))
          ((>= point len)
           (values (string-append digits (make-string (- point len) #\0)) ""))
          (else (values (substring digits 0 point) (substring digits point))))))

(define (pad-right str width)
  (string-append str (make-string (max 0 (- width (string-length str))) #\0)))

(define (special x) (and (real? x) (inexact? x) (or (nan? x) (inf? x)) (number->string x)))

(define (check-real x)
  (unless (real? x)
    (fail "argument is not a real number: ~s" x)))

(define (sign-of x sign?)
  (cond ((or (negative? x) (and (inexact? x) (zero? x) (negative? (/ 1.0 x)))) "-")
        (sign? "+")
        (else "")))

(define (finish str width overflow pad)
  (if (and width overflow (> (string-length str) width))
      (make-string width overflow)
      (pad-left str width pad)))

(define (format-fixed x width places scale overflow pad sign?)
  "Return X with PLACES digits after the point."
  (check-real x)
  (cond
   ((special x) => (lambda (str) (pad-left str width pad)))
   (else
    (call-with-values (lambda () (decimal (abs x)))
      (lambda (digits point)
        (let ((sign (sign-of x sign?)) (point (+ point scale)))
          (define (render places)
            (call-with-values (lambda ()
                                (if places
                                    (round-digits digits point places)
                                    (values digits point)))
              (lambda (digits point)
                (call-with-values (lambda () (split-at-point digits point))
                  (lambda (whole fraction)
                    (values (if (string-null? whole) "0" whole)
                            (if places
                                (pad-right fraction places)
                                (if (string-null? fraction) "0" fraction))))))))
          (call-with-values (lambda () (render places))
            (lambda (whole fraction)
              (let ((room (and width (not places)
                               (- width (string-length sign) (string-length whole) 1))))
                (call-with-values
                    (lambda ()
                      (if (and room (> (string-length fraction) room))
                          (render (max 0 room))
                          (values whole fraction)))
                  (lambda (whole fraction)
                    (let* ((str (string-append sign whole "." fraction))
                           (str (if (and width (> (string-length str) width)
                                         (string=? whole "0") (not (string-null? fraction)))
                                    (string-append sign "." fraction)
                                    str)))
                      (finish str width overflow pad)))))))))))))

(define (format-exponential x width places exponent-width scale overflow pad mark sign?)
  "Return X in exponential notation, SCALE digits before the point."
  (check-real x)
  (cond
   ((special x) => (lambda (str) (pad-left str width pad)))
   (else
    (call-with-values (lambda () (decimal (abs x)))
      (lambda (digits point)
        (call-with-values
            (lambda ()
              (if places
                  (call-with-values (lambda () (round-digits digits scale places))
                    (lambda (rounded new-point)
                      (values (substring rounded 0 (min (string-length rounded) (+ scale places)))
                              (+ point (- new-point scale)))))
                  (values digits point)))
          (lambda (digits point)
            (call-with-values (lambda () (split-at-point digits scale))
              (lambda (whole fraction)
                (let* ((exponent (if (string-null? digits) 0 (- point scale)))
                       (text (number->string (abs exponent))))
                  (finish (string-append
                           (sign-of x sign?)
                           (if (string-null? whole) "0" whole)
                           "."
                           (if places
                               (pad-right fraction places)
                               (if (string-null? fraction) "0" fraction))
                           (string mark)
                           (if (negative? exponent) "-" "+")
                           (pad-left text exponent-width #\0))
                          width overflow pad)))))))))))

(define (format-general x width places exponent-width scale overflow pad mark sign?)
  "Return X in fixed or exponential notation, as fits its size."
  (check-real x)
  (if (special x)
      (pad-left (special x) width pad)
      (call-with-values (lambda () (decimal (abs x)))
        (lambda (digits point)
          (let* ((blank (if exponent-width (+ exponent-width 2) 4))
                 (d (or places (max (string-length digits) (min point 7))))
                 (after (- d point)))
            (if (<= 0 after d)
                (string-append
                 (format-fixed x (and width (- width blank)) after 0 overflow pad sign?)
                 (make-string blank #\space))
                (format-exponential x width places exponent-width scale overflow pad mark
                                    sign?)))))))

(define (format-dollars x places whole-width width pad sign-first? sign?)
  "Return X with PLACES digits after the point and at least WHOLE-WIDTH before."
  (check-real x)
  (call-with-values (lambda () (decimal (abs x)))
    (lambda (digits point)
      (call-with-values (lambda () (round-digits digits point places))
        (lambda (digits point)
          (call-with-values (lambda () (split-at-point digits point))
            (lambda (whole fraction)
              (let ((sign (sign-of x sign?))
                    (str (string-append (pad-left whole (max whole-width 0) #\0) "."
                                        (pad-right fraction places))))
                (if sign-first?
                    (string-append sign (pad-left str (- width (string-length sign)) pad))
                    (pad-left (string-append sign str) width pad))))))))))
