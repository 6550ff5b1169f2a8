;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS eval.

(define-module (rnrs eval)
  #:re-export (eval)
  #:export (environment))

(define (environment . imports)
  "Return a fresh module with IMPORTS."
  (let ((module (make-module)))
    (for-each (lambda (name) (module-use! module (resolve-interface name))) imports)
    module))
