;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Object and symbol properties, hooks.

(define %object-properties (make-weak-key-hash-table))

(define (object-properties obj)
  "Return the alist of properties of OBJ."
  (hashq-ref %object-properties obj '()))

(define (set-object-properties! obj alist)
  "Set the alist of properties of OBJ."
  (hashq-set! %object-properties obj alist)
  alist)

(define (object-property obj key)
  "Return the property KEY of OBJ, or #f."
  (assq-ref (object-properties obj) key))

(define (set-object-property! obj key value)
  "Set the property KEY of OBJ."
  (set-object-properties! obj (assq-set! (list-copy (object-properties obj)) key value))
  value)

(define (make-object-property)
  "Return a procedure with setter that maps objects to a value of theirs, #f at first."
  (let ((table (make-weak-key-hash-table)))
    (make-procedure-with-setter
     (lambda (obj) (hashq-ref table obj))
     (lambda (obj value) (hashq-set! table obj value)))))

(define %symbol-properties (make-hash-table))

(define (symbol-property sym prop)
  "Return the property PROP of the symbol SYM, or #f."
  (assoc-ref (hashq-ref %symbol-properties sym '()) prop))

(define (set-symbol-property! sym prop value)
  "Set the property PROP of the symbol SYM."
  (hashq-set! %symbol-properties sym
              (acons prop value
                     (filter (lambda (p) (not (equal? (car p) prop)))
                             (hashq-ref %symbol-properties sym '())))))

(define (symbol-property-remove! sym prop)
  "Remove the property PROP of the symbol SYM."
  (hashq-set! %symbol-properties sym
              (filter (lambda (p) (not (equal? (car p) prop)))
                      (hashq-ref %symbol-properties sym '()))))

(define <hook>
  (make-record-type 'hook '(arity procedures)
                    (lambda (hook port)
                      (display "#<hook " port)
                      (display (%hook-arity hook) port)
                      (display ">" port))))
(define %make-hook (record-constructor <hook>))
(define hook? (record-predicate <hook>))
(define %hook-arity (record-accessor <hook> 'arity))
(define hook->list (record-accessor <hook> 'procedures))
(define %set-hook-procedures! (record-modifier <hook> 'procedures))

(define* (make-hook #:optional (arity 0))
  "Return a hook for procedures of ARITY arguments."
  (%make-hook arity '()))

(define (hook-empty? hook)
  "Return true if HOOK holds no procedure."
  (null? (hook->list hook)))

(define* (add-hook! hook proc #:optional append?)
  "Add PROC to HOOK: first, or last if APPEND? is true."
  (let ((others (delq proc (hook->list hook))))
    (%set-hook-procedures! hook (if append?
                                    (append others (list proc))
                                    (cons proc others)))))

(define (remove-hook! hook proc)
  "Remove PROC from HOOK."
  (%set-hook-procedures! hook (delq proc (hook->list hook))))

(define (reset-hook! hook)
  "Remove all procedures from HOOK."
  (%set-hook-procedures! hook '()))

(define (run-hook hook . args)
  "Apply the procedures of HOOK to ARGS."
  (unless (= (length args) (%hook-arity hook))
    (scm-error 'misc-error "run-hook" "Hook ~S requires ~A arguments"
               (list hook (%hook-arity hook)) #f))
  (for-each (lambda (proc) (apply proc args)) (hook->list hook)))

(define abort-hook (make-hook))
(define before-error-hook (make-hook))
(define after-error-hook (make-hook))
(define before-backtrace-hook (make-hook))
(define after-backtrace-hook (make-hook))
(define before-read-hook (make-hook))
(define after-read-hook (make-hook))
(define before-eval-hook (make-hook 1))
(define after-eval-hook (make-hook 1))
(define before-print-hook (make-hook 1))
(define after-print-hook (make-hook 1))
(define exit-hook (make-hook))
(define after-gc-hook (make-hook))
(define module-defined-hook (make-hook 1))
