;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Binary input and output; the primitives are native.

(define-module (ice-9 binary-ports)
  #:use-module (fruix native)
  #:use-module ((rnrs bytevectors) #:select (bytevector?))
  #:re-export (eof-object get-bytevector-all get-bytevector-n get-bytevector-n!
               get-bytevector-some get-bytevector-some! get-string-n! get-u8 lookahead-u8
               open-bytevector-input-port put-bytevector put-u8 unget-bytevector)
  #:export (call-with-input-bytevector call-with-output-bytevector open-bytevector-output-port
            make-custom-binary-input-port make-custom-binary-output-port
            make-custom-binary-input/output-port))

(define* (open-bytevector-output-port #:optional transcoder)
  "Return an output port, and a procedure that returns what was written since it was last called."
  (let ((port (%open-bytevector-output-port)))
    (values port (lambda () (%get-output-bytevector port)))))

(define (call-with-input-bytevector bv proc)
  "Call PROC with an input port that reads BV."
  (proc (open-bytevector-input-port bv)))

(define (call-with-output-bytevector proc)
  "Call PROC with an output port, and return the bytevector of what it wrote."
  (let ((port (%open-bytevector-output-port)))
    (proc port)
    (let ((bv (%get-output-bytevector port)))
      (close-port port)
      bv)))

(define (make-custom-binary-input-port id read! get-position set-position! close)
  "Return an input port; READ! stores at most COUNT bytes into a bytevector from START, and returns how many, zero at
the end."
  (%make-custom-binary-port id read! #f get-position set-position! close))

(define (make-custom-binary-output-port id write! get-position set-position! close)
  "Return an output port; WRITE! takes at most COUNT bytes of a bytevector from START, and returns how many."
  (%make-custom-binary-port id #f write! get-position set-position! close))

(define (make-custom-binary-input/output-port id read! write! get-position set-position! close)
  "Return an input and output port of READ! and WRITE!."
  (%make-custom-binary-port id read! write! get-position set-position! close))
