;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; What the modules of Guile-Git have in common for now: their procedures can be
;;; imported, so that modules which only mention them load, and fail when called.

(define-module (git unsupported)
  #:export (define-unsupported))

(define-syntax-rule (define-unsupported name ...)
  "Define and export each NAME as a procedure that says that it cannot work yet."
  (begin
    (define-public name
      (lambda arguments
        (throw 'misc-error 'name "Git repositories are not supported yet" '() #f)))
    ...))
