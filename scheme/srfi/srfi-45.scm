;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-45: promises for iterative lazy algorithms.  A promise holds a content, which promises that
;;; are forced through one another come to share.

(define-module (srfi srfi-45)
  #:use-module (srfi srfi-9)
  #:export (eager lazy)
  #:replace (delay force promise?))

(cond-expand-provide (current-module) '(srfi-45))

(define-record-type <promise>
  (make-promise content)
  promise?
  (content promise-content set-promise-content!))

(define-record-type <content>
  (make-content done? value)
  content?
  (done? content-done? set-content-done!)
  (value content-value set-content-value!))

(define-syntax-rule (lazy expr)
  (make-promise (make-content #f (lambda () expr))))

(define (eager x)
  "Return a promise that already has the value X."
  (make-promise (make-content #t x)))

(define-syntax-rule (delay expr)
  (lazy (eager expr)))

(define (force promise)
  "Return the value of PROMISE."
  (let ((content (promise-content promise)))
    (if (content-done? content)
        (content-value content)
        (let* ((next ((content-value content)))
               (content (promise-content promise)))
          (unless (content-done? content)
            (let ((inner (promise-content next)))
              (set-content-done! content (content-done? inner))
              (set-content-value! content (content-value inner))
              (set-promise-content! next content)))
          (force promise)))))
