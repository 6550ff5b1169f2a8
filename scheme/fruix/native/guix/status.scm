;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The native half of GNU Guix's (guix status), evaluated in that module: the
;;; progress of builds is shown by whoever builds.

(define (call-with-status-verbosity level thunk)
  (let ((set-verbosity!
         (false-if-exception (module-ref (resolve-interface '(fruix building))
                                         'set-build-verbosity!))))
    (when set-verbosity!
      (set-verbosity! (max 0 (min level 3))))
    (thunk)))
