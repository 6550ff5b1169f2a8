;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Futures, computed at once.

(define-module (ice-9 futures)
  #:use-module (srfi srfi-9)
  #:export (future make-future future? touch))

(define-record-type <future>
  (%make-future outcome)
  future?
  (outcome future-outcome))

(define (make-future thunk)
  "Return a future of THUNK's values."
  (%make-future
   (catch #t
     (lambda ()
       (call-with-values thunk
         (lambda vals (lambda () (apply values vals)))))
     (lambda args
       (lambda () (apply throw args))))))

(define-syntax-rule (future expr)
  (make-future (lambda () expr)))

(define (touch future)
  "Return the values of FUTURE, or raise what its thunk raised."
  ((future-outcome future)))
