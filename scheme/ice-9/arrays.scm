;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; What the core has no procedure for.

(define-module (ice-9 arrays)
  #:export (array-copy))

(define (array-copy array)
  "Return a new array with the type, bounds and elements of ARRAY."
  (let ((copy (apply make-typed-array (array-type array) *unspecified* (array-shape array))))
    (array-copy! array copy)
    copy))
