;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R7RS library.

(define-module (scheme time)
  #:export (current-jiffy current-second jiffies-per-second))

(define (jiffies-per-second)
  "Return the number of jiffies of a second."
  internal-time-units-per-second)

(define (current-jiffy)
  "Return the number of jiffies since some moment."
  (get-internal-real-time))

(define (current-second)
  "Return the time as seconds."
  (let ((now (gettimeofday)))
    (+ (car now) (/ (cdr now) 1e6))))
