;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Time an expression.

(define-module (ice-9 time)
  #:export (time))

(define-syntax-rule (time expr)
  (time-thunk (lambda () expr)))

(define (time-thunk thunk)
  "Call THUNK, print how long it took, and return its values."
  (let ((start (get-internal-real-time)))
    (call-with-values thunk
      (lambda vals
        (simple-format #t "~a s\n"
                       (exact->inexact (/ (- (get-internal-real-time) start)
                                          internal-time-units-per-second)))
        (apply values vals)))))
