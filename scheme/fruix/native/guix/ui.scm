;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The native half of GNU Guix's (guix ui), evaluated in that module: mistakes in
;;; what users write are told by whoever runs the engine, which knows their
;;; places, instead of being guessed from Guile's stack.

(define (call-noting-errors thunk)
  ;; Call THUNK; what is running when an error is raised is kept, for handlers
  ;; below may raise it again.
  (with-exception-handler
      (lambda (exception)
        (when (and ((exception-predicate &exception-with-kind-and-args) exception)
                   (not (eq? 'quit (exception-kind exception))))
          ((@@ (guile) %note-raised) exception))
        (raise-exception exception #:continuable? #t))
    thunk))

(define call-with-error-handling
  (let ((generic call-with-error-handling))
    (lambda (thunk)
      "Call THUNK with a handler that tells users of errors."
      (generic (lambda () (call-noting-errors thunk))))))

(define (call-with-unbound-variable-handling thunk)
  (thunk))

(define (check-readable file)
  ;; Leave with the reason if FILE cannot be read.
  (catch 'system-error
    (lambda ()
      (close-port (open-input-file file)))
    (lambda args
      (leave (G_ "failed to load '~a': ~a~%")
             file (strerror (system-error-errno args))))))

(define* (load* file user-module #:key (on-error 'nothing-special))
  "Load FILE, which a user wrote, into USER-MODULE; return its last value."
  (check-readable file)
  (save-module-excursion
   (lambda ()
     (set-current-module user-module)
     (load (try-canonicalize-path file)))))

(define (read/eval str)
  "Return what the last expression of STR, a string or a port, gives."
  (define (read-all port)
    (let loop ((result #f))
      (match (read-syntax port)
        ((? eof-object?) result)
        (exp (loop (eval exp (force %guix-user-module)))))))

  ((if (port? str) call-with-port call-with-input-string) str read-all))

(define warn-about-load-error
  (let ((generic warn-about-load-error)
        (words (false-if-exception
                (module-ref (resolve-interface '(fruix building))
                            'raised-words))))
    (lambda (file module args)
      "Warn that FILE, the file of MODULE, cannot be loaded."
      (match (and words (words))
        (#f (generic file module args))
        (text
         (format (guix-warning-port) (G_ "fruix: warning: ~a~%") text)
         (match args
           (((or 'system-error 'syntax-error 'unbound-variable 'read-error
                 'srfi-34 '%exception)
             . _)
            #t)
           (_ (check-module-matches-file module file))))))))
