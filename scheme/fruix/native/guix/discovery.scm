;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The native half of GNU Guix's (guix discovery), evaluated in that module:
;;; where a module that cannot be loaded fails is kept for the warning.

(define* (scheme-modules directory #:optional sub-directory
                         #:key (warn (const #f)))
  "Return the modules in DIRECTORY, or only those in its SUB-DIRECTORY.  WARN is
called with the file, the module's name and the arguments of the exception for
those that cannot be loaded."
  (define (module-in file)
    (let ((module (file-name->module-name
                   (string-drop file (string-length directory)))))
      (catch #t
        (lambda ()
          (with-exception-handler
              (lambda (exception)
                ((@@ (guile) %note-raised) exception)
                (raise-exception exception #:continuable? #t))
            (lambda () (resolve-interface module))))
        (lambda args
          (warn file module args)
          #f))))

  ;; Warnings about users' code are for those who work on it.
  (parameterize ((current-warning-port (%make-void-port "w")))
    (filter-map module-in
                (scheme-files (if sub-directory
                                  (string-append directory "/" sub-directory)
                                  directory)))))
