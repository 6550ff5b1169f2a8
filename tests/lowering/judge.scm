;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Evaluate the cases; give an alist of their names and of what each
;;; lowers to, or of how it failed.

(load "prelude.scm")
(load "expressions.scm")

(define (judge)
  (let ((store (open-connection)))
    (define (lower-case value)
      (cond ((procedure? value) value)
            ((package? value) (package->derivation value "x86_64-linux"))
            (else (lower-object value "x86_64-linux" #:target #f))))

    (define (result-of thunk)
      (catch #t
        (lambda ()
          (let ((result (run-with-store store (lower-case (thunk))
                                        #:system "x86_64-linux")))
            (if (derivation? result)
                (derivation-file-name result)
                result)))
        (lambda args
          (string-append "error: "
                         (call-with-output-string
                           (lambda (port) (write args port)))))))

    (map (lambda (pair) (cons (car pair) (result-of (cdr pair))))
         (reverse %cases))))
