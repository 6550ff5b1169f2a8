;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Record types: vtables with a name, the fields' names, a constructor, properties, the ancestors
;;; and a bit mask of the mutable fields (see Guile's manual, "Records").

(define record-type-vtable
  (make-vtable (string-append standard-vtable-fields "pwpwpwpwpwpw")
               (lambda (type port)
                 (display "#<record-type " port)
                 (display (struct-ref type 8) port)
                 (display ">" port))))

(define (record-type? obj)
  "Return true if OBJ is a record type."
  (and (struct? obj) (eq? (struct-vtable obj) record-type-vtable)))

(define (%check-record-type obj)
  (unless (record-type? obj)
    (error 'not-a-record-type obj)))

(define (record? obj)
  "Return true if OBJ is a record."
  (and (struct? obj) (record-type? (struct-vtable obj))))

(define (record-type-descriptor obj)
  "Return the type of the record OBJ."
  (if (struct? obj)
      (struct-vtable obj)
      (error 'not-a-record obj)))

(define (record-type-name type)
  "Return the name of TYPE, a symbol."
  (%check-record-type type)
  (struct-ref type 8))

(define (record-type-fields type)
  "Return the names of the fields of TYPE, inherited ones first."
  (%check-record-type type)
  (struct-ref type 9))

(define (record-type-constructor type)
  "Return the procedure that makes a record of TYPE from the values of all fields."
  (%check-record-type type)
  (struct-ref type 10))

(define (record-type-properties type)
  "Return the association list of the properties of TYPE."
  (%check-record-type type)
  (struct-ref type 11))

(define (record-type-parents type)
  "Return the vector of the ancestors of TYPE, the root first."
  (%check-record-type type)
  (struct-ref type 12))

(define (record-type-mutable-fields type)
  "Return the bit mask of the fields of TYPE that can be changed."
  (%check-record-type type)
  (struct-ref type 13))

(define (record-type-parent type)
  "Return the type that TYPE extends, or #f."
  (let* ((parents (record-type-parents type))
         (n (vector-length parents)))
    (and (> n 0)
         (vector-ref parents (- n 1)))))

(define (record-type-has-parent? type parent)
  "Return true if TYPE is PARENT or extends it."
  (or (eq? type parent)
      (let ((parents (record-type-parents type))
            (n (vector-length (record-type-parents parent))))
        (and (< n (vector-length parents))
             (eq? (vector-ref parents n) parent)))))

(define (record-type-extensible? type)
  "Return true if other types may extend TYPE."
  (and (assq-ref (record-type-properties type) 'extensible?) #t))

(define (record-type-opaque? type)
  "Return true if TYPE was declared opaque."
  (and (assq-ref (record-type-properties type) 'opaque?) #t))

(define (record-type-uid type)
  "Return the name under which TYPE is unique, or #f."
  (assq-ref (record-type-properties type) 'uid))

(define (%field-name spec)
  (cond ((symbol? spec) spec)
        ((and (list? spec) (= (length spec) 2)
              (memq (car spec) '(mutable immutable))
              (symbol? (cadr spec)))
         (cadr spec))
        (else (error "bad field declaration" spec))))

(define (%full-constructor type n)
  ;; The usual numbers of fields without a list of arguments.
  (case n
    ((0) (lambda () (make-struct/simple type)))
    ((1) (lambda (a) (make-struct/simple type a)))
    ((2) (lambda (a b) (make-struct/simple type a b)))
    ((3) (lambda (a b c) (make-struct/simple type a b c)))
    ((4) (lambda (a b c d) (make-struct/simple type a b c d)))
    ((5) (lambda (a b c d e) (make-struct/simple type a b c d e)))
    ((6) (lambda (a b c d e f) (make-struct/simple type a b c d e f)))
    ((7) (lambda (a b c d e f g) (make-struct/simple type a b c d e f g)))
    ((8) (lambda (a b c d e f g h) (make-struct/simple type a b c d e f g h)))
    (else
     (letrec ((constructor
               (lambda args
                 (unless (= (length args) n)
                   (scm-error 'wrong-number-of-args #f "Wrong number of arguments to ~A"
                              (list constructor) #f))
                 (apply make-struct/simple type args))))
       constructor))))

(define %record-types-by-uid (make-hash-table))

(define* (make-record-type type-name fields #:optional printer #:key parent uid extensible?
                           allow-duplicate-field-names? opaque? (properties '()))
  "Return a new record type TYPE-NAME with FIELDS: symbols, or lists (mutable NAME), (immutable NAME)."
  (define name
    (cond ((symbol? type-name) type-name)
          ((string? type-name) (string->symbol type-name))
          (else (error "expected a symbol for record type name" type-name))))
  (define own-names (map %field-name fields))
  (define inherited-names (if parent (record-type-fields parent) '()))
  (define names (append inherited-names own-names))
  (define count (length names))
  (define mutable
    (let loop ((specs fields)
               (bit (ash 1 (length inherited-names)))
               (mask (if parent (record-type-mutable-fields parent) 0)))
      (cond ((null? specs) mask)
            ((and (pair? (car specs)) (eq? (caar specs) 'immutable))
             (loop (cdr specs) (ash bit 1) mask))
            (else (loop (cdr specs) (ash bit 1) (logior mask bit))))))
  (define all-properties
    (let* ((props (if uid (acons 'uid uid properties) properties))
           (props (if (or opaque? (and parent (record-type-opaque? parent)))
                      (acons 'opaque? #t props)
                      props)))
      (if extensible? (acons 'extensible? #t props) props)))
  (define (make)
    (let* ((type (make-struct/no-tail
                  record-type-vtable
                  (make-struct-layout (string-concatenate (map (lambda (name) "pw") names)))
                  (or printer (and parent (struct-ref parent vtable-index-printer)))
                  name names #f all-properties
                  (if parent
                      (list->vector (append (vector->list (record-type-parents parent))
                                            (list parent)))
                      #())
                  mutable)))
      (set-struct-vtable-name! type name)
      (struct-set! type 10 (%full-constructor type count))
      type))
  (when (and parent (not (record-type-extensible? parent)))
    (error "parent type is final"))
  (unless allow-duplicate-field-names?
    (let loop ((l names))
      (unless (null? l)
        (when (memq (car l) (cdr l))
          (error "duplicate field" (car l)))
        (loop (cdr l)))))
  (cond ((and uid (hashq-ref %record-types-by-uid uid))
         => (lambda (type)
              (unless (and (equal? (record-type-name type) name)
                           (equal? (record-type-fields type) names)
                           (eq? (record-type-parent type) parent)
                           (equal? (record-type-properties type) all-properties)
                           (= (record-type-mutable-fields type) mutable))
                (error "prefab record type declaration incompatible with previous" type))
              type))
        (uid
         (let ((type (make)))
           (hashq-set! %record-types-by-uid uid type)
           type))
        (else (make))))

(define* (record-constructor type #:optional field-names)
  "Return a procedure that makes a record of TYPE from the values of FIELD-NAMES, by default all."
  (if (not field-names)
      (record-type-constructor type)
      (let* ((names (record-type-fields type))
             (n (length field-names))
             (places (map (lambda (name)
                            (let loop ((l field-names) (i 0))
                              (cond ((null? l) #f)
                                    ((eq? (car l) name) i)
                                    (else (loop (cdr l) (+ i 1))))))
                          names)))
        (letrec ((constructor
                  (lambda args
                    (unless (= (length args) n)
                      (scm-error 'wrong-number-of-args #f "Wrong number of arguments to ~A"
                                 (list constructor) #f))
                    (apply make-struct/simple type
                           (map (lambda (place) (and place (list-ref args place)))
                                places)))))
          constructor))))

(define (%record-of? type)
  (if (record-type-extensible? type)
      (let ((depth (vector-length (record-type-parents type))))
        (lambda (obj)
          (and (struct? obj)
               (let ((own (struct-vtable obj)))
                 (or (eq? own type)
                     (and (record-type? own)
                          (let ((parents (struct-ref own 12)))
                            (and (< depth (vector-length parents))
                                 (eq? (vector-ref parents depth) type)))))))))
      (lambda (obj)
        (and (struct? obj) (eq? (struct-vtable obj) type)))))

(define (record-predicate type)
  "Return a procedure that tells records of TYPE from other objects."
  (%check-record-type type)
  (%record-of? type))

(define (%field-index type name)
  (let loop ((l (reverse (record-type-fields type)))
             (i (- (length (record-type-fields type)) 1)))
    (cond ((null? l) (error 'no-such-field name))
          ((eq? (car l) name) i)
          (else (loop (cdr l) (- i 1))))))

(define (%not-of-type who type obj)
  (scm-error 'wrong-type-arg who "Wrong type argument (want `~S'): ~S"
             (list (record-type-name type) obj) #f))

(define (record-accessor type field-name)
  "Return a procedure that gives the field FIELD-NAME, a symbol or an index, of records of TYPE."
  (%check-record-type type)
  (let ((i (if (symbol? field-name) (%field-index type field-name) field-name)))
    (if (record-type-extensible? type)
        (let ((ours? (%record-of? type)))
          (lambda (obj)
            (if (ours? obj)
                (struct-ref obj i)
                (%not-of-type "record-accessor" type obj))))
        (lambda (obj)
          (if (and (struct? obj) (eq? (struct-vtable obj) type))
              (struct-ref obj i)
              (%not-of-type "record-accessor" type obj))))))

(define (record-modifier type field-name)
  "Return a procedure that sets the field FIELD-NAME, a symbol or an index, of records of TYPE."
  (%check-record-type type)
  (let ((i (if (symbol? field-name) (%field-index type field-name) field-name))
        (ours? (%record-of? type)))
    (unless (logbit? i (record-type-mutable-fields type))
      (error "field is immutable" type field-name))
    (lambda (obj value)
      (if (ours? obj)
          (struct-set! obj i value)
          (%not-of-type "record-modifier" type obj)))))
