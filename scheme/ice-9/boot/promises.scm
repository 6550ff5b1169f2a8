;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Promises.  The box holds (#f . thunk) or (#t . value).

(define <promise>
  (make-record-type 'promise '(state value)
                    (lambda (promise port)
                      (display "#<promise " port)
                      (write (%promise-value promise) port)
                      (display ">" port))))
(define %new-promise (record-constructor <promise>))
(define promise? (record-predicate <promise>))
(define %promise-done? (record-accessor <promise> 'state))
(define %promise-value (record-accessor <promise> 'value))
(define %set-promise-done! (record-modifier <promise> 'state))
(define %set-promise-value! (record-modifier <promise> 'value))

(define (make-promise thunk)
  "Return a promise to call THUNK."
  (%new-promise #f thunk))

(define (force promise)
  "Return the value of PROMISE, computing it the first time."
  (cond ((not (promise? promise))
         (%wrong-type "force" 1 promise))
        ((%promise-done? promise)
         (%promise-value promise))
        (else
         (let ((value ((%promise-value promise))))
           ;; The thunk may have forced this very promise: the first value stays.
           (unless (%promise-done? promise)
             (%set-promise-value! promise value)
             (%set-promise-done! promise #t))
           (%promise-value promise)))))
