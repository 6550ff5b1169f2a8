;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Dates and the Gregorian calendar, for (srfi srfi-19).

(define-module (srfi srfi-19 calendar)
  #:use-module (srfi srfi-9)
  #:export (make-date date? date-nanosecond date-second date-minute date-hour date-day date-month
            date-year date-zone-offset seconds->date date->seconds date-year-day date-week-day
            date-week-number days-before-first-week))

(define-record-type date
  (make-date nanosecond second minute hour day month year zone-offset)
  date?
  (nanosecond date-nanosecond)
  (second date-second)
  (minute date-minute)
  (hour date-hour)
  (day date-day)
  (month date-month)
  (year date-year)
  (zone-offset date-zone-offset))

(define (days-before year month day)
  ;; The number of days from 1970-01-01 to this date; years count from March, so that the leap day is last.
  (let* ((y (if (<= month 2) (- year 1) year))
         (m (if (<= month 2) (+ month 9) (- month 3))))
    (+ (* 365 y) (floor-quotient y 4) (- (floor-quotient y 100)) (floor-quotient y 400)
       (quotient (+ (* 153 m) 2) 5)
       day -1 -719468)))

(define (civil days)
  ;; The year, month and day of the day that is DAYS after 1970-01-01.
  (let* ((z (+ days 719468))
         (era (floor-quotient z 146097))
         (doe (- z (* era 146097)))
         (yoe (quotient (- doe (quotient doe 1460) (- (quotient doe 36524)) (quotient doe 146096))
                        365))
         (doy (- doe (- (+ (* 365 yoe) (quotient yoe 4)) (quotient yoe 100))))
         (mp (quotient (+ (* 5 doy) 2) 153))
         (day (+ (- doy (quotient (+ (* 153 mp) 2) 5)) 1))
         (month (if (< mp 10) (+ mp 3) (- mp 9)))
         (year (+ yoe (* era 400) (if (<= month 2) 1 0))))
    (values year month day)))

(define (seconds->date seconds nanosecond offset)
  "Return the date of SECONDS after the epoch, as seen in the zone of OFFSET."
  (let* ((local (+ seconds offset))
         (time (floor-remainder local 86400)))
    (call-with-values (lambda () (civil (floor-quotient local 86400)))
      (lambda (year month day)
        (make-date nanosecond (remainder time 60) (remainder (quotient time 60) 60)
                   (quotient time 3600) day month year offset)))))

(define (date->seconds date)
  "Return the seconds from the epoch to DATE."
  (+ (* 86400 (days-before (date-year date) (date-month date) (date-day date)))
     (* 3600 (date-hour date))
     (* 60 (date-minute date))
     (date-second date)
     (- (date-zone-offset date))))

(define (date-year-day date)
  "Return the number of DATE's day in its year, from 1."
  (+ 1 (- (days-before (date-year date) (date-month date) (date-day date))
          (days-before (date-year date) 1 1))))

(define (date-week-day date)
  "Return the day of DATE's week, 0 being Sunday."
  (floor-remainder (+ 4 (days-before (date-year date) (date-month date) (date-day date))) 7))

(define (days-before-first-week date first-day)
  "Return the number of days of DATE's year that are before its first whole week."
  (floor-remainder (- first-day (floor-remainder (+ 4 (days-before (date-year date) 1 1)) 7)) 7))

(define (date-week-number date first-day)
  "Return the number of whole weeks, beginning on FIRST-DAY, of DATE's year that are before its week."
  (floor-quotient (- (date-year-day date) 1 (days-before-first-week date first-day)) 7))
