;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Signals.  A signal with a handler is noted when it arrives; procedures that wait or send signals then call
;;; %after-signal-handlers with what they return.

(define %signal-handlers (make-vector 65 0))
(define %no-handler (list 'no-handler))

(define* (sigaction signal #:optional (handler %no-handler) (flags 0) thread)
  "Set what SIGNAL does to HANDLER: SIG_DFL, SIG_IGN, #f (the default) or a procedure of the signal's number.  Return
the pair of the old handler and flags."
  (let ((old (cons (vector-ref %signal-handlers signal) 0)))
    (unless (eq? handler %no-handler)
      (%set-signal signal
                   (cond ((procedure? handler) #t)
                         ((not handler) SIG_DFL)
                         (else handler))
                   flags)
      (vector-set! %signal-handlers signal (or handler SIG_DFL)))
    old))

(define (restore-signals)
  "Give all signals their default meaning."
  (let loop ((signal 1))
    (when (< signal 65)
      (unless (eqv? (vector-ref %signal-handlers signal) SIG_DFL)
        (sigaction signal SIG_DFL))
      (loop (+ signal 1)))))

(define (%run-signal-handlers)
  "Call the handlers of the signals that have arrived."
  (for-each (lambda (signal)
              (let ((handler (vector-ref %signal-handlers signal)))
                (when (procedure? handler)
                  (handler signal))))
            (%arrived-signals)))

(define (%after-signal-handlers value)
  "Call the handlers of the signals that have arrived; return VALUE."
  (%run-signal-handlers)
  value)
