;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; write and display: the printer is native, but calls no procedure; structs with a printer of
;;; their own are printed here first, to strings.

(define (%print-with-structs obj port write? structs)
  (%print obj port write?
          (map (lambda (struct)
                 (cons struct
                       (call-with-output-string
                        (lambda (port)
                          ((%vtable-printer (struct-vtable struct)) struct port)))))
               structs)))

(define* (write obj #:optional (port (current-output-port)))
  "Print OBJ on PORT in the form that `read' reads."
  (let ((structs (%print obj port #t)))
    (unless (null? structs)
      (%print-with-structs obj port #t structs))))

(define* (display obj #:optional (port (current-output-port)))
  "Print OBJ on PORT in the form for people."
  (let ((structs (%print obj port #f)))
    (unless (null? structs)
      (%print-with-structs obj port #f structs))))

(define* (object->string obj #:optional (printer write))
  "Return what PRINTER prints of OBJ."
  (call-with-output-string (lambda (port) (printer obj port))))

(define (simple-format destination message . args)
  "Print MESSAGE with its ~a, ~s, ~% and ~~ replaced.  DESTINATION is a port, #t, or #f for a string."
  (define (run port)
    (let ((len (string-length message)))
      (let loop ((start 0) (args args))
        (let ((tilde (string-index message #\~ start)))
          (cond ((not tilde)
                 (unless (= start len)
                   (display (substring message start) port))
                 (unless (null? args)
                   (scm-error 'misc-error "simple-format"
                              "FORMAT: ~A superfluous arguments" (list (length args)) #f)))
                (else
                 (unless (= start tilde)
                   (display (substring message start tilde) port))
                 (let ((c (and (< (+ tilde 1) len) (string-ref message (+ tilde 1))))
                       (next (+ tilde 2)))
                   (case c
                     ((#\a #\A #\s #\S)
                      (when (null? args)
                        (scm-error 'misc-error "simple-format"
                                   "FORMAT: Missing argument for ~~~A" (list c) #f))
                      (if (memv c '(#\a #\A))
                          (display (car args) port)
                          (write (car args) port))
                      (loop next (cdr args)))
                     ((#\~) (write-char #\~ port) (loop next args))
                     ((#\%) (newline port) (loop next args))
                     (else
                      (scm-error 'misc-error "simple-format"
                                 "FORMAT: Unsupported format option ~~~A - use (ice-9 format) instead"
                                 (list c) #f))))))))))
  (unless (string? message)
    (%wrong-type "simple-format" 2 message))
  (cond ((not destination) (call-with-output-string run))
        ((eq? destination #t) (run (current-output-port)))
        (else (run destination))))

(define format simple-format)

(define (pk . stuff)
  "Print STUFF after `;;; ', for debugging; return the last."
  (newline)
  (display ";;; ")
  (write stuff)
  (newline)
  (car (last-pair stuff)))

(define peek pk)

(define (warn . stuff)
  "Print STUFF as a warning on the error port."
  (let ((port (current-warning-port)))
    (newline port)
    (display ";;; WARNING " port)
    (display stuff port)
    (newline port)
    (car (last-pair stuff))))
