;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Parsers from LALR(1) grammars, with the interface of lalr-scm as Guile has it.
;;; The tables are computed when a parser is called first.  There is no recovery
;;; from errors: the symbol 'error' in a rule is a token like any other, which no
;;; lexer gives.

(define-module (system base lalr)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:use-module (ice-9 match)
  #:export (lalr-parser
            make-lexical-token lexical-token? lexical-token-category
            lexical-token-source lexical-token-value
            make-source-location source-location? source-location-input
            source-location-line source-location-column
            source-location-offset source-location-length
            source-location->source-properties
            grammar->parser))

(define-record-type <lexical-token>
  (make-lexical-token category source value)
  lexical-token?
  (category lexical-token-category)
  (source   lexical-token-source)
  (value    lexical-token-value))

(define-record-type <source-location>
  (make-source-location input line column offset length)
  source-location?
  (input  source-location-input)
  (line   source-location-line)
  (column source-location-column)
  (offset source-location-offset)
  (length source-location-length))

(define (source-location->source-properties loc)
  "Return LOC as Guile's source properties."
  `((filename . ,(source-location-input loc))
    (line . ,(source-location-line loc))
    (column . ,(source-location-column loc))))

(define-syntax lalr-parser
  (lambda (s)
    "Return a procedure of a lexer and of a procedure that is told of errors."
    (define (option? form)
      (syntax-case form ()
        ((keyword value)
         (memq (syntax->datum #'keyword)
               '(expect: output: out-table: driver:)))
        (_ #f)))

    (define (parameters rule right)
      ;; $1, $2, ... as the action of RULE sees them.
      (map (lambda (n)
             (datum->syntax rule (string->symbol (format #f "$~a" (+ n 1)))))
           (iota (length right))))

    (define (alternatives rule forms)
      ;; Pairs of right-hand side and action.
      (syntax-case forms ()
        (() '())
        ((right colon action . rest)
         (eq? (syntax->datum #'colon) ':)
         (cons (list #'right #'action) (alternatives rule #'rest)))
        ((right . rest)
         (cons (list #'right (if (null? (syntax->datum #'right))
                                 #''()
                                 (datum->syntax rule '$1)))
               (alternatives rule #'rest)))))

    (define (strip-precedence right)
      ;; The symbols of RIGHT without a '(prec: TOKEN)' at the end.
      (filter identifier? right))

    (syntax-case s ()
      ((_ form ...)
       (match (remove option? #'(form ...))
         ((tokens rules ...)
          (with-syntax
              ((tokens tokens)
               (((left (right action) ...) ...)
                (map (lambda (rule)
                       (syntax-case rule ()
                         ((left . forms)
                          (cons #'left
                                (map (match-lambda
                                       ((right action)
                                        (syntax-case right ()
                                          ((symbol ...)
                                           (list right
                                                 #`(lambda #,(parameters
                                                              #'left
                                                              (strip-precedence
                                                               #'(symbol ...)))
                                                     #,action))))))
                                     (alternatives #'left #'forms))))))
                     rules)))
            #'(grammar->parser 'tokens
                               '((left right ...) ...)
                               (list action ... ...)))))))))


;;;
;;; Grammars.
;;;

;; A rule: its number, the symbol that it makes, what it is made of, the
;; precedence.
(define-record-type <rule>
  (make-rule number left right precedence)
  rule?
  (number     rule-number)
  (left       rule-left)
  (right      rule-right)
  (precedence rule-precedence))

(define (token-precedences tokens)
  ;; Alist of tokens to (LEVEL . ASSOCIATIVITY); #f for those without.
  (let loop ((tokens tokens) (level 1) (result '()))
    (match tokens
      (() result)
      ((((and associativity (or 'left: 'right: 'nonassoc:)) . names) . rest)
       (loop rest (+ level 1)
             (append (map (lambda (name) `(,name ,level . ,associativity)) names)
                     result)))
      ((name . rest)
       (loop rest level (alist-cons name #f result))))))

(define (grammar-rules grammar precedences)
  ;; The rules, the augmented one first, whose numbers are their positions.
  (define start (car (first grammar)))

  (define (precedence right)
    (or (any (match-lambda
               (('prec: token) (assq-ref precedences token))
               (_ #f))
             right)
        (any (lambda (symbol) (and (symbol? symbol)
                                   (assq-ref precedences symbol)))
             (reverse right))))

  (define plain
    (append-map (match-lambda
                  ((left rights ...)
                   (map (lambda (right)
                          (list left (filter symbol? right) (precedence right)))
                        rights)))
                grammar))

  (list->vector
   (map (lambda (number fields) (apply make-rule number fields))
        (iota (+ 1 (length plain)))
        (cons (list '*start* (list start) #f) plain))))

(define (first-sets rules)
  ;; Procedure that gives what a list of symbols can start with: tokens, and #f
  ;; if it can be empty.
  (define sets (make-hash-table))

  (define (of-symbol symbol)
    (hashq-ref sets symbol (list symbol)))

  (define (of-list symbols)
    (match symbols
      (() '(#f))
      ((symbol . rest)
       (let ((set (of-symbol symbol)))
         (if (memq #f set)
             (lset-union eq? (delq #f set) (of-list rest))
             set)))))

  (vector-for-each* (lambda (rule) (hashq-set! sets (rule-left rule) '())) rules)
  (let loop ()
    (define changed? #f)
    (vector-for-each*
     (lambda (rule)
       (let* ((old (of-symbol (rule-left rule)))
              (new (lset-union eq? old (of-list (rule-right rule)))))
         (unless (= (length old) (length new))
           (set! changed? #t)
           (hashq-set! sets (rule-left rule) new))))
     rules)
    (when changed? (loop)))
  of-list)

(define (vector-for-each* proc vector)
  (for-each proc (vector->list vector)))


;;;
;;; Tables.  An item is a pair of rule number and position; a state is an alist of
;;; items to the tokens that may follow.
;;;

(define (closure kernel rules first-of)
  ;; All items of the state whose kernel is KERNEL.
  (define items (make-hash-table))
  (define order '())

  (define (add! item follow)
    (let ((old (hash-ref items item)))
      (unless old (set! order (cons item order)))
      (let ((new (lset-union eq? (or old '()) follow)))
        (unless (and old (= (length old) (length new)))
          (hash-set! items item new)
          (expand item new)))))

  (define (expand item follow)
    (match item
      ((number . position)
       (match (list-tail (rule-right (vector-ref rules number)) position)
         (() #t)
         ((symbol . rest)
          (let* ((set (first-of rest))
                 (set (if (memq #f set)
                          (lset-union eq? (delq #f set) follow)
                          set)))
            (vector-for-each*
             (lambda (rule)
               (when (eq? symbol (rule-left rule))
                 (add! (cons (rule-number rule) 0) set)))
             rules)))))))

  (for-each (match-lambda ((item . follow) (add! item follow))) kernel)
  (map (lambda (item) (cons item (hash-ref items item))) (reverse order)))

(define (next-kernels items rules)
  ;; Alist of symbols to the kernels of the states that they lead to.
  (fold (lambda (entry result)
          (match entry
            (((number . position) . follow)
             (match (list-tail (rule-right (vector-ref rules number)) position)
               (() result)
               ((symbol . _)
                (let ((item (cons number (+ 1 position)))
                      (known (or (assq-ref result symbol) '())))
                  (assq-set! result symbol (acons item follow known))))))))
        '()
        items))

(define (item<? a b)
  (or (< (caar a) (caar b))
      (and (= (caar a) (caar b)) (< (cdar a) (cdar b)))))

(define (states rules first-of)
  ;; Vector of states: pairs of items and of an alist of symbols to states.
  (define kernels (make-hash-table))              ;number => kernel
  (define numbers (make-hash-table))              ;items of a kernel => number
  (define count 0)

  (define (merge old new)
    (map (match-lambda
           ((item . follow)
            (cons item (lset-union eq? follow (assoc-ref new item)))))
         old))

  (define (sizes kernel) (map (compose length cdr) kernel))

  ;; The number of the state, and whether it is new or has got more tokens.
  (define (state-number! kernel)
    (let* ((kernel (sort kernel item<?))
           (core   (map car kernel))
           (number (hash-ref numbers core)))
      (if number
          (let* ((old (hashv-ref kernels number))
                 (new (merge old kernel)))
            (hashv-set! kernels number new)
            (values number (not (equal? (sizes old) (sizes new)))))
          (let ((number count))
            (set! count (+ 1 count))
            (hash-set! numbers core number)
            (hashv-set! kernels number kernel)
            (values number #t)))))

  (state-number! '(((0 . 0) *eoi*)))
  (let loop ((left '(0)))
    (match left
      (() #t)
      ((number . left)
       (loop
        (fold (lambda (next left)
                (call-with-values (lambda () (state-number! (cdr next)))
                  (lambda (number changed?)
                    (if (and changed? (not (memv number left)))
                        (cons number left)
                        left))))
              left
              (next-kernels (closure (hashv-ref kernels number) rules first-of)
                            rules))))))
  (map (lambda (number)
         (let ((items (closure (hashv-ref kernels number) rules first-of)))
           (cons items
                 (map (match-lambda
                        ((symbol . kernel)
                         (cons symbol
                               (hash-ref numbers
                                         (map car (sort kernel item<?))))))
                      (next-kernels items rules)))))
       (iota count)))

(define (prefer old new token rules precedences)
  ;; Of two actions on TOKEN, the one that is taken.
  (match (list old new)
    (((or ('shift . _) ('reduce . _)) (? (lambda (new) (equal? new old)))) old)
    ((('reduce . a) ('reduce . b)) `(reduce . ,(min a b)))
    ((('reduce . _) ('shift . _)) (prefer new old token rules precedences))
    ((('shift . _) ('reduce . number))
     (match (list (assq-ref precedences token)
                  (rule-precedence (vector-ref rules number)))
       (((level . associativity) (level* . _))
        (cond ((> level level*) old)
              ((< level level*) new)
              (else (match associativity
                      ('left: new)
                      ('right: old)
                      ('nonassoc: '(error))))))
       (_ old)))
    (_ old)))

(define (state-actions state rules precedences)
  ;; Alist of symbols to (shift . STATE), (reduce . RULE) or (accept).
  (match state
    ((items . transitions)
     (fold (lambda (entry actions)
             (match entry
               (((number . position) . follow)
                (if (= position (length (rule-right (vector-ref rules number))))
                    (fold (lambda (token actions)
                            (let* ((new (if (zero? number)
                                            '(accept)
                                            `(reduce . ,number)))
                                   (old (assq-ref actions token)))
                              (acons token
                                     (if old
                                         (prefer old new token rules precedences)
                                         new)
                                     (alist-delete token actions eq?))))
                          actions
                          follow)
                    actions))))
           (map (match-lambda ((symbol . state) `(,symbol shift . ,state)))
                transitions)
           items))))

(define (grammar->parser tokens grammar actions)
  "Return a parser for GRAMMAR, a list of symbols with their right-hand sides,
whose values the procedures ACTIONS give."
  (define tables
    (delay
      (let* ((precedences (token-precedences tokens))
             (rules (grammar-rules grammar precedences)))
        (cons rules
              (list->vector
               (map (lambda (state) (state-actions state rules precedences))
                    (states rules (first-sets rules))))))))
  (define procedures (list->vector actions))

  (lambda (lexer error-handler)
    (match (force tables)
      ((rules . table)
       (parse rules table procedures lexer error-handler)))))

(define (parse rules table procedures lexer error-handler)
  ;; Run the automaton; the value of the start symbol, or #f after an error.
  (define (category token)
    (if (lexical-token? token) (lexical-token-category token) token))

  (define (value token)
    (if (lexical-token? token) (lexical-token-value token) token))

  ;; STACK has pairs of state and value, the innermost first.
  (let loop ((stack '((0 . #f))) (token (lexer)))
    (match (assq-ref (vector-ref table (caar stack)) (category token))
      (('shift . state)
       (loop (acons state (value token) stack) (lexer)))
      (('reduce . number)
       (let* ((rule  (vector-ref rules number))
              (count (length (rule-right rule)))
              (args  (reverse (map cdr (take stack count))))
              (stack (drop stack count)))
         (match (assq-ref (vector-ref table (caar stack)) (rule-left rule))
           (('shift . state)
            (loop (acons state
                         (apply (vector-ref procedures (- number 1)) args)
                         stack)
                  token)))))
      (('accept) (cdar stack))
      (_
       (if (eq? '*eoi* (category token))
           (error-handler "Syntax error: unexpected end of input")
           (error-handler "Syntax error: unexpected token : " token))
       #f))))
