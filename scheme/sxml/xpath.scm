;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; XPath on SXML.  Its procedures are not written yet, so that what imports them loads, and fails
;;; where it calls them.

(define-module (sxml xpath)
  #:export (filter map-union node-closure node-eq? node-equal? node-join node-or node-parent
            node-pos node-reduce node-reverse node-self node-trace node-typeof? nodeset?
            select-kids sxpath take-after take-until))

(define (not-yet name)
  (lambda args
    (scm-error 'misc-error (symbol->string name) "not there yet in fruix" '() #f)))

(define-syntax-rule (define-not-yet name ...)
  (begin (define name (not-yet 'name)) ...))

(define-not-yet
  filter map-union node-closure node-eq? node-equal? node-join node-or node-parent node-pos
  node-reduce node-reverse node-self node-trace node-typeof? nodeset? select-kids sxpath
  take-after take-until)
