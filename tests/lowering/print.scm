;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Print the names of the cases and what each lowers to.

(load "judge.scm")

(for-each (lambda (pair)
            (simple-format #t "~a\t~a\n" (car pair) (cdr pair)))
          (judge))
