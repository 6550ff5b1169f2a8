;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-35: conditions, which are the exceptions of the core under other names.

(define-module (srfi srfi-35)
  #:use-module ((ice-9 exceptions)
                #:select (define-exception-type
                          &message exception-with-message? exception-message
                          (error? . %error?) external-error? &external-error))
  #:re-export ((make-exception-type . make-condition-type)
               (exception-type? . condition-type?)
               (exception? . condition?)
               (make-exception . make-compound-condition)
               (&exception . &condition)
               &message
               (exception-with-message? . message-condition?)
               (exception-message . condition-message)
               (&error . &serious)
               (%error? . serious-condition?)
               (external-error? . error?))
  #:re-export-and-replace ((&external-error . &error))
  #:export (make-condition define-condition-type condition-has-type? condition-ref
            extract-condition condition))

(cond-expand-provide (current-module) '(srfi-35))

(define (check-type who type)
  (unless (exception-type? type)
    (scm-error 'wrong-type-arg who "Not a condition type: ~S" (list type) #f)))

(define (make-condition type . fields+values)
  "Return a condition of TYPE whose fields are given by name."
  (check-type "make-condition" type)
  (let ((fields (record-type-fields type)))
    (define given
      (let loop ((l fields+values) (given '()))
        (cond ((null? l) given)
              ((not (and (pair? l) (symbol? (car l)) (pair? (cdr l))))
               (scm-error 'wrong-type-arg "make-condition"
                          "Bad initializer list tail: ~S" (list l) #f))
              ((not (memq (car l) fields))
               (error "unknown field" (car l)))
              ((assq (car l) given)
               (error "duplicate initializer" (car l)))
              (else (loop (cddr l) (acons (car l) (cadr l) given))))))
    (apply make-struct/simple type
           (map (lambda (field)
                  (let ((entry (assq field given)))
                    (if entry
                        (cdr entry)
                        (error "field not specified" field))))
                fields))))

(define (condition-has-type? c type)
  "Return true if the condition C is of TYPE."
  (check-type "condition-has-type?" type)
  (or-map (record-predicate type) (simple-exceptions c)))

(define (condition-ref c field)
  "Return the value of FIELD in the condition C."
  (let loop ((l (simple-exceptions c)))
    (if (null? l)
        (error "invalid field name" field)
        (let ((index (list-index (record-type-fields (struct-vtable (car l))) field)))
          (if index
              (struct-ref (car l) index)
              (loop (cdr l)))))))

(define (extract-condition c type)
  "Return the part of the condition C that is of TYPE."
  (check-type "extract-condition" type)
  (let ((simple? (record-predicate type)))
    (or-map (lambda (part) (and (simple? part) part))
            (simple-exceptions c))))

(define-syntax define-condition-type
  (lambda (form)
    (syntax-case form ()
      ((_ type parent predicate (field accessor) ...)
       (with-syntax ((make (datum->syntax
                            #'type
                            (symbol-append '#{ make-}# (syntax->datum #'type)))))
         #'(define-exception-type type parent make predicate (field accessor) ...))))))

(define-syntax make-one
  (syntax-rules ()
    ((_ type (out ...)) (make-condition type out ...))
    ((_ type (out ...) (name value) rest ...)
     (make-one type (out ... 'name value) rest ...))))

(define-syntax condition
  (syntax-rules ()
    ((_ (type field ...)) (make-one type () field ...))
    ((_ (type field ...) ...) (make-exception (make-one type () field ...) ...))))
