;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R7RS library.

(define-module (scheme complex)
  #:re-export (angle imag-part magnitude make-polar make-rectangular real-part))
