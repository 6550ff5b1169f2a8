;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS mutable pairs, of the core.

(define-module (rnrs mutable-pairs)
  #:re-export (set-car! set-cdr!))
