;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; What requests and responses have in common: access to headers, their checks, reading a body.

(define-module (web http messages)
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 match)
  #:use-module (rnrs bytevectors)
  #:use-module (web http)
  #:export (define-header-accessors check-headers valid-version? read-counted-body))

(define-syntax define-header-accessors
  (lambda (form)
    "(define-header-accessors ALIST PREFIX NAME ...) defines and exports PREFIX-NAME for each header NAME:
it takes a message and what to return where ALIST of it lacks the header, #f or else () by default."
    (syntax-case form ()
      ((_ headers prefix (name default) ...)
       (with-syntax (((accessor ...)
                      (map (lambda (name)
                             (datum->syntax name (symbol-append (syntax->datum #'prefix) '-
                                                                (syntax->datum name))))
                           #'(name ...))))
         #'(begin
             (define* (accessor message #:optional (otherwise default))
               (match (assq 'name (headers message))
                 (#f otherwise)
                 ((_ . value) value)))
             ...
             (export accessor ...)))))))

(define (check-headers headers complain)
  "Call COMPLAIN with a message and its arguments where HEADERS are no alist of valid headers."
  (for-each (match-lambda
              (((? symbol? name) . value)
               (unless (valid-header? name value)
                 (complain "Bad value for header ~a: ~s" name value)))
              (other (complain "Bad header: ~a" other)))
            (if (list? headers) headers (complain "Bad headers: ~a" headers))))

(define (valid-version? version)
  (match version
    (((? exact-integer?) . (? exact-integer?)) #t)
    (_ #f)))

(define (read-counted-body port count complain)
  "Return COUNT bytes of PORT; call COMPLAIN with the number of those read when there are fewer."
  (let ((bytes (get-bytevector-n port count)))
    (cond ((eof-object? bytes) (if (zero? count) (make-bytevector 0) (complain 0)))
          ((= (bytevector-length bytes) count) bytes)
          (else (complain (bytevector-length bytes))))))
