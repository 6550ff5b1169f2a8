;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Evaluate the cases and print, for each, its name and what it lowers to.
;;; Usage: judge.scm DIRECTORY

(define directory (last-pair (command-line)))

(load (string-append (car directory) "/prelude.scm"))
(load (string-append (car directory) "/expressions.scm"))

(define (lower-case thunk)
  (let ((value (thunk)))
    (cond ((procedure? value) value)
          ((package? value) (package->derivation value "x86_64-linux"))
          (else (lower-object value "x86_64-linux" #:target #f)))))

(define store (open-connection))

(for-each (match-lambda
            ((name . thunk)
             (force-output)
              (simple-format #t "~a\t~a\n" name
                            (catch #t
                              (lambda ()
                                (let ((result (run-with-store store
                                                (lower-case thunk)
                                                #:system "x86_64-linux")))
                                  (if (derivation? result)
                                      (derivation-file-name result)
                                      result)))
                              (lambda args
                                (string-append
                                 "error: "
                                 (call-with-output-string
                                   (lambda (port) (write args port)))))))))
          (reverse %cases))
