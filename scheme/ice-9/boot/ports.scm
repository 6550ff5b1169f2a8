;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Port procedures that take procedures.

(define (call-with-port port proc)
  "Call PROC with PORT, close PORT, and return PROC's values."
  (call-with-values (lambda () (proc port))
    (lambda vals
      (close-port port)
      (apply values vals))))

(define (call-with-output-string proc)
  "Call PROC with a string output port, and return what it wrote."
  (let ((port (open-output-string)))
    (proc port)
    (let ((str (get-output-string port)))
      (close-port port)
      str)))

(define (call-with-input-string str proc)
  "Call PROC with an input port that reads STR."
  (proc (open-input-string str)))

(define (with-input-from-port port thunk)
  "Call THUNK with PORT as the current input port."
  (with-fluid* (parameter-fluid current-input-port) port thunk))

(define (with-output-to-port port thunk)
  "Call THUNK with PORT as the current output port."
  (with-fluid* (parameter-fluid current-output-port) port thunk))

(define (with-error-to-port port thunk)
  "Call THUNK with PORT as the current error port."
  (with-fluid* (parameter-fluid current-error-port) port thunk))

(define (with-output-to-string thunk)
  "Return what THUNK writes to the current output port."
  (call-with-output-string
   (lambda (port) (with-output-to-port port thunk))))

(define (with-error-to-string thunk)
  "Return what THUNK writes to the current error port."
  (call-with-output-string
   (lambda (port) (with-error-to-port port thunk))))

(define (with-input-from-string str thunk)
  "Call THUNK with the current input port reading STR."
  (with-input-from-port (open-input-string str) thunk))

(define (set-current-output-port port)
  "Make PORT the current output port; return the old one."
  (let ((old (current-output-port)))
    (fluid-set! (parameter-fluid current-output-port) port)
    old))

(define (set-current-input-port port)
  "Make PORT the current input port; return the old one."
  (let ((old (current-input-port)))
    (fluid-set! (parameter-fluid current-input-port) port)
    old))

(define (set-current-error-port port)
  "Make PORT the current error port; return the old one."
  (let ((old (current-error-port)))
    (fluid-set! (parameter-fluid current-error-port) port)
    old))

(define* (open-input-file file #:key (binary #f) (encoding #f) (guess-encoding #f))
  "Open FILE for reading."
  (open-file file (if binary "rb" "r") #:encoding encoding #:guess-encoding guess-encoding))

(define* (open-output-file file #:key (binary #f) (encoding #f))
  "Open FILE for writing; it is emptied."
  (open-file file (if binary "wb" "w") #:encoding encoding))

(define (%close-after port proc)
  (call-with-values (lambda () (proc port))
    (lambda vals
      (close-port port)
      (apply values vals))))

(define* (call-with-input-file file proc #:key (binary #f) (encoding #f) (guess-encoding #f))
  "Call PROC with an input port on FILE, close it, and return PROC's values."
  (%close-after (open-input-file file #:binary binary #:encoding encoding
                                 #:guess-encoding guess-encoding)
                proc))

(define* (call-with-output-file file proc #:key (binary #f) (encoding #f))
  "Call PROC with an output port on FILE, close it, and return PROC's values."
  (%close-after (open-output-file file #:binary binary #:encoding encoding) proc))

(define* (with-input-from-file file thunk #:key (binary #f) (encoding #f) (guess-encoding #f))
  "Call THUNK with the current input port reading FILE."
  (call-with-input-file file
    (lambda (port) (with-input-from-port port thunk))
    #:binary binary #:encoding encoding #:guess-encoding guess-encoding))

(define* (with-output-to-file file thunk #:key (binary #f) (encoding #f))
  "Call THUNK with the current output port writing FILE."
  (call-with-output-file file
    (lambda (port) (with-output-to-port port thunk))
    #:binary binary #:encoding encoding))

(define* (with-error-to-file file thunk #:key (binary #f) (encoding #f))
  "Call THUNK with the current error port writing FILE."
  (call-with-output-file file
    (lambda (port) (with-error-to-port port thunk))
    #:binary binary #:encoding encoding))
