;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Internationalization: that of the C locale; the order of strings is that of their characters.

(define-module (ice-9 i18n)
  #:export (%global-locale %locale-dump char-locale-ci<? char-locale-ci=? char-locale-ci>?
            char-locale-downcase char-locale-titlecase char-locale-upcase char-locale<?
            char-locale>? locale-am-string locale-currency-symbol
            locale-currency-symbol-precedes-negative? locale-currency-symbol-precedes-positive?
            locale-date+time-format locale-date-format locale-day locale-day-short
            locale-decimal-point locale-digit-grouping locale-encoding locale-era
            locale-era-date+time-format locale-era-date-format locale-era-time-format
            locale-era-year locale-monetary-decimal-point locale-monetary-fractional-digits
            locale-monetary-grouping locale-monetary-negative-sign
            locale-monetary-positive-sign locale-monetary-thousands-separator locale-month
            locale-month-short locale-negative-separated-by-space?
            locale-negative-sign-position locale-no-regexp locale-pm-string
            locale-positive-separated-by-space? locale-positive-sign-position
            locale-string->inexact locale-string->integer locale-thousands-separator
            locale-time+am/pm-format locale-time-format locale-yes-regexp locale? make-locale
            monetary-amount->locale-string number->locale-string string-locale-ci<?
            string-locale-ci=? string-locale-ci>? string-locale-downcase
            string-locale-titlecase string-locale-upcase string-locale<? string-locale>?))

(define-syntax-rule (define-comparisons (name op) ...)
  (begin
    (define* (name a b #:optional locale)
      (op a b))
    ...))

(define-comparisons
  (string-locale<? string<?) (string-locale>? string>?) (string-locale-ci<? string-ci<?)
  (string-locale-ci>? string-ci>?) (string-locale-ci=? string-ci=?) (char-locale<? char<?)
  (char-locale>? char>?) (char-locale-ci<? char-ci<?) (char-locale-ci>? char-ci>?)
  (char-locale-ci=? char-ci=?))

(define-syntax-rule (define-conversions (name op) ...)
  (begin
    (define* (name x #:optional locale)
      (op x))
    ...))

(define-conversions
  (char-locale-downcase char-downcase) (char-locale-upcase char-upcase)
  (char-locale-titlecase char-titlecase) (string-locale-downcase string-downcase)
  (string-locale-upcase string-upcase) (string-locale-titlecase string-titlecase))

(define <locale> (make-record-type 'locale '(category name)))
(define make-locale*
  (record-constructor <locale>))
(define locale? (record-predicate <locale>))

(define* (make-locale category name #:optional base)
  "Return the locale NAME."
  (make-locale* category name))

(define %global-locale (make-locale* LC_ALL "C"))

(define (%locale-dump locale)
  "Return nothing of interest."
  #f)

(define* (locale-string->integer str #:optional (base 10) locale)
  "Return the integer that STR begins with, and the number of characters taken."
  (let loop ((end (string-length str)))
    (if (zero? end)
        (values #f 0)
        (let ((n (string->number (substring str 0 end) base)))
          (if (and n (exact-integer? n))
              (values n end)
              (loop (- end 1)))))))

(define* (locale-string->inexact str #:optional locale)
  "Return the real that STR begins with, and the number of characters taken."
  (let loop ((end (string-length str)))
    (if (zero? end)
        (values #f 0)
        (let ((n (string->number (substring str 0 end))))
          (if (and n (real? n))
              (values (exact->inexact n) end)
              (loop (- end 1)))))))

(define* (number->locale-string n #:optional (places #t) locale)
  "Return N in digits."
  (number->string n))

(define* (monetary-amount->locale-string amount international? #:optional locale)
  "Return AMOUNT in digits."
  (number->string amount))

(define-syntax-rule (define-constants (name value) ...)
  (begin
    (define* (name #:optional locale) value)
    ...))

(define-constants
  (locale-am-string "AM") (locale-pm-string "PM") (locale-date+time-format "%a %b %e %H:%M:%S %Y")
  (locale-date-format "%m/%d/%y") (locale-time-format "%H:%M:%S")
  (locale-time+am/pm-format "%I:%M:%S %p") (locale-era "") (locale-era-year "")
  (locale-era-date-format "") (locale-era-date+time-format "") (locale-era-time-format "")
  (locale-decimal-point ".") (locale-thousands-separator "") (locale-digit-grouping '())
  (locale-monetary-decimal-point "") (locale-monetary-thousands-separator "")
  (locale-monetary-grouping '()) (locale-monetary-positive-sign "")
  (locale-monetary-negative-sign "-") (locale-yes-regexp "^[yY]") (locale-no-regexp "^[nN]")
  (locale-encoding "UTF-8"))

(define* (locale-currency-symbol international? #:optional locale)
  "Return the symbol of the currency: there is none."
  "")

(define* (locale-monetary-fractional-digits international? #:optional locale)
  "Return 2."
  2)

(define-syntax-rule (define-currency-flags name ...)
  (begin
    (define* (name international? #:optional locale) #t)
    ...))

(define-currency-flags
  locale-currency-symbol-precedes-positive? locale-currency-symbol-precedes-negative?
  locale-positive-separated-by-space? locale-negative-separated-by-space?
  locale-sign-position locale-positive-sign-position locale-negative-sign-position)

(define days #("Sunday" "Monday" "Tuesday" "Wednesday" "Thursday" "Friday" "Saturday"))
(define months
  #("January" "February" "March" "April" "May" "June" "July" "August" "September" "October"
    "November" "December"))

(define* (locale-day n #:optional locale)
  "Return the name of day N, 1 being Sunday."
  (vector-ref days (- n 1)))

(define* (locale-day-short n #:optional locale)
  "Return the short name of day N."
  (string-take (locale-day n) 3))

(define* (locale-month n #:optional locale)
  "Return the name of month N."
  (vector-ref months (- n 1)))

(define* (locale-month-short n #:optional locale)
  "Return the short name of month N."
  (string-take (locale-month n) 3))
