;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-39: parameters, which are in the core.

(define-module (srfi srfi-39)
  #:export (with-parameters*)
  #:re-export (make-parameter parameterize current-input-port current-output-port
               current-error-port))

(cond-expand-provide (current-module) '(srfi-39))

(define (with-parameters* parameters values thunk)
  "Call THUNK with each of PARAMETERS bound to the corresponding one of VALUES, converted."
  (with-fluids* (map parameter-fluid parameters)
                (map (lambda (p v) ((parameter-converter p) v)) parameters values)
                thunk))
