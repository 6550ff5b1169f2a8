;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Dates as text, for (srfi srfi-19).

(define-module (srfi srfi-19 text)
  #:use-module (srfi srfi-19 calendar)
  #:use-module (ice-9 i18n)
  #:export (date->string string->date))

(define (pad n width char)
  (let ((str (number->string n)))
    (if char
        (string-append (make-string (max 0 (- width (string-length str))) char) str)
        str)))

(define (zone offset colon?)
  (if (and (zero? offset) (not colon?))
      "Z"
      (let ((abs-offset (abs offset)))
        (string-append (if (negative? offset) "-" "+")
                       (pad (quotient abs-offset 3600) 2 #\0)
                       (if colon? ":" "")
                       (pad (remainder (quotient abs-offset 60) 60) 2 #\0)))))

(define (hour-12 date)
  (let ((h (modulo (date-hour date) 12)))
    (if (zero? h) 12 h)))

(define (fraction date)
  ;; The nanoseconds as digits after a point, without zeros at the end.
  (string-trim-right (pad (date-nanosecond date) 9 #\0) #\0))

(define (iso-week date)
  ;; The week which has the year's first Thursday is the first.
  (let* ((week-day (modulo (- (date-week-day date) 1) 7))
         (n (quotient (+ 10 (- (date-year-day date) (+ week-day 1))) 7)))
    (cond ((< n 1)
           (iso-week (make-date 0 0 0 0 31 12 (- (date-year date) 1) 0)))
          ((and (= n 53)
                (< (modulo (- (date-week-day (make-date 0 0 0 0 1 1 (+ (date-year date) 1) 0)) 1) 7)
                   4))
           1)
          (else n))))

;; The week's number, the days before the first whole one being a week of their own.
(define (week date first-day)
  (+ (date-week-number date first-day)
     (if (zero? (days-before-first-week date first-day)) 0 1)))

(define (directive c date char)
  ;; The text for ~C; CHAR pads numbers.
  (define (2-digits n) (pad n 2 char))
  (define (expand format) (date->string date format))
  (case c
    ((#\~) "~")
    ((#\a) (locale-day-short (+ 1 (date-week-day date))))
    ((#\A) (locale-day (+ 1 (date-week-day date))))
    ((#\b #\h) (locale-month-short (date-month date)))
    ((#\B) (locale-month (date-month date)))
    ((#\c) (expand "~a ~b ~d ~H:~M:~S~z ~Y"))
    ((#\d) (2-digits (date-day date)))
    ((#\D) (expand "~m/~d/~y"))
    ((#\e) (pad (date-day date) 2 (if (eqv? char #\0) #\space char)))
    ((#\f) (string-append (number->string (date-second date))
                          (if (zero? (date-nanosecond date))
                              ""
                              (string-append (locale-decimal-point) (fraction date)))))
    ((#\H) (2-digits (date-hour date)))
    ((#\I) (2-digits (hour-12 date)))
    ((#\j) (pad (date-year-day date) 3 char))
    ((#\k) (pad (date-hour date) 2 (if (eqv? char #\0) #\space char)))
    ((#\l) (pad (hour-12 date) 2 (if (eqv? char #\0) #\space char)))
    ((#\m) (2-digits (date-month date)))
    ((#\M) (2-digits (date-minute date)))
    ((#\n) "\n")
    ((#\N) (pad (date-nanosecond date) 9 char))
    ((#\p) (if (< (date-hour date) 12) (locale-am-string) (locale-pm-string)))
    ((#\r) (expand "~I:~M:~S ~p"))
    ((#\s) (number->string (date->seconds date)))
    ((#\S) (2-digits (date-second date)))
    ((#\t) "\t")
    ((#\T) (expand "~H:~M:~S"))
    ((#\U) (pad (week date 0) 2 #\0))
    ((#\V) (pad (iso-week date) 2 #\0))
    ((#\w) (number->string (date-week-day date)))
    ((#\W) (pad (week date 1) 2 #\0))
    ((#\x) (expand "~m/~d/~y"))
    ((#\X) (expand "~H:~M:~S"))
    ((#\y) (2-digits (modulo (date-year date) 100)))
    ((#\Y) (number->string (date-year date)))
    ((#\z) (zone (date-zone-offset date) #f))
    ((#\Z) "")
    ((#\1) (expand "~Y-~m-~d"))
    ((#\2) (expand "~H:~M:~S~z"))
    ((#\3) (expand "~H:~M:~S"))
    ((#\4) (expand "~Y-~m-~dT~H:~M:~S~z"))
    ((#\5) (expand "~Y-~m-~dT~H:~M:~S"))
    (else (bad-format c))))

(define (bad-format c)
  (throw 'srfi-19-error 'date->string "bad date format string: ~s" (list c) #f))

(define* (date->string date #:optional (format "~c"))
  "Return DATE as FORMAT says, in which ~X stands for a part of it."
  (let ((len (string-length format)))
    (call-with-output-string
     (lambda (port)
       (let loop ((i 0))
         (when (< i len)
           (let ((c (string-ref format i)))
             (cond ((not (char=? c #\~))
                    (write-char c port)
                    (loop (+ i 1)))
                   ((= (+ i 1) len) (bad-format format))
                   (else
                    (let ((d (string-ref format (+ i 1))))
                      (cond ((and (memv d '(#\- #\_)) (< (+ i 2) len))
                             (display (directive (string-ref format (+ i 2)) date
                                                 (if (char=? d #\-) #\0 #\space))
                                      port)
                             (loop (+ i 3)))
                            (else
                             (display (directive d date #\0) port)
                             (loop (+ i 2))))))))))))))

;;; Reading

(define (fail str template)
  (throw 'srfi-19-error 'string->date "bad date template string: ~s ~s" (list template str) #f))

(define (string->date str template)
  "Return the date that STR is, read as TEMPLATE says."
  (define len (string-length str))
  (define parts (make-hash-table))
  (define (no) (fail str template))
  (define (part key default) (hashq-ref parts key default))

  (define (skip-to pos pred)
    ;; The position of the first character from POS that satisfies PRED.
    (cond ((>= pos len) (no))
          ((pred (string-ref str pos)) pos)
          (else (skip-to (+ pos 1) pred))))

  (define (number key pos limit)
    ;; Store the number at POS, of at most LIMIT digits; return the position after it.
    (let loop ((end pos))
      (if (and (< end len) (< (- end pos) limit) (char-numeric? (string-ref str end)))
          (loop (+ end 1))
          (begin
            (when (= end pos) (no))
            (hashq-set! parts key (string->number (substring str pos end)))
            end))))

  (define (padded key pos limit)
    (if (and (< pos len) (char=? (string-ref str pos) #\space))
        (padded key (+ pos 1) (- limit 1))
        (number key pos limit)))

  (define (name key pos name-of count)
    ;; Store the number of the name at POS.
    (let loop ((n 1))
      (if (> n count)
          (no)
          (let* ((candidate (name-of n)) (end (+ pos (string-length candidate))))
            (cond ((and (<= end len) (string-ci=? candidate (substring str pos end)))
                   (when key (hashq-set! parts key n))
                   end)
                  (else (loop (+ n 1))))))))

  (define (digit pos)
    (let ((c (if (< pos len) (string-ref str pos) #\nul)))
      (if (char-numeric? c) (- (char->integer c) 48) (no))))

  (define (zone pos)
    (case (and (< pos len) (string-ref str pos))
      ((#\Z #\z)
       (hashq-set! parts 'offset 0)
       (+ pos 1))
      ((#\+ #\-)
       (let* ((sign (if (char=? (string-ref str pos) #\-) -1 1))
              (colon? (and (< (+ pos 3) len) (char=? (string-ref str (+ pos 3)) #\:)))
              (minutes (+ pos (if colon? 4 3))))
         (hashq-set! parts 'offset
                     (* sign (+ (* 36000 (digit (+ pos 1))) (* 3600 (digit (+ pos 2)))
                                (* 600 (digit minutes)) (* 60 (digit (+ minutes 1))))))
         (+ minutes 2)))
      (else (no))))

  (define (read-directive c pos)
    (case c
      ((#\~) (if (and (< pos len) (char=? (string-ref str pos) #\~)) (+ pos 1) (no)))
      ((#\a) (name #f (skip-to pos char-alphabetic?) locale-day-short 7))
      ((#\A) (name #f (skip-to pos char-alphabetic?) locale-day 7))
      ((#\b #\h) (name 'month (skip-to pos char-alphabetic?) locale-month-short 12))
      ((#\B) (name 'month (skip-to pos char-alphabetic?) locale-month 12))
      ((#\d) (number 'day (skip-to pos char-numeric?) 2))
      ((#\e) (padded 'day pos 2))
      ((#\H) (number 'hour (skip-to pos char-numeric?) 2))
      ((#\k) (padded 'hour pos 2))
      ((#\m) (number 'month (skip-to pos char-numeric?) 2))
      ((#\M) (number 'minute (skip-to pos char-numeric?) 2))
      ((#\S) (number 'second (skip-to pos char-numeric?) 2))
      ((#\N) (number 'nanosecond pos 9))
      ((#\s)
       (let ((end (number 'seconds pos 20)))
         end))
      ((#\y)
       (let ((end (number 'year (skip-to pos char-numeric?) 2)))
         (hashq-set! parts 'year (+ (part 'year 0) (if (< (part 'year 0) 50) 2000 1900)))
         end))
      ((#\Y) (number 'year (skip-to pos char-numeric?) 10))
      ((#\z)
       (zone (skip-to pos (lambda (c) (memv c '(#\Z #\z #\+ #\-))))))
      ((#\T) (run "~H:~M:~S" pos))
      ((#\D) (run "~m/~d/~y" pos))
      ((#\1) (run "~Y-~m-~d" pos))
      ((#\2) (run "~H:~M:~S~z" pos))
      ((#\3) (run "~H:~M:~S" pos))
      ((#\4) (run "~Y-~m-~dT~H:~M:~S~z" pos))
      ((#\5) (run "~Y-~m-~dT~H:~M:~S" pos))
      (else (no))))

  (define (run template pos)
    ;; Read what TEMPLATE says from POS; return the position after it.
    (let ((end (string-length template)))
      (let loop ((i 0) (pos pos))
        (cond ((= i end) pos)
              ((and (char=? (string-ref template i) #\~) (< (+ i 1) end))
               (loop (+ i 2) (read-directive (string-ref template (+ i 1)) pos)))
              ((and (< pos len) (char=? (string-ref template i) (string-ref str pos)))
               (loop (+ i 1) (+ pos 1)))
              (else (no))))))

  (run template 0)
  (let ((seconds (part 'seconds #f)))
    (if seconds
        (seconds->date seconds (part 'nanosecond 0) (or (part 'offset #f) (local-offset seconds)))
        (let ((date (lambda (offset)
                      (unless (and (part 'year #f) (part 'month #f) (part 'day #f))
                        (no))
                      (make-date (part 'nanosecond 0) (part 'second 0) (part 'minute 0)
                                 (part 'hour 0) (part 'day 1) (part 'month 1) (part 'year 0)
                                 offset))))
          (date (or (part 'offset #f)
                    (local-offset (date->seconds (date 0)))))))))

(define (local-offset seconds)
  ;; localtime counts the offset westwards.
  (- (tm:gmtoff (localtime seconds))))
