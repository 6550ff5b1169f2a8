;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Weak vectors, native.

(define-module (ice-9 weak-vector)
  #:use-module (fruix native)
  #:re-export (list->weak-vector make-weak-vector weak-vector weak-vector-ref weak-vector-set!
               weak-vector?))
