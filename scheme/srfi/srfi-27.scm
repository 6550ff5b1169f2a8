;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-27: sources of random bits.

(define-module (srfi srfi-27)
  #:use-module (srfi srfi-9)
  #:export (random-integer random-real default-random-source make-random-source random-source?
            random-source-state-ref random-source-state-set! random-source-randomize!
            random-source-pseudo-randomize! random-source-make-integers
            random-source-make-reals))

(cond-expand-provide (current-module) '(srfi-27))

(define-record-type random-source
  (%make-random-source state)
  random-source?
  (state random-source-state set-random-source-state!))

(define (make-random-source)
  (%make-random-source (seed->random-state 0)))

(define default-random-source (make-random-source))

(define (random-source-state-ref source)
  (copy-random-state (random-source-state source)))

(define (random-source-state-set! source state)
  (set-random-source-state! source (copy-random-state state)))

(define (random-source-randomize! source)
  (set-random-source-state! source (seed->random-state (+ (current-time) (getpid)))))

(define (random-source-pseudo-randomize! source i j)
  (set-random-source-state! source (seed->random-state (+ (* i 65599) j))))

(define (random-source-make-integers source)
  (lambda (n) (random n (random-source-state source))))

(define* (random-source-make-reals source #:optional unit)
  (lambda ()
    (let loop ((x (random:uniform (random-source-state source))))
      (if (zero? x)
          (loop (random:uniform (random-source-state source)))
          x))))

(define random-integer (random-source-make-integers default-random-source))
(define random-real (random-source-make-reals default-random-source))
