;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Atomic boxes.

(define-module (ice-9 atomic)
  #:use-module (srfi srfi-9)
  #:export (atomic-box-compare-and-swap! atomic-box-ref atomic-box-set! atomic-box-swap!
            atomic-box? make-atomic-box))

(define-record-type <atomic-box>
  (make-atomic-box value)
  atomic-box?
  (value atomic-box-ref atomic-box-set!))

(define (atomic-box-swap! box value)
  "Store VALUE in BOX; return what was there."
  (let ((old (atomic-box-ref box)))
    (atomic-box-set! box value)
    old))

(define (atomic-box-compare-and-swap! box expected desired)
  "Store DESIRED in BOX if EXPECTED is there; return what was there."
  (let ((old (atomic-box-ref box)))
    (when (eq? old expected)
      (atomic-box-set! box desired))
    old))
