;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS programs, of the core.

(define-module (rnrs programs)
  #:re-export (command-line exit))
