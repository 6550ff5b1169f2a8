;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Foreign memory and functions.  The primitives are native; structures are laid out here.

(define-module (system foreign)
  #:use-module (fruix native)
  #:use-module (rnrs bytevectors)
  #:re-export (alignof bytevector->pointer complex-double complex-float dereference-pointer
               double float int int16 int32 int64 int8 intptr_t long make-pointer
               pointer->bytevector pointer->procedure pointer->scm pointer->string
               pointer-address pointer? procedure->pointer ptrdiff_t scm->pointer
               set-pointer-finalizer! short size_t sizeof ssize_t string->pointer uint16 uint32
               uint64 uint8 uintptr_t unsigned-int unsigned-long unsigned-short void)
  #:export (null-pointer? define-wrapped-pointer-type make-c-struct parse-c-struct
            read-c-struct write-c-struct %null-pointer))

(define %null-pointer (make-pointer 0))

(define (null-pointer? pointer)
  "Return true if POINTER is the null pointer."
  (zero? (pointer-address pointer)))

(define (align offset alignment)
  (* alignment (quotient (+ offset alignment -1) alignment)))

(define (signed? type)
  (memv type (list int8 int16 int32 int64)))

(define (field-ref bv offset type)
  (cond ((eqv? type float) (bytevector-ieee-single-native-ref bv offset))
        ((eqv? type double) (bytevector-ieee-double-native-ref bv offset))
        ((eq? type '*)
         (make-pointer (bytevector-uint-ref bv offset (native-endianness) (sizeof '*))))
        ((signed? type) (bytevector-sint-ref bv offset (native-endianness) (sizeof type)))
        (else (bytevector-uint-ref bv offset (native-endianness) (sizeof type)))))

(define (field-set! bv offset type value)
  (cond ((eqv? type float) (bytevector-ieee-single-native-set! bv offset value))
        ((eqv? type double) (bytevector-ieee-double-native-set! bv offset value))
        ((eq? type '*)
         (bytevector-uint-set! bv offset (pointer-address value) (native-endianness) (sizeof '*)))
        ((signed? type)
         (bytevector-sint-set! bv offset value (native-endianness) (sizeof type)))
        (else
         (bytevector-uint-set! bv offset value (native-endianness) (sizeof type)))))

(define (write-fields bv offset types vals)
  (let loop ((offset offset) (types types) (vals vals))
    (unless (null? types)
      (let ((offset (align offset (alignof (car types)))))
        (if (pair? (car types))
            (write-fields bv offset (car types) (car vals))
            (field-set! bv offset (car types) (car vals)))
        (loop (+ offset (sizeof (car types))) (cdr types) (cdr vals))))))

(define (read-fields bv offset types)
  (let loop ((offset offset) (types types) (vals '()))
    (if (null? types)
        (reverse vals)
        (let ((offset (align offset (alignof (car types)))))
          (loop (+ offset (sizeof (car types)))
                (cdr types)
                (cons (if (pair? (car types))
                          (read-fields bv offset (car types))
                          (field-ref bv offset (car types)))
                      vals))))))

(define (make-c-struct types vals)
  "Return a pointer to a new structure of TYPES that holds VALS."
  (let ((bv (make-bytevector (sizeof types) 0)))
    (write-fields bv 0 types vals)
    (bytevector->pointer bv)))

(define (parse-c-struct pointer types)
  "Return the list of the fields of the structure of TYPES at POINTER."
  (read-fields (pointer->bytevector pointer (sizeof types)) 0 types))

(define-syntax read-c-struct
  ;; (read-c-struct BV OFFSET ((FIELD TYPE) ...) K): call K with the fields.
  (syntax-rules ()
    ((_ bv offset ((field type) ...) k)
     (apply k (read-fields bv offset (list type ...))))))

(define-syntax write-c-struct
  ;; (write-c-struct BV OFFSET ((FIELD TYPE) ...)): store the variables FIELD ...
  (syntax-rules ()
    ((_ bv offset ((field type) ...))
     (write-fields bv offset (list type ...) (list field ...)))))

(define-syntax define-wrapped-pointer-type
  (lambda (form)
    "Define a type of objects that wrap a pointer; the same pointer gives the same object while that lives."
    (syntax-case form ()
      ((_ type pred wrap unwrap print)
       (with-syntax ((make (datum->syntax #'wrap (symbol-append '%% (syntax->datum #'wrap)))))
         #'(begin
             (define type (make-record-type 'type '(pointer) print))
             (define pred (record-predicate type))
             (define make (record-constructor type))
             (define unwrap (record-accessor type 'pointer))
             (define wrap
               (let ((objects (make-weak-value-hash-table)))
                 (lambda (pointer)
                   (or (hash-ref objects pointer)
                       (let ((object (make pointer)))
                         (hash-set! objects pointer object)
                         object)))))))))))
