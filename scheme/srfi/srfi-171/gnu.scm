;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Guile's additions to SRFI-171.

(define-module (srfi srfi-171 gnu)
  #:use-module (srfi srfi-171)
  #:use-module (srfi srfi-171 meta)
  #:export (tbatch tfold))

(define tbatch
  (case-lambda
    "Return a transducer of what REDUCER makes of the items up to where it gives a reduced value, again and again."
    ((reducer)
     (lambda (next)
       (let ((batch (reducer)))
         (case-lambda
           (() (next))
           ((result)
            (if (equal? batch (reducer))
                (next result)
                (let ((last (next result (reducer batch))))
                  (next (if (reduced? last) (unreduce last) last)))))
           ((result item)
            (let ((collected (reducer batch item)))
              (if (reduced? collected)
                  (let ((finished (reducer (unreduce collected))))
                    (set! batch (reducer))
                    (next result finished))
                  (begin
                    (set! batch collected)
                    result))))))))
    ((transducer reducer)
     (tbatch (transducer reducer)))))

(define* (tfold reducer #:optional (seed (reducer)))
  "Return a transducer of the results of folding items with REDUCER."
  (lambda (next)
    (let ((state seed))
      (case-lambda
        (() (next))
        ((result) (next result))
        ((result item)
         (set! state (reducer state item))
         (if (reduced? state)
             (ensure-reduced (next result (reducer (unreduce state))))
             (next result state)))))))
