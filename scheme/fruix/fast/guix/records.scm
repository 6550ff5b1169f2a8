;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The fast half of GNU Guix's (guix records), evaluated in that module: each
;;; constructor that 'define-record-type*' defines is described to the expander,
;;; which then makes what its transformer would make.  The transformer stays, for
;;; uses that are not well-formed.

(use-modules ((fruix native) #:select (%register-constructor!
                                       syntax-local-binding)))

(define-syntax make-syntactic-constructor/generic
  (macro-transformer
   (module-ref (current-module) 'make-syntactic-constructor)))

(define-syntax make-syntactic-constructor
  (syntax-rules ()
    ((_ type name ctor fields . options)
     (begin
       (make-syntactic-constructor/generic type name ctor fields . options)
       (describe-constructor type name ctor fields . options)))))

(define-syntax describe-constructor
  (lambda (s)
    (define (transformer-at-top-level name)
      ;; The transformer of the macro NAME of the current module, or #f.
      (let ((variable (module-variable (current-module) (syntax->datum name))))
        (and variable
             (variable-bound? variable)
             (macro? (variable-ref variable))
             (macro-transformer (variable-ref variable)))))

    (syntax-case s ()
      ((_ type name ctor (field ...)
          #:abi-cookie cookie
          #:thunked thunked
          #:this-identifier this
          #:delayed delayed
          #:innate innate
          #:sanitizers ((sanitized sanitizer) ...)
          #:defaults ((optional default) ...))
       (let-values (((kind transformer) (syntax-local-binding #'name)))
         (and (eq? kind 'macro)
              (eq? transformer (transformer-at-top-level #'name))))
       (with-syntax ((abi (current-abi-identifier #'type)))
         #'(%register-constructor!
            (macro-transformer (module-ref (current-module) 'name))
            '(field ...) 'thunked 'delayed 'innate
            (list (cons 'sanitized #'sanitizer) ...)
            (list (cons 'optional #'default) ...)
            cookie #'ctor this #'inherit #'struct-ref #'x
            #'(unless (eq? abi cookie)
                (record-abi-mismatch-error type)))))
      (_ #'(begin)))))
