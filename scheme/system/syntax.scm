;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Questions about syntax objects; the engine answers.

(define-module (system syntax)
  #:use-module (fruix native)
  #:re-export (syntax-local-binding syntax-locally-bound-identifiers
               (%syntax-module . syntax-module)
               syntax-session-id syntax-sourcev syntax?))
