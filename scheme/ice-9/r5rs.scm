;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; The bindings of R5RS.

(define-module (ice-9 r5rs)
  #:re-export (call-with-input-file call-with-output-file close-input-port close-output-port
               interaction-environment load open-input-file open-output-file
               with-input-from-file with-output-to-file)
  #:export (scheme-report-environment))

(define (scheme-report-environment version)
  "Return the environment of version 5 of the report."
  (unless (eqv? version 5)
    (scm-error 'misc-error "scheme-report-environment" "~A is not a valid version" (list version) '()))
  (resolve-interface '(ice-9 r5rs)))

;; All of the safe ones, too.
(module-use! (module-public-interface (current-module)) (resolve-interface '(ice-9 safe-r5rs)))
