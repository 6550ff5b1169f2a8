;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R7RS library.

(define-module (scheme eval)
  #:use-module ((rnrs eval) #:select (environment))
  #:re-export (environment eval))
