;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The native half of GNU Guix's (guix discovery), evaluated in that module:
;;; where a module that cannot be loaded fails is kept for the warning.

(define (call-noting-errors thunk)
  ;; Call THUNK; what is running when an exception is raised is kept.
  (with-exception-handler
      (lambda (exception)
        ((@@ (guile) %note-raised) exception)
        (raise-exception exception #:continuable? #t))
    thunk))

(define (value-or-warning variable)
  ;; The value of VARIABLE.  If its definition, which has been put off, is wrong,
  ;; warn and return #f.
  (and (variable-bound? variable)
       (catch #t
         (lambda ()
           (call-noting-errors (lambda () (variable-ref variable))))
         (lambda args
           (let ((words (false-if-exception
                         (module-ref (resolve-interface '(fruix building))
                                     'raised-words))))
             (match (and words (words))
               (#f #f)
               (text
                (format (current-error-port) "fruix: warning: ~a~%" text)
                #f)))))))

(define (fold-module-public-variables proc init modules)
  "Fold PROC over the values of the public variables of MODULES, each once."
  (define seen (make-hash-table))

  (fold (lambda (module result)
          (fold (lambda (value result)
                  (if (hashq-ref seen value)
                      result
                      (begin
                        (hashq-set! seen value #t)
                        (proc value result))))
                result
                (module-map (lambda (symbol variable)
                              (value-or-warning variable))
                            module)))
        init
        modules))

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
          (call-noting-errors (lambda () (resolve-interface module))))
        (lambda args
          (warn file module args)
          #f))))

  ;; Warnings about users' code are for those who work on it.
  (parameterize ((current-warning-port (%make-void-port "w")))
    (filter-map module-in
                (scheme-files (if sub-directory
                                  (string-append directory "/" sub-directory)
                                  directory)))))
