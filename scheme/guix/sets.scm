;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Sets without side effects, by `equal?' (set) and by `eq?' (setq).

(define-module (guix sets)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:use-module (ice-9 vlist)
  #:export (set setq set? set-insert set-union set-contains? set->list
            list->set list->setq))

(define-record-type <set>
  (make-set insert ref items)
  set?
  (insert set-inserter)
  (ref    set-finder)
  (items  set-items))                             ;vhash

(define (set . items)
  (list->set items))

(define (setq . items)
  (list->setq items))

(define (list->set items)
  "The set of ITEMS, compared by `equal?'."
  (fold set-insert (make-set vhash-cons vhash-assoc vlist-null) items))

(define (list->setq items)
  "The set of ITEMS, compared by `eq?'."
  (fold set-insert (make-set vhash-consq vhash-assq vlist-null) items))

(define (set-contains? set item)
  "Whether ITEM is in SET."
  (->bool ((set-finder set) item (set-items set))))

(define (set-insert item set)
  "SET with ITEM."
  (if (set-contains? set item)
      set
      (make-set (set-inserter set) (set-finder set)
                ((set-inserter set) item #t (set-items set)))))

(define (set-union a b)
  "All that is in A or B."
  (fold set-insert a (set->list b)))

(define (set->list set)
  "The items of SET."
  (vlist-fold (lambda (pair result) (cons (car pair) result))
              '() (set-items set)))
