;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; The debugger: there is none to enter.

(define-module (system repl debug)
  #:use-module (srfi srfi-9)
  #:export (make-debug debug? debug-frames debug-index debug-error-message stack->vector
            narrow-stack->vector frame->stack-vector terminal-width print-frames print-frame
            print-locals print-registers default-frame-width))

(define-record-type <debug>
  (%make-debug frames index error-message)
  debug?
  (frames debug-frames)
  (index debug-index)
  (error-message debug-error-message))

;; A plain procedure: callers that pass too many arguments are no syntax error.
(define (make-debug frames index error-message)
  "Return a state of the debugger."
  (%make-debug frames index error-message))

(define terminal-width (make-parameter 72))
(define default-frame-width terminal-width)

(define (stack->vector stack)
  "Return the vector of frames of STACK: empty."
  #())

(define (narrow-stack->vector stack . args)
  "Return the vector of frames of STACK: empty."
  #())

(define (frame->stack-vector frame)
  "Return the vector of frames from FRAME: empty."
  #())

(define (print-frames frames . rest)
  "Print nothing."
  #f)

(define (print-frame frame . rest)
  "Print nothing."
  #f)

(define (print-locals frame . rest)
  "Print nothing."
  #f)

(define (print-registers frame . rest)
  "Print nothing."
  #f)
