;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-9: record types.  Constructor, predicate, accessors and modifiers are macros that inline
;;; where they are called, and stand for procedures elsewhere.  A getter also answers, when used as
;;; (GETTER (%%info ERROR) K . ARGS), with (K (TYPE GETTER-OF-EACH-FIELD ...) . ARGS): see (srfi srfi-9 gnu).

(define-module (srfi srfi-9)
  #:export (define-record-type))

(cond-expand-provide (current-module) '(srfi-9))

;; Literal of the private protocol; what is no getter makes its expansion, ERROR, be expanded.
(define-syntax-rule (%%info error) error)

(define (throw-bad-struct obj who)
  "Raise the error that OBJ is not of the type that WHO works on."
  (throw 'wrong-type-arg who "Wrong type argument: ~S" (list obj) (list obj)))

(define-syntax define-inlined
  (lambda (form)
    (syntax-case form ()
      ((_ info (name formal ...) body)
       (with-syntax ((proc (datum->syntax
                            #'name
                            (symbol-append '% (syntax->datum #'name) '-procedure)))
                     ((arg ...) (generate-temporaries #'(formal ...))))
         #'(begin
             (define (proc formal ...) body)
             (define-syntax name
               (lambda (use)
                 (syntax-case use (%%info)
                   ((_ (%%info err) k . args) #'(k info . args))
                   ((_ arg ...) #'((lambda (formal ...) body) arg ...))
                   ((_ . args)
                    (syntax-violation 'name "Wrong number of arguments" use))
                   (id (identifier? #'id) #'proc))))))))))

(define-syntax copy-record
  ;; Make a copy of the record S with the fields of some getters replaced.
  (lambda (form)
    (syntax-case form ()
      ((_ (type (getter ...)) who s (changed value) ...)
       (let ((changes (map cons #'(changed ...) #'(value ...))))
         (define (lookup getter)
           (let loop ((l changes))
             (cond ((null? l) #f)
                   ((free-identifier=? getter (caar l)) (cdar l))
                   (else (loop (cdr l))))))
         (define fields
           (let loop ((l #'(getter ...)) (i 0))
             (if (null? l)
                 '()
                 (cons (or (lookup (car l)) #`(struct-ref s #,i))
                       (loop (cdr l) (+ i 1))))))
         #`(if (eq? (struct-vtable s) type)
               (make-struct/simple type #,@fields)
               (throw-bad-struct s 'who)))))))

(define-syntax %define-record-type
  (lambda (form)
    (define (index-of id ids)
      (let loop ((l ids) (i 0))
        (cond ((null? l) #f)
              ((free-identifier=? id (car l)) i)
              (else (loop (cdr l) (+ i 1))))))
    (define (fail original message subform)
      (syntax-violation (syntax->datum (car original)) message
                        (datum->syntax (car original) (map syntax->datum original))
                        subform))
    (define (check-syntax original type ctor predicate fields)
      (unless (identifier? type)
        (fail original "expected type name" type))
      (syntax-case ctor ()
        ((name arg ...) (and-map identifier? #'(name arg ...)) #t)
        (_ (fail original "invalid constructor spec" ctor)))
      (unless (identifier? predicate)
        (fail original "expected predicate name" predicate))
      (for-each (lambda (field)
                  (syntax-case field ()
                    ((name getter) #t)
                    ((name getter setter) #t)
                    (_ (fail original "invalid field spec" field))))
                fields))
    (syntax-case form ()
      ((_ immutable? original type ctor predicate field ...)
       (let ((original (syntax-case #'original () ((part ...) #'(part ...)))))
         (check-syntax original #'type #'ctor #'predicate #'(field ...))
         (with-syntax ((((name getter . setter) ...) #'(field ...))
                       ((make arg ...) #'ctor)
                       ((i ...) (iota (length #'(field ...))))
                       (copier (datum->syntax
                                #'type
                                (symbol-append '%% (syntax->datum #'type) '-set-fields))))
           (for-each (lambda (arg)
                       (unless (index-of arg #'(name ...))
                         (fail original "unknown field in constructor spec" arg)))
                     #'(arg ...))
           #`(begin
               (define-inlined #f (make arg ...)
                 (make-struct/simple
                  type
                  #,@(map (lambda (name) (and (index-of name #'(arg ...)) name))
                          #'(name ...))))
               (define type (make-record-type 'type '(name ...)))
               (define-inlined #f (predicate obj)
                 (and (struct? obj) (eq? (struct-vtable obj) type)))
               (define-inlined (copier type (getter ...)) (getter s)
                 (if (eq? (struct-vtable s) type)
                     (struct-ref s i)
                     (throw-bad-struct s 'getter)))
               ...
               #,@(apply append
                         (map (lambda (this-getter this-setter index)
                                (syntax-case this-setter ()
                                  (() '())
                                  ((setter)
                                   (list
                                    (if (syntax->datum #'immutable?)
                                        #`(define-inlined #f (setter s value)
                                            (copy-record (type (getter ...)) copier s
                                                         (#,this-getter value)))
                                        #`(define-inlined #f (setter s value)
                                            (if (eq? (struct-vtable s) type)
                                                (struct-set! s #,index value)
                                                (throw-bad-struct s 'setter))))))))
                              #'(getter ...) #'(setter ...) #'(i ...)))))))
      ((_ immutable? (macro . rest) . _)
       (syntax-violation (syntax->datum #'macro) "invalid record definition syntax"
                         #'(macro . rest))))))

(define-syntax-rule (define-record-type name ctor pred field ...)
  (%define-record-type #f (define-record-type name ctor pred field ...)
                       name ctor pred field ...))

;;; Functional update, for (srfi srfi-9 gnu).

(define-syntax update
  ;; (update ORIGINAL PATH-SO-FAR S ((GETTER ...) EXPR) ...): group the changes by first getter, and
  ;; ask that getter for its type.
  (lambda (form)
    (define (group specs)
      ;; ((HEAD (TAIL EXPR) ...) ...), in the order of first occurrence.
      (let loop ((specs specs) (groups '()))
        (if (null? specs)
            (reverse groups)
            (syntax-case (car specs) ()
              (((head . tail) expr)
               (loop (cdr specs)
                     (let add ((l groups))
                       (cond ((null? l)
                              (cons (list #'head #'(tail expr)) groups))
                             ((free-identifier=? #'head (caar l))
                              (map (lambda (g)
                                     (if (eq? g (car l))
                                         (append g (list #'(tail expr)))
                                         g))
                                   groups))
                             (else (add (cdr l)))))))))))
    (syntax-case form ()
      ((_ original path s) #'s)
      ((_ original path s (() expr)) #'expr)
      ((_ original path s ((getter . tail) expr) ...)
       (and (pair? #'(getter ...)) (and-map identifier? #'(getter ...)))
       (with-syntax ((((head . changes) ...) (group #'(((getter . tail) expr) ...))))
         #`(#,(car #'(head ...))
            (%%info (unknown-getter original #,(car #'(head ...)))) update-record
            original path s (head . changes) ...)))
      ((_ original path s (() expr) (() expr*) ...)
       (syntax-violation 'set-fields "duplicate field path" #'original #'path))
      ((_ original path s ((getter ...) expr) ...)
       (syntax-violation 'set-fields "one field path is a prefix of another"
                         #'original #'path))
      ((_ original . rest)
       (syntax-violation 'set-fields "invalid syntax" #'original)))))

(define-syntax unknown-getter
  (lambda (form)
    (syntax-case form ()
      ((_ original getter)
       (syntax-violation 'set-fields "unknown getter" #'original #'getter)))))

(define-syntax update-record
  (lambda (form)
    (syntax-case form ()
      ((_ (copier type (getter ...)) original (step ...) s (head (tail expr) ...) ...)
       (let ((getters #'(getter ...)))
         (define (index-of id)
           (let loop ((l getters) (i 0))
             (cond ((null? l) #f)
                   ((free-identifier=? id (car l)) i)
                   (else (loop (cdr l) (+ i 1))))))
         (for-each (lambda (head)
                     (unless (index-of head)
                       (syntax-violation 'set-fields "unknown getter" #'original head)))
                   #'(head ...))
         (with-syntax (((i ...) (map index-of #'(head ...))))
           #'(let ((obj s))
               (copy-record (type (getter ...)) copier obj
                (head (update original (step ... head) (struct-ref obj i) (tail expr) ...))
                ...))))))))
