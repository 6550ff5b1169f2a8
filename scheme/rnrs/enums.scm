;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS enumerations.

(define-module (rnrs enums)
  #:use-module (srfi srfi-9)
  #:use-module ((srfi srfi-1) #:select (lset-intersection lset-union lset-difference every))
  #:export (define-enumeration enum-set->list enum-set-complement enum-set-constructor
            enum-set-difference enum-set-indexer enum-set-intersection enum-set-member?
            enum-set-projection enum-set-subset? enum-set-union enum-set-universe enum-set=?
            make-enumeration))

;; MEMBERS is in the order of UNIVERSE.
(define-record-type <enum-set>
  (make-enum-set universe members)
  enum-set?
  (universe universe)
  (members members))

(define (ordered all symbols)
  (make-enum-set all (filter (lambda (s) (memq s symbols)) all)))

(define (make-enumeration symbols)
  "Return the enumeration set of SYMBOLS, its own universe."
  (make-enum-set symbols symbols))

(define (enum-set-universe set)
  "Return the set of all of the universe of SET."
  (make-enumeration (universe set)))

(define (enum-set-indexer set)
  "Return a procedure that maps a symbol to its index in the universe of SET."
  (let ((all (universe set)))
    (lambda (symbol) (list-index all symbol))))

(define (enum-set-constructor set)
  "Return a procedure that makes a set of the universe of SET from a list."
  (let ((all (universe set)))
    (lambda (symbols)
      (for-each (lambda (s)
                  (unless (memq s all)
                    (error "symbol is not in the universe" s)))
                symbols)
      (ordered all symbols))))

(define (enum-set->list set)
  "Return the symbols of SET."
  (members set))

(define (enum-set-member? symbol set)
  "Return true if SYMBOL is in SET."
  (and (memq symbol (members set)) #t))

(define (enum-set-subset? a b)
  "Return true if A is a subset of B, their universes too."
  (and (every (lambda (s) (memq s (universe b))) (universe a))
       (every (lambda (s) (memq s (members b))) (members a))
       #t))

(define (enum-set=? a b)
  "Return true if A and B are subsets of each other."
  (and (enum-set-subset? a b) (enum-set-subset? b a)))

(define (enum-set-union a b)
  "Return the union of A and B."
  (ordered (universe a) (append (members a) (members b))))

(define (enum-set-intersection a b)
  "Return the intersection of A and B."
  (ordered (universe a) (filter (lambda (s) (memq s (members b))) (members a))))

(define (enum-set-difference a b)
  "Return A without the symbols of B."
  (ordered (universe a) (filter (lambda (s) (not (memq s (members b)))) (members a))))

(define (enum-set-complement set)
  "Return the set of what is not in SET."
  (ordered (universe set)
           (filter (lambda (s) (not (memq s (members set)))) (universe set))))

(define (enum-set-projection a b)
  "Return A as a set of the universe of B."
  (ordered (universe b) (members a)))

(define-syntax define-enumeration
  (lambda (form)
    "Define a macro that quotes a symbol of an enumeration, and one that makes sets of them."
    (syntax-case form ()
      ((_ type (symbol ...) constructor)
       #'(begin
           (define universe-set (make-enumeration '(symbol ...)))
           (define-syntax type
             (lambda (use)
               (syntax-case use ()
                 ((_ name)
                  (memq (syntax->datum #'name) '(symbol ...))
                  #''name)
                 ((_ name)
                  (syntax-violation 'type "not a member of the set" use #'name)))))
           (define-syntax constructor
             (lambda (use)
               (syntax-case use ()
                 ((_ . names)
                  (begin
                    (for-each (lambda (name)
                                (unless (memq name '(symbol ...))
                                  (syntax-violation 'constructor "not a member of the set" use)))
                              (syntax->datum #'names))
                    #'((enum-set-constructor universe-set) 'names)))))))))))
