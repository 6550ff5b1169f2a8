;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; XPath on SXML.  A selector takes a node or a list of nodes and gives a list of nodes.

(define-module (sxml xpath)
  #:use-module (ice-9 pretty-print)
  #:export (nodeset? node-typeof? node-eq? node-equal? node-pos take-until take-after map-union
            node-reverse node-trace select-kids node-self node-join node-reduce node-or
            node-closure node-parent sxpath)
  #:export ((select . filter))
  #:replace ((select . filter)))

(define (nodeset? x)
  "Return true if X is a list of nodes, not a node."
  (or (null? x)
      (and (pair? x) (not (symbol? (car x))))))

(define (as-nodeset x)
  (if (nodeset? x) x (list x)))

;;; Tests of a node

(define (node-typeof? type)
  "Return a test for nodes of TYPE: an element's name, * for any element, *text* for text, *any* for any node."
  (case type
    ((*) (lambda (node) (and (pair? node) (not (memq (car node) '(@ *PI*))))))
    ((*any*) (lambda (node) #t))
    ((*text*) string?)
    (else (lambda (node) (and (pair? node) (eq? type (car node)))))))

(define (node-eq? other)
  (lambda (node) (eq? other node)))

(define (node-equal? other)
  (lambda (node) (equal? other node)))

;;; Selectors

(define (node-pos n)
  "Return a selector of the N-th node, from 1, or from the end with -1."
  (lambda (nodes)
    (cond ((not (nodeset? nodes)) '())
          ((null? nodes) nodes)
          ((eqv? n 0) (error "invalid node position" n))
          ((= n 1) (list (car nodes)))
          ((negative? n)
           ((node-pos (+ n 1 (length nodes))) nodes))
          (else
           ((node-pos (- n 1)) (cdr nodes))))))

(define (select test)
  "Return a selector of the nodes for which TEST, a test or a selector, gives neither #f nor ()."
  (lambda (nodes)
    (let loop ((nodes (as-nodeset nodes)))
      (cond ((null? nodes) '())
            ((memv (test (car nodes)) '(#f ())) (loop (cdr nodes)))
            (else (cons (car nodes) (loop (cdr nodes))))))))

(define (take-until test)
  "Return a selector of the nodes before the first for which TEST is true."
  (lambda (nodes)
    (let loop ((nodes (as-nodeset nodes)))
      (cond ((null? nodes) '())
            ((memv (test (car nodes)) '(#f ())) (cons (car nodes) (loop (cdr nodes))))
            (else '())))))

(define (take-after test)
  "Return a selector of the nodes after the first for which TEST is true."
  (lambda (nodes)
    (let loop ((nodes (as-nodeset nodes)))
      (cond ((null? nodes) '())
            ((memv (test (car nodes)) '(#f ())) (loop (cdr nodes)))
            (else (cdr nodes))))))

(define (map-union proc nodes)
  "Return the nodes that PROC, which gives a node or a list of nodes, gives for NODES."
  (if (null? nodes)
      '()
      (let ((result (proc (car nodes))))
        (if (nodeset? result)
            (append result (map-union proc (cdr nodes)))
            (cons result (map-union proc (cdr nodes)))))))

(define (node-reverse nodes)
  (if (nodeset? nodes) (reverse nodes) (list nodes)))

(define (node-trace title)
  "Return a selector of all nodes that shows them."
  (lambda (nodes)
    (display "\n-->")
    (display title)
    (display " :")
    (pretty-print nodes)
    nodes))

(define (select-kids test)
  "Return a selector of the children for which TEST is true."
  (lambda (node)
    (cond ((null? node) node)
          ((not (pair? node)) '())
          ((symbol? (car node)) ((select test) (cdr node)))
          (else (map-union (select-kids test) node)))))

(define node-self select)

(define (node-join . selectors)
  "Return a selector that applies SELECTORS one after the other, each to every node by itself."
  (lambda (nodes)
    (let loop ((nodes nodes) (selectors selectors))
      (if (null? selectors)
          nodes
          (loop (if (nodeset? nodes)
                    (map-union (car selectors) nodes)
                    ((car selectors) nodes))
                (cdr selectors))))))

(define (node-reduce . converters)
  "Return a selector that applies CONVERTERS one after the other, each to all nodes together."
  (lambda (nodes)
    (let loop ((nodes nodes) (converters converters))
      (if (null? converters)
          nodes
          (loop ((car converters) nodes) (cdr converters))))))

(define (node-or . selectors)
  "Return a selector of what any of SELECTORS selects."
  (lambda (node)
    (apply append (map (lambda (selector)
                         (let ((result (selector node)))
                           (cond ((not result) '())
                                 ((nodeset? result) result)
                                 (else (list result)))))
                       selectors))))

(define (node-closure test)
  "Return a selector of all descendants for which TEST is true."
  (lambda (node)
    (let loop ((parents node) (found '()))
      (if (null? parents)
          found
          (loop ((select-kids (node-typeof? '*)) parents)
                (append found ((select-kids test) parents)))))))

(define (node-parent root)
  "Return a selector of the parents of nodes, which are below ROOT, a node or nodes."
  (lambda (nodes)
    (define (parent-of node)
      ;; What holds an attribute is the element around the attribute list.
      (let loop ((candidates (map (lambda (root) (cons root root)) (as-nodeset root))))
        (if (null? candidates)
            '()
            (let ((holder (caar candidates)) (element (cdar candidates)))
              (if (and (pair? holder) (memq node (cdr holder)))
                  (list element)
                  (loop (append (if (pair? holder)
                                    (map (lambda (child)
                                           (cons child
                                                 (if (and (pair? child) (eq? (car child) '@))
                                                     element
                                                     child)))
                                         (let children ((rest (cdr holder)))
                                           (cond ((not (pair? rest)) '())
                                                 ((pair? (car rest)) (cons (car rest) (children (cdr rest))))
                                                 (else (children (cdr rest))))))
                                    '())
                                (cdr candidates))))))))
    (if (nodeset? nodes)
        (map-union parent-of nodes)
        (parent-of nodes))))

;;; Abbreviated paths

(define (sxpath path)
  "Return the selector that PATH, a list of steps, stands for."
  (lambda (nodes)
    (let loop ((nodes nodes) (path path))
      (cond ((or (null? path) (null? nodes)) nodes)
            ((procedure? path) (path nodes))
            ((not (pair? path)) (error "invalid path" path))
            ((procedure? (car path))
             (loop (if (nodeset? nodes)
                       (map-union (car path) nodes)
                       ((car path) nodes))
                   (cdr path)))
            ((eq? (car path) '//)
             (loop ((if (nodeset? nodes)
                        (lambda (nodes) (append nodes ((node-closure (node-typeof? '*any*)) nodes)))
                        (node-or (node-self (node-typeof? '*any*))
                                 (node-closure (node-typeof? '*any*))))
                    nodes)
                   (cdr path)))
            ((symbol? (car path))
             (loop ((select-kids (node-typeof? (car path))) nodes) (cdr path)))
            ((eq? (caar path) 'equal?)
             (loop ((select-kids (apply node-equal? (cdar path))) nodes) (cdr path)))
            ((eq? (caar path) 'eq?)
             (loop ((select-kids (apply node-eq? (cdar path))) nodes) (cdr path)))
            (else (loop (reduced (car path) nodes) (cdr path)))))))

(define (reduced step nodes)
  "Return what STEP, (PATH FILTER ...), selects from NODES: the filters see each node's results by themselves."
  (let ((select-path (if (symbol? (car step))
                         (select-kids (node-typeof? (car step)))
                         (sxpath (car step)))))
    (map-union (lambda (node)
                 (let loop ((nodes (select-path node)) (filters (cdr step)))
                   (cond ((null? filters) nodes)
                         ((number? (car filters))
                          (loop ((node-pos (car filters)) nodes) (cdr filters)))
                         (else
                          (loop ((select (sxpath (car filters))) nodes) (cdr filters))))))
               (as-nodeset nodes))))
