;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Running a command of GNU Guix's tree.  This module is loaded where there is
;;; one, and (guix ui) is the tree's.

(define-module (fruix frontend)
  #:use-module (guix ui)
  #:use-module (ice-9 match)
  #:export (run-command))

(define run-command
  (match-lambda
    ((command . arguments)
     ;; What is wrong with the command's own modules is said as it is, instead
     ;; of calling the command unknown.
     (resolve-interface `(guix scripts ,(string->symbol command)))
     (apply guix-main "guix" command arguments))))
