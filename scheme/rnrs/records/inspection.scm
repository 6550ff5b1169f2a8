;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS records, looked into.

(define-module (rnrs records inspection)
  #:replace (record-type-name record-type-opaque? record-type-parent record-type-uid record?)
  #:export (record-field-mutable? record-rtd record-type-field-names record-type-generative?
            record-type-sealed?))

(define (check-record-type who type)
  (unless (and (struct? type) (struct-vtable? type))
    (scm-error 'wrong-type-arg (symbol->string who) "Wrong type argument: ~S" (list type) (list type))))

(define (record? obj)
  "Return true if OBJ is a record that is not opaque."
  (and ((@ (guile) record?) obj)
       (not ((@ (guile) record-type-opaque?) (struct-vtable obj)))))

(define (record-rtd record)
  "Return the type of RECORD."
  (unless (record? record)
    (scm-error 'wrong-type-arg "record-rtd" "Wrong type argument: ~S" (list record) (list record)))
  (struct-vtable record))

(define (record-type-name type)
  (check-record-type 'record-type-name type)
  ((@ (guile) record-type-name) type))

(define (record-type-parent type)
  (check-record-type 'record-type-parent type)
  ((@ (guile) record-type-parent) type))

(define (record-type-uid type)
  (check-record-type 'record-type-uid type)
  ((@ (guile) record-type-uid) type))

(define (record-type-generative? type)
  (not (record-type-uid type)))

(define (record-type-sealed? type)
  (check-record-type 'record-type-sealed? type)
  (not (record-type-extensible? type)))

(define (record-type-opaque? type)
  (check-record-type 'record-type-opaque? type)
  ((@ (guile) record-type-opaque?) type))

(define (own-fields type)
  (let ((parent ((@ (guile) record-type-parent) type)))
    (list-tail (record-type-fields type)
               (if parent (length (record-type-fields parent)) 0))))

(define (field-name field)
  (if (pair? field) (cadr field) field))

(define (record-type-field-names type)
  "Return the names of the fields that TYPE itself has, a vector."
  (check-record-type 'record-type-field-names type)
  (list->vector (map field-name (own-fields type))))

(define (record-field-mutable? type k)
  "Return true if the K-th field that TYPE itself has can be changed."
  (check-record-type 'record-field-mutable? type)
  (logbit? (+ k (- (length (record-type-fields type)) (length (own-fields type))))
           (record-type-mutable-fields type)))
