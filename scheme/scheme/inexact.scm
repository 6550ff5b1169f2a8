;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R7RS library.

(define-module (scheme inexact)
  #:use-module ((rnrs base) #:select (exact inexact))
  #:re-export (acos asin atan cos exact exp finite? inexact log nan? sin sqrt tan)
  #:export (infinite?))

(define infinite? inf?)
