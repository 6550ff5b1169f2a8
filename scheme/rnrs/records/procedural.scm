;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS records, by procedures.  Their types are those of the core.

(define-module (rnrs records procedural)
  #:use-module (srfi srfi-9)
  #:replace (record-accessor record-constructor record-predicate record-type-descriptor?)
  #:export (make-record-constructor-descriptor make-record-type-descriptor record-mutator))

(define (record-type-descriptor? obj)
  (record-type? obj))

(define (record-type? obj)
  (and (struct? obj) (struct-vtable? obj) (false-if-exception (and (record-type-name obj) #t))))

(define types (make-hash-table))        ; nongenerative ones, by uid

(define (make-record-type-descriptor name parent uid sealed? opaque? fields)
  "Return a record type called NAME.  FIELDS is a vector of (mutable NAME) and (immutable NAME)."
  (or (and uid (hashq-ref types uid))
      (let ((type (make-record-type name
                                    (vector->list fields)
                                    #:parent parent
                                    #:uid uid
                                    #:extensible? (not sealed?)
                                    #:opaque? (or opaque?
                                                  (and parent
                                                       (memq 'opaque (record-type-properties* parent))
                                                       #t))
                                    #:allow-duplicate-field-names? #t)))
        (when uid (hashq-set! types uid type))
        type)))

(define (record-type-properties* type)
  (if (record-type-opaque? type) '(opaque) '()))

(define-record-type <constructor-descriptor>
  (make-constructor-descriptor type parent protocol)
  constructor-descriptor?
  (type descriptor-type)
  (parent descriptor-parent)
  (protocol descriptor-protocol))

(define (own-field-count type)
  (- (length (record-type-fields type))
     (let ((parent (record-type-parent type)))
       (if parent (length (record-type-fields parent)) 0))))

(define (make-record-constructor-descriptor type parent protocol)
  "Return how records of TYPE are made: PROTOCOL takes what makes one and gives the constructor."
  (make-constructor-descriptor type
                               (or parent
                                   (and=> (record-type-parent type)
                                          (lambda (parent)
                                            (make-record-constructor-descriptor parent #f #f))))
                               protocol))

(define (record-constructor descriptor)
  "Return the constructor that DESCRIPTOR describes."
  (if (record-type? descriptor)
      ((@ (guile) record-constructor) descriptor)
      (constructor-of descriptor
                      ((@ (guile) record-constructor) (descriptor-type descriptor)))))

(define (constructor-of descriptor make)
  "Return a constructor by DESCRIPTOR that calls MAKE with all fields it knows, the oldest ancestor's first."
  (let ((parent (descriptor-parent descriptor))
        (protocol (descriptor-protocol descriptor))
        (count (own-field-count (descriptor-type descriptor))))
    (define (collect make-parent)
      ;; What the protocol gets: takes the arguments for the parent, gives what takes the own fields.
      (if parent
          (lambda parent-arguments
            (lambda own
              (apply (constructor-of parent
                                     (lambda inherited (apply make (append inherited own))))
                     parent-arguments)))
          make))
    (cond (protocol (protocol (collect make)))
          (parent
           (lambda arguments
             (let ((split (- (length arguments) count)))
               (apply (apply (collect make) (list-head arguments split))
                      (list-tail arguments split)))))
          (else make))))

(define (record-predicate type)
  ((@ (guile) record-predicate) type))

(define (index-of type k)
  (+ k (- (length (record-type-fields type)) (own-field-count type))))

(define (record-accessor type k)
  "Return the accessor of the K-th field that TYPE itself has."
  (let ((is? ((@ (guile) record-predicate) type)) (index (index-of type k)))
    (lambda (record)
      (unless (is? record)
        (scm-error 'wrong-type-arg "record-accessor" "Wrong type argument: ~S" (list record) (list record)))
      (struct-ref record index))))

(define (record-mutator type k)
  "Return the modifier of the K-th field that TYPE itself has."
  (let ((is? ((@ (guile) record-predicate) type)) (index (index-of type k)))
    (lambda (record value)
      (unless (is? record)
        (scm-error 'wrong-type-arg "record-mutator" "Wrong type argument: ~S" (list record) (list record)))
      (struct-set! record index value))))
