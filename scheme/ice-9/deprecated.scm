;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Names on their way out.

(define-module (ice-9 deprecated)
  #:use-module (ice-9 copy-tree)
  #:re-export (copy-tree))
