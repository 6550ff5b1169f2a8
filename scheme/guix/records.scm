;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Records whose fields are given by name, with defaults, inheritance, and
;;; fields that are evaluated late.  Same public interface as the module of
;;; this name in GNU Guix.

(define-module (guix records)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:use-module (ice-9 match)
  #:use-module (ice-9 rdelim)
  #:export (define-record-type*
            this-record
            alist->record
            object->fields
            recutils->alist
            match-record
            match-record-lambda))

(define-syntax this-record
  (lambda (s)
    "The record that is being made; for use in thunked fields."
    (syntax-violation 'this-record
                      "can only be used inside a record instantiation form"
                      s)))


;;;
;;; Making constructors, at expansion time.
;;;

(eval-when (expand load eval)
  ;; A field description is a list of syntax objects:
  ;; (NAME INDEX KIND INNATE? SANITIZER DEFAULT), where KIND is plain, thunked
  ;; or delayed; SANITIZER is () or (PROC); and DEFAULT is () or (EXP).
  (define (field-description spec index)
    (syntax-case spec ()
      ((name getter option ...)
       (let loop ((options #'(option ...))
                  (kind #'plain) (innate? #'#f) (cleaner #'()) (value #'()))
         (syntax-case options (default thunked delayed innate sanitize)
           (()
            (list #'name (datum->syntax #'name index)
                  kind innate? cleaner value))
           (((thunked) rest ...)
            (loop #'(rest ...) #'thunked innate? cleaner value))
           (((delayed) rest ...)
            (loop #'(rest ...) #'delayed innate? cleaner value))
           (((innate) rest ...)
            (loop #'(rest ...) kind #'#t cleaner value))
           (((sanitize proc) rest ...)
            (loop #'(rest ...) kind innate? #'(proc) value))
           (((default exp) rest ...)
            (loop #'(rest ...) kind innate? cleaner #'(exp)))
           ((other rest ...)
            (syntax-violation 'define-record-type*
                              "unknown field option" #'name #'other)))))))

  (define (same-name? a b)
    (eq? (syntax->datum a) (syntax->datum b)))

  (define (field-value description this value)
    "The expression that is stored for VALUE in the field of DESCRIPTION."
    (syntax-case description ()
      ((name index kind innate sanitizer default)
       (let ((clean (syntax-case #'sanitizer ()
                      (() value)
                      ((proc) #`(proc #,value)))))
         (case (syntax->datum #'kind)
           ((thunked)
            #`(lambda (self)
                (syntax-parameterize ((#,this (identifier-syntax self)))
                  #,clean)))
           ((delayed) #`(delay #,clean))
           (else clean))))))

  (define (default-value exp form)
    ;; A default such as (current-location-vector) says where FORM is.
    (syntax-case exp ()
      ((macro)
       (identifier? #'macro)
       (let ((source (syntax-source form)))
         (if source
             (datum->syntax #'macro (list #'macro) #:source source)
             exp)))
      (_ exp)))

  (define (constructor-form form make this descriptions)
    "The expansion of FORM, a use of a record's syntactic constructor."
    (define name (syntax-case form () ((id . _) (syntax->datum #'id))))

    (define (check-fields fields)
      (let loop ((fields fields) (seen '()))
        (syntax-case fields ()
          (() #t)
          (((field value) rest ...)
           (cond ((memq (syntax->datum #'field) seen)
                  (syntax-violation name
                                    (format #f "field '~a' is given twice"
                                            (syntax->datum #'field))
                                    form #'field))
                 ((find (lambda (d) (same-name? (car d) #'field))
                        descriptions)
                  (loop #'(rest ...) (cons (syntax->datum #'field) seen)))
                 (else
                  (syntax-violation
                   name
                   (format #f "extraneous field initializers ~a"
                           (list (syntax->datum #'field)))
                   form #'field))))
          ((other rest ...)
           (syntax-violation name "invalid field specifier" form #'other)))))

    (define (lookup field fields)
      (find (lambda (f) (same-name? (car f) field)) fields))

    (define (build base fields)
      (check-fields fields)
      (let* ((given (map (lambda (f)
                           (syntax-case f ()
                             ((field value)
                              (list #'field
                                    (field-value
                                     (lookup #'field descriptions)
                                     this #'value)))))
                         (syntax-case fields () ((f ...) #'(f ...)))))
             (missing '())
             (args (map (lambda (description)
                          (syntax-case description ()
                            ((field index kind innate sanitizer default)
                             (cond
                              ((lookup #'field given) => car)
                              ((and base (not (syntax->datum #'innate)))
                               #`(struct-ref #,base index))
                              (else
                               (syntax-case #'default ()
                                 ((exp)
                                  (field-value description this
                                               (default-value #'exp form)))
                                 (()
                                  (set! missing
                                    (cons (syntax->datum #'field) missing))
                                  #'#f)))))))
                        descriptions)))
        (unless (null? missing)
          (syntax-violation name
                            (format #f "missing field initializers ~a"
                                    (reverse missing))
                            form))
        #`(let* #,given (#,make #,@args))))

    (syntax-case form (inherit)
      ((_ (inherit base) field ...)
       #`(let ((parent base))
           #,(build #'parent #'(field ...))))
      ((_ field ...)
       (build #f #'(field ...))))))


;;;
;;; Defining types.
;;;

(define-syntax define-record-type*
  (lambda (s)
    "Define a record type, as in:

  (define-record-type* <thing> thing make-thing
    thing?
    this-thing
    (name  thing-name)
    (size  thing-size (default 42) (thunked))
    (notes thing-notes (default '()) (delayed) (innate)))

THING is then a macro that makes things: (thing (name \"a\") (size 3)) or
(thing (inherit other) (name \"b\"))."
    (syntax-case s ()
      ((_ type constructor make predicate (field getter option ...) ...)
       #'(define-record-type* type constructor make predicate this-record
           (field getter option ...) ...))
      ((_ type constructor make predicate this (field getter option ...) ...)
       (identifier? #'this)
       (let* ((specs #'((field getter option ...) ...))
              (descriptions (map field-description specs (iota (length specs))))
              (raw (generate-temporaries #'(getter ...)))
              (name (syntax->datum #'type)))
         (with-syntax
             ((rtd (datum->syntax
                    #'type
                    (string->symbol
                     (string-append "% " (symbol->string name) " rtd"))))
              ((raw ...) raw)
              ((description ...) descriptions)
              ((this-definition ...)
               (if (and (free-identifier=? #'this #'this-record))
                   #'()
                   #'((define-syntax-parameter this
                        (lambda (s)
                          (syntax-violation
                           'this
                           "can only be used inside a record instantiation form"
                           s))))))
              ((accessor ...)
               (map (lambda (description getter raw)
                      (case (syntax->datum (third description))
                        ((thunked)
                         #`(define (#,getter record)
                             ((#,raw record) record)))
                        ((delayed)
                         #`(define (#,getter record)
                             (force (#,raw record))))
                        (else
                         #`(define-inlinable (#,getter record)
                             (#,raw record)))))
                    descriptions #'(getter ...) raw)))
           #'(begin
               (define-record-type rtd
                 (make field ...)
                 predicate
                 (field raw) ...)
               (define rtd-named
                 (set-record-type-name! rtd 'type))
               (define-syntax type
                 (lambda (s)
                   ;; The record type descriptor; or, for 'match-record', the
                   ;; fields and what gets at them.
                   (syntax-case s ()
                     ((_ #:fields continue rest (... ...))
                      #'(continue ((field getter) ...) rest (... ...)))
                     (id (identifier? #'id) #'rtd))))
               this-definition ...
               accessor ...
               (define-syntax constructor
                 (lambda (form)
                   (constructor-form form #'make #'this
                                     (list (syntax-case #'description ()
                                             ((x (... ...))
                                              #'(x (... ...))))
                                           ...)))))))))))

(define (set-record-type-name! rtd name)
  ;; Messages and printed records show NAME.
  (struct-set! rtd vtable-index-name name)
  #t)

(define vtable-index-name (+ 4 vtable-index-layout))

(define-syntax match-record
  (syntax-rules ()
    "Bind fields of RECORD, which is of TYPE, in BODY.  A field is given as
FIELD, or as (FIELD VARIABLE) or (FIELD PATTERN) to match its value."
    ((_ record type (field ...) body ...)
     (let ((obj record))
       (unless (eq? (struct-vtable obj) type)
         (throw 'wrong-type-arg 'match-record
                "Wrong type argument: ~S" (list obj) (list obj)))
       (match-fields type obj (field ...) body ...)))))

(define-syntax match-fields
  (syntax-rules ()
    ((_ type obj () body ...)
     (let () body ...))
    ((_ type obj ((field pattern) rest ...) body ...)
     (match (type #:fields field-of obj field)
       (pattern (match-fields type obj (rest ...) body ...))))
    ((_ type obj (field rest ...) body ...)
     (let ((field (type #:fields field-of obj field)))
       (match-fields type obj (rest ...) body ...)))))

(define-syntax field-of
  (lambda (s)
    (syntax-case s ()
      ((_ ((name getter) ...) obj field)
       (let ((found (find (lambda (pair)
                            (same-name? (car pair) #'field))
                          (map list #'(name ...) #'(getter ...)))))
         (if found
             #`(#,(second found) obj)
             (syntax-violation 'match-record "unknown record type field"
                               s #'field)))))))

(define-syntax-rule (match-record-lambda type (field ...) body ...)
  "A procedure that takes a record of TYPE and binds its fields in BODY."
  (lambda (record)
    (match-record record type (field ...) body ...)))


;;;
;;; Association lists and recutils.
;;;

(define* (alist->record alist make keys #:optional (multiple-value-keys '()))
  "Apply MAKE to the values in ALIST of KEYS; of those in
MULTIPLE-VALUE-KEYS, all values are passed as a list."
  (apply make
         (map (lambda (key)
                (if (member key multiple-value-keys)
                    (filter-map (lambda (pair)
                                  (and (equal? (car pair) key) (cdr pair)))
                                alist)
                    (assoc-ref alist key)))
              keys)))

(define (object->fields object fields port)
  "Write OBJECT to PORT as recutils fields; FIELDS is a list of pairs of field
name and getter."
  (for-each (match-lambda
              ((field . get)
               (simple-format port "~a: ~a\n" field (get object))))
            fields)
  (newline port))

(define (recutils->alist port)
  "Read one recutils record from PORT as an alist."
  (define (continued line)
    (string-append "\n"
                   (string-drop line (if (string-prefix? "+ " line) 2 1))))

  (let loop ((line (read-line port)) (result '()))
    (cond ((eof-object? line) (reverse result))
          ((string-null? line)
           (if (null? result)
               (loop (read-line port) result)
               (reverse result)))
          ((string-prefix? "#" line) (loop (read-line port) result))
          ((string-prefix? "+" line)
           (match result
             (((field . value) rest ...)
              (loop (read-line port)
                    (acons field (string-append value (continued line))
                           rest)))))
          (else
           (let ((colon (string-index line #\:)))
             (loop (read-line port)
                   (acons (string-take line colon)
                          (string-trim-both (string-drop line (+ 1 colon)))
                          result)))))))
