;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS control structures, of the core.

(define-module (rnrs control)
  #:re-export (case-lambda do unless when))
