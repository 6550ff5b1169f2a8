;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The native half of GNU Guix's (guix packages), evaluated in that module: an
;;; error that comes out of lowering a package tells where the package is defined.

(define package->bag
  (let ((generic package->bag))
    (lambda (package . rest)
      "Return the bag of PACKAGE; see GNU Guix."
      (with-exception-handler
          (lambda (exception)
            (match (and (package? package) (package-location package))
              (#f #t)
              (location
               ((@@ (guile) %note-subject)
                exception
                (location-file location)
                (- (location-line location) 1)
                (location-column location))))
            (raise-exception exception #:continuable? #t))
        (lambda ()
          (apply generic package rest))))))
