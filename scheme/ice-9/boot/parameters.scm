;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Parameter objects and the macro that binds them.

(define* (make-parameter init #:optional (conv identity))
  "Return a parameter with the value (CONV INIT)."
  (%make-parameter (make-fluid (conv init)) conv))

(define* (make-mutable-parameter init #:optional (conv identity))
  "Return a parameter with the value (CONV INIT)."
  (make-parameter init conv))

(define* (fluid->parameter fluid #:optional (conv identity))
  "Return a parameter whose value is that of FLUID."
  (fluid-set! fluid (conv (fluid-ref fluid)))
  (%make-parameter fluid conv))

(define-syntax parameterize
  (lambda (form)
    (syntax-case form ()
      ((_ () body ...)
       #'(let () body ...))
      ((_ ((param value) ...) body ...)
       (with-syntax (((p ...) (generate-temporaries #'(param ...))))
         #'(let ((p param) ...)
             (with-fluids (((parameter-fluid p) ((parameter-converter p) value)) ...)
               body ...)))))))

(define current-language (make-parameter 'scheme))
