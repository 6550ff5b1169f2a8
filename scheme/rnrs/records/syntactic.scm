;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS records, by a form.

(define-module (rnrs records syntactic)
  #:use-module (rnrs records procedural)
  #:export (define-record-type)
  #:replace (record-type-descriptor)
  #:export (record-constructor-descriptor))

;; What a type's name stands for: a macro that gives its type or its constructor's descriptor.
(define-syntax record-type-descriptor
  (syntax-rules ()
    ((_ name) (name descriptor))))

(define-syntax record-constructor-descriptor
  (syntax-rules ()
    ((_ name) (name constructor))))

(define-syntax define-record-type
  (lambda (stx)
    "Define a record type, its constructor, predicate and the accessors and modifiers of its fields."
    (define (symbol-of . parts)
      (string->symbol
       (string-concatenate
        (map (lambda (part) (if (string? part) part (symbol->string (syntax->datum part)))) parts))))
    (define (clause name clauses)
      (let loop ((clauses clauses))
        (cond ((null? clauses) #f)
              ((eq? (syntax->datum (car (syntax-case (car clauses) () ((key . rest) (list #'key)))))
                    name)
               (car clauses))
              (else (loop (cdr clauses))))))
    (define (operand name clauses default)
      (let ((clause (clause name clauses)))
        (if clause
            (syntax-case clause () ((_ value) #'value) ((_) #'#f))
            default)))
    (define (field-parts type field)
      ;; (MUTABLE? NAME ACCESSOR MODIFIER)
      (define (name-of name . parts)
        (datum->syntax name (apply symbol-of parts)))
      (syntax-case field ()
        ((kind name accessor modifier) (list #t #'name #'accessor #'modifier))
        ((kind name accessor) (list #f #'name #'accessor #f))
        ((kind name)
         (eq? (syntax->datum #'kind) 'mutable)
         (list #t #'name (name-of #'name type "-" #'name) (name-of #'name type "-" #'name "-set!")))
        ((kind name)
         (list #f #'name (name-of #'name type "-" #'name) #f))
        (name (list #f #'name (name-of #'name type "-" #'name) #f))))
    (syntax-case stx ()
      ((_ spec clause* ...)
       (let* ((clauses #'(clause* ...))
              (type (syntax-case #'spec () ((type make is?) #'type) (type #'type)))
              (make (syntax-case #'spec ()
                      ((type make is?) #'make)
                      (type (datum->syntax #'type (symbol-of "make-" #'type)))))
              (is? (syntax-case #'spec ()
                     ((type make is?) #'is?)
                     (type (datum->syntax #'type (symbol-of #'type "?")))))
              (fields (let ((clause (clause 'fields clauses)))
                        (if clause
                            (map (lambda (field) (field-parts type field))
                                 (syntax-case clause () ((_ field ...) #'(field ...))))
                            '())))
              (parent (operand 'parent clauses #f))
              (parent-types (let ((clause (clause 'parent-rtd clauses)))
                              (cond (clause
                                     (syntax-case clause () ((_ type constructor) #'(type constructor))))
                                    (parent
                                     #`((record-type-descriptor #,parent)
                                        (record-constructor-descriptor #,parent)))
                                    (else #'(#f #f)))))
              (uid (let ((clause (clause 'nongenerative clauses)))
                     (cond ((not clause) #f)
                           (else (syntax-case clause ()
                                   ((_ uid) #'uid)
                                   ((_) (datum->syntax type (symbol-of type "-nongenerative")))))))))
         (with-syntax ((type type) (make make) (is? is?)
                       ((parent-type parent-constructor) parent-types)
                       (protocol (operand 'protocol clauses #'#f))
                       (sealed? (operand 'sealed clauses #'#f))
                       (opaque? (operand 'opaque clauses #'#f))
                       (uid uid)
                       ((rtd rcd) (generate-temporaries '(rtd rcd)))
                       ((field ...) (map (lambda (field)
                                           #`(#,(if (car field) #'mutable #'immutable) #,(cadr field)))
                                         fields))
                       (((accessor accessor-index) ...)
                        (map (lambda (field index) #`(#,(caddr field) #,index))
                             fields (iota (length fields))))
                       (((modifier modifier-index) ...)
                        (let loop ((fields fields) (index 0))
                          (cond ((null? fields) '())
                                ((cadddr (car fields))
                                 => (lambda (modifier)
                                      (cons #`(#,modifier #,index) (loop (cdr fields) (+ index 1)))))
                                (else (loop (cdr fields) (+ index 1)))))))
           #'(begin
               (define rtd
                 (make-record-type-descriptor 'type parent-type 'uid sealed? opaque? '#(field ...)))
               (define rcd
                 (make-record-constructor-descriptor rtd parent-constructor protocol))
               (define-syntax type
                 (lambda (stx)
                   (syntax-case stx ()
                     ((_ what) (eq? (syntax->datum #'what) 'descriptor) #'rtd)
                     ((_ what) #'rcd))))
               (define make (record-constructor rcd))
               (define is? (record-predicate rtd))
               (define accessor (record-accessor rtd accessor-index)) ...
               (define modifier (record-mutator rtd modifier-index)) ...)))))))
