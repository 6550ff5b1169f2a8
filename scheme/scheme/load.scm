;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R7RS library.

(define-module (scheme load)
  #:re-export (load))
