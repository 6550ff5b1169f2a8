;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Errors in the REPL.

(define-module (system repl error-handling)
  #:export (call-with-error-handling with-error-handling))

(define* (call-with-error-handling thunk #:key (on-error 'debug) (post-error 'catch)
                                   (pass-keys '(quit)) (report-keys '(stack-overflow))
                                   (trap-handler 'debug))
  "Call THUNK; print the exception that it raises, if any."
  (catch #t
    thunk
    (lambda (key . args)
      (if (memq key pass-keys)
          (apply throw key args)
          (print-exception (current-error-port) #f key args)))))

(define-syntax-rule (with-error-handling expr)
  (call-with-error-handling (lambda () expr)))
