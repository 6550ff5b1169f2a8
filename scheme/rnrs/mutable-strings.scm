;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS mutable strings, of the core.

(define-module (rnrs mutable-strings)
  #:re-export (string-fill! string-set!))
