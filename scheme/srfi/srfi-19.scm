;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-19: times and dates.

(define-module (srfi srfi-19)
  #:use-module (srfi srfi-9)
  #:use-module (srfi srfi-19 text)
  #:use-module (srfi srfi-19 calendar)
  #:re-export (make-date date? date-nanosecond date-second date-minute date-hour date-day
               date-month date-year date-zone-offset date-year-day date-week-day date-week-number
               date->string string->date)
  #:replace (current-time)
  #:export (time-duration time-monotonic time-process time-tai time-thread time-utc
            make-time time? time-type time-nanosecond time-second set-time-type!
            set-time-nanosecond! set-time-second! copy-time time-resolution
            time=? time<? time<=? time>? time>=? time-difference time-difference! add-duration
            add-duration! subtract-duration subtract-duration!
            time-utc->time-tai time-utc->time-tai! time-tai->time-utc time-tai->time-utc!
            time-utc->time-monotonic time-utc->time-monotonic! time-monotonic->time-utc
            time-monotonic->time-utc! time-tai->time-monotonic time-tai->time-monotonic!
            time-monotonic->time-tai time-monotonic->time-tai!
            current-date current-julian-day current-modified-julian-day
            date->time-utc date->time-tai date->time-monotonic time-utc->date time-tai->date
            time-monotonic->date date->julian-day date->modified-julian-day
            time-utc->julian-day time-utc->modified-julian-day time-tai->julian-day
            time-tai->modified-julian-day time-monotonic->julian-day
            time-monotonic->modified-julian-day julian-day->time-utc julian-day->time-tai
            julian-day->time-monotonic julian-day->date modified-julian-day->time-utc
            modified-julian-day->time-tai modified-julian-day->time-monotonic
            modified-julian-day->date))

(cond-expand-provide (current-module) '(srfi-19))

(define time-tai 'time-tai)
(define time-utc 'time-utc)
(define time-monotonic 'time-monotonic)
(define time-thread 'time-thread)
(define time-process 'time-process)
(define time-duration 'time-duration)

(define billion 1000000000)

(define-record-type <time>
  (%make-time type nanosecond second)
  time?
  (type time-type set-time-type!)
  (nanosecond time-nanosecond set-time-nanosecond!)
  (second time-second set-time-second!))

(define (make-time type nanosecond second)
  "Return a time of TYPE; nanoseconds beyond a second are carried over."
  (normalized type (+ nanosecond (* billion second))))

(define (normalized type nanoseconds)
  (%make-time type (floor-remainder nanoseconds billion) (floor-quotient nanoseconds billion)))

(define (copy-time time)
  "Return a copy of TIME."
  (%make-time (time-type time) (time-nanosecond time) (time-second time)))

(define (nanoseconds time)
  (+ (time-nanosecond time) (* billion (time-second time))))

;; The UTC seconds from which TAI - UTC is so much.
(define leap-seconds
  '((1483228800 . 37) (1435708800 . 36) (1341100800 . 35) (1230768000 . 34) (1136073600 . 33)
    (915148800 . 32) (867715200 . 31) (820454400 . 30) (773020800 . 29) (741484800 . 28)
    (709948800 . 27) (662688000 . 26) (631152000 . 25) (567993600 . 24) (489024000 . 23)
    (425865600 . 22) (394329600 . 21) (362793600 . 20) (315532800 . 19) (283996800 . 18)
    (252460800 . 17) (220924800 . 16) (189302400 . 15) (157766400 . 14) (126230400 . 13)
    (94694400 . 12) (78796800 . 11) (63072000 . 10)))

(define (tai-offset utc)
  (or (or-map (lambda (entry) (and (>= utc (car entry)) (cdr entry))) leap-seconds) 0))

(define (utc-offset tai)
  (or (or-map (lambda (entry) (and (>= (- tai (cdr entry)) (car entry)) (cdr entry)))
              leap-seconds)
      0))

(define* (current-time #:optional (type 'time-utc))
  "Return the current time of TYPE."
  (let* ((now (gettimeofday))
         (seconds (car now))
         (ns (* 1000 (cdr now))))
    (case type
      ((time-utc) (%make-time type ns seconds))
      ((time-tai time-monotonic) (%make-time type ns (+ seconds (tai-offset seconds))))
      ((time-process time-thread)
       (normalized type (quotient (* billion (get-internal-run-time))
                                  internal-time-units-per-second)))
      (else (time-error 'current-time 'invalid-clock-type type)))))

(define (time-error who what value)
  (throw 'srfi-19-error who "~a: ~s" (list what value) #f))

(define* (time-resolution #:optional (type 'time-utc))
  "Return the resolution of the clock TYPE in nanoseconds."
  1000)

(define-syntax-rule (define-comparisons (name op) ...)
  (begin
    (define (name a b)
      (unless (eq? (time-type a) (time-type b))
        (time-error 'name 'incompatible-time-types (list a b)))
      (op (nanoseconds a) (nanoseconds b)))
    ...))

(define-comparisons (time=? =) (time<? <) (time<=? <=) (time>? >) (time>=? >=))

(define (time-difference a b)
  "Return the duration from B to A."
  (unless (eq? (time-type a) (time-type b))
    (time-error 'time-difference 'incompatible-time-types (list a b)))
  (normalized time-duration (- (nanoseconds a) (nanoseconds b))))

(define time-difference! time-difference)

(define (check-duration who d)
  (unless (eq? (time-type d) time-duration)
    (time-error who 'not-duration d)))

(define (add-duration time d)
  "Return TIME plus the duration D."
  (check-duration 'add-duration d)
  (normalized (time-type time) (+ (nanoseconds time) (nanoseconds d))))

(define add-duration! add-duration)

(define (subtract-duration time d)
  "Return TIME minus the duration D."
  (check-duration 'subtract-duration d)
  (normalized (time-type time) (- (nanoseconds time) (nanoseconds d))))

(define subtract-duration! subtract-duration)

;;; Conversions.  Monotonic time is TAI.

(define (retype time type offset)
  (%make-time type (time-nanosecond time) (+ (time-second time) offset)))

(define-syntax-rule (define-conversions (name name! time type offset) ...)
  (begin
    (begin
      (define (name time) (retype time type offset))
      (define name! name))
    ...))

(define-conversions
  (time-utc->time-tai time-utc->time-tai! t time-tai (tai-offset (time-second t)))
  (time-tai->time-utc time-tai->time-utc! t time-utc (- (utc-offset (time-second t))))
  (time-utc->time-monotonic time-utc->time-monotonic! t time-monotonic
                            (tai-offset (time-second t)))
  (time-monotonic->time-utc time-monotonic->time-utc! t time-utc (- (utc-offset (time-second t))))
  (time-tai->time-monotonic time-tai->time-monotonic! t time-monotonic 0)
  (time-monotonic->time-tai time-monotonic->time-tai! t time-tai 0))

(define (local-offset seconds)
  ;; localtime counts the offset westwards.
  (- (tm:gmtoff (localtime seconds))))

(define* (time-utc->date time #:optional (offset (local-offset (time-second time))))
  "Return the date of the UTC time TIME in the zone of OFFSET seconds."
  (seconds->date (time-second time) (time-nanosecond time) offset))

(define* (time-tai->date time #:optional (offset (local-offset (time-second time))))
  "Return the date of the TAI time TIME."
  (time-utc->date (time-tai->time-utc time) offset))

(define* (time-monotonic->date time #:optional (offset (local-offset (time-second time))))
  "Return the date of the monotonic time TIME."
  (time-utc->date (time-monotonic->time-utc time) offset))

(define (date->time-utc date)
  "Return the UTC time of DATE."
  (%make-time time-utc (date-nanosecond date) (date->seconds date)))

(define (date->time-tai date)
  "Return the TAI time of DATE."
  (time-utc->time-tai (date->time-utc date)))

(define (date->time-monotonic date)
  "Return the monotonic time of DATE."
  (time-utc->time-monotonic (date->time-utc date)))

(define* (current-date #:optional offset)
  "Return the current date."
  (let ((now (current-time time-utc)))
    (time-utc->date now (or offset (local-offset (time-second now))))))

;;; Julian days, which begin at noon; modified ones begin at midnight.

(define epoch-julian-day 4881175/2)
(define modified-offset 4800001/2)

(define (time-utc->julian-day time)
  "Return the Julian day of TIME."
  (+ (/ (nanoseconds time) (* billion 86400)) epoch-julian-day))

(define (time-utc->modified-julian-day time)
  "Return the modified Julian day of TIME."
  (- (time-utc->julian-day time) modified-offset))

(define (time-tai->julian-day time)
  "Return the Julian day of TIME."
  (time-utc->julian-day (time-tai->time-utc time)))

(define (time-tai->modified-julian-day time)
  "Return the modified Julian day of TIME."
  (- (time-tai->julian-day time) modified-offset))

(define time-monotonic->julian-day time-tai->julian-day)
(define time-monotonic->modified-julian-day time-tai->modified-julian-day)

(define (date->julian-day date)
  "Return the Julian day of DATE."
  (time-utc->julian-day (date->time-utc date)))

(define (date->modified-julian-day date)
  "Return the modified Julian day of DATE."
  (- (date->julian-day date) modified-offset))

(define (julian-day->time-utc day)
  "Return the UTC time of the Julian day DAY."
  (normalized time-utc
              (inexact->exact (floor (* (- day epoch-julian-day) 86400 billion)))))

(define (julian-day->time-tai day)
  "Return the TAI time of the Julian day DAY."
  (time-utc->time-tai (julian-day->time-utc day)))

(define (julian-day->time-monotonic day)
  "Return the monotonic time of the Julian day DAY."
  (time-utc->time-monotonic (julian-day->time-utc day)))

(define (julian-day->date day . offset)
  "Return the date of the Julian day DAY."
  (apply time-utc->date (julian-day->time-utc day) offset))

(define (modified-julian-day->time-utc day)
  "Return the UTC time of the modified Julian day DAY."
  (julian-day->time-utc (+ day modified-offset)))

(define (modified-julian-day->time-tai day)
  "Return the TAI time of the modified Julian day DAY."
  (julian-day->time-tai (+ day modified-offset)))

(define (modified-julian-day->time-monotonic day)
  "Return the monotonic time of the modified Julian day DAY."
  (julian-day->time-monotonic (+ day modified-offset)))

(define (modified-julian-day->date day . offset)
  "Return the date of the modified Julian day DAY."
  (apply julian-day->date (+ day modified-offset) offset))

(define (current-julian-day)
  "Return the current Julian day."
  (time-utc->julian-day (current-time time-utc)))

(define (current-modified-julian-day)
  "Return the current modified Julian day."
  (time-utc->modified-julian-day (current-time time-utc)))
