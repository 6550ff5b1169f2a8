;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-64: test suites.

(define-module (srfi srfi-64)
  #:use-module (ice-9 exceptions)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (&bad-end-name bad-end-name? bad-end-name-begin-name bad-end-name-end-name
            define-test test-thunk test-procedure?
            test-begin test-end test-group test-group-with-cleanup
            test-assert test-eq test-eqv test-equal test-approximate test-error test-apply
            test-read-eval-string test-skip test-expect-fail
            test-match-all test-match-any test-match-name test-match-nth
            test-passed? test-result-alist test-result-clear test-result-kind test-result-ref
            test-result-remove test-result-set! test-with-runner
            test-runner? test-runner-create test-runner-current test-runner-factory
            test-runner-get test-runner-null test-runner-reset test-runner-simple
            test-runner-test-name test-runner-group-path test-runner-group-stack
            test-runner-aux-value test-runner-aux-value!
            test-runner-pass-count test-runner-fail-count test-runner-skip-count
            test-runner-xpass-count test-runner-xfail-count
            test-runner-on-test-begin test-runner-on-test-begin!
            test-runner-on-test-end test-runner-on-test-end!
            test-runner-on-group-begin test-runner-on-group-begin!
            test-runner-on-group-end test-runner-on-group-end!
            test-runner-on-bad-count test-runner-on-bad-count!
            test-runner-on-bad-end-name test-runner-on-bad-end-name!
            test-runner-on-final test-runner-on-final!
            test-on-test-begin-simple test-on-test-end-simple test-on-group-begin-simple
            test-on-group-end-simple test-on-bad-count-simple test-on-bad-end-name-simple))

(cond-expand-provide (current-module) '(srfi-64))

(define-exception-type &bad-end-name &programming-error
  make-bad-end-name bad-end-name?
  (begin-name bad-end-name-begin-name)
  (end-name bad-end-name-end-name))

(define-record-type test-runner
  (%make-test-runner counts result groups skips fails aux
                     on-test-begin on-test-end on-group-begin on-group-end on-bad-count
                     on-bad-end-name on-final)
  test-runner?
  (counts counts)                       ; hash table: result kind => number
  (result test-result-alist set-result!)
  (groups groups set-groups!)           ; the innermost first
  (skips skips set-skips!)
  (fails fails set-fails!)
  (aux test-runner-aux-value test-runner-aux-value!)
  (on-test-begin test-runner-on-test-begin test-runner-on-test-begin!)
  (on-test-end test-runner-on-test-end test-runner-on-test-end!)
  (on-group-begin test-runner-on-group-begin test-runner-on-group-begin!)
  (on-group-end test-runner-on-group-end test-runner-on-group-end!)
  (on-bad-count test-runner-on-bad-count test-runner-on-bad-count!)
  (on-bad-end-name test-runner-on-bad-end-name test-runner-on-bad-end-name!)
  (on-final test-runner-on-final test-runner-on-final!))

;; A group: its name, the number of tests it should have, how many there were, and the specifiers at its start.
(define-record-type <group>
  (make-group name expected start skips fails)
  group?
  (name group-name)
  (expected group-expected)
  (start group-start)
  (skips group-skips)
  (fails group-fails))

(define (test-runner-null)
  "Return a runner that only counts."
  (let ((nothing (lambda args #f)))
    (%make-test-runner (make-hash-table) '() '() '() '() #f
                       nothing nothing nothing nothing nothing nothing nothing)))

(define (count runner kind) (hashq-ref (counts runner) kind 0))
(define (test-runner-pass-count runner) (count runner 'pass))
(define (test-runner-fail-count runner) (count runner 'fail))
(define (test-runner-skip-count runner) (count runner 'skip))
(define (test-runner-xpass-count runner) (count runner 'xpass))
(define (test-runner-xfail-count runner) (count runner 'xfail))
(define (total runner) (hash-fold (lambda (kind n sum) (+ n sum)) 0 (counts runner)))

(define (test-runner-group-stack runner) (map group-name (groups runner)))
(define (test-runner-group-path runner) (reverse (test-runner-group-stack runner)))
(define (test-runner-test-name runner) (test-result-ref runner 'test-name ""))

(define (test-runner-reset runner)
  (hash-clear! (counts runner))
  (set-result! runner '())
  (set-groups! runner '())
  (set-skips! runner '())
  (set-fails! runner '()))

(define test-runner-current (make-parameter #f))
(define test-runner-factory (make-parameter (lambda () (test-runner-simple))))

(define (test-runner-create)
  ((test-runner-factory)))

(define (test-runner-get)
  (or (test-runner-current)
      (error "No test runner is currently installed")))

(define-syntax-rule (test-with-runner runner body ...)
  (parameterize ((test-runner-current runner)) body ...))

;;; Results

(define* (test-result-ref runner key #:optional default)
  (match (assq key (test-result-alist runner))
    ((_ . value) value)
    (#f default)))

(define (test-result-set! runner key value)
  (set-result! runner (assq-set! (test-result-alist runner) key value)))

(define (test-result-remove runner key)
  (set-result! runner (assq-remove! (test-result-alist runner) key)))

(define (test-result-clear runner)
  (set-result! runner '()))

(define* (test-result-kind #:optional (runner (test-runner-get)))
  (test-result-ref runner 'result-kind))

(define* (test-passed? #:optional (runner (test-runner-get)))
  (and (memq (test-result-kind runner) '(pass xpass)) #t))

;;; Specifiers: procedures of a runner.

(define (test-match-name name)
  (lambda (runner) (equal? name (test-runner-test-name runner))))

(define* (test-match-nth n #:optional (count 1))
  (let ((i 0))
    (lambda (runner)
      (set! i (+ i 1))
      (and (<= n i) (< i (+ n count))))))

(define (specifier obj)
  (cond ((procedure? obj) obj)
        ((string? obj) (test-match-name obj))
        ((integer? obj) (test-match-nth 1 obj))
        (else (error "not a valid test specifier" obj))))

(define (matches-any? specifiers runner)
  ;; All are asked: some count.
  (let loop ((specifiers specifiers) (any? #f))
    (if (null? specifiers)
        any?
        (loop (cdr specifiers) (or ((car specifiers) runner) any?)))))

(define (matches-all? specifiers runner)
  (let loop ((specifiers specifiers) (all? #t))
    (if (null? specifiers)
        all?
        (loop (cdr specifiers) (and ((car specifiers) runner) all?)))))

(define (test-match-any . objects)
  (let ((specifiers (map specifier objects)))
    (lambda (runner) (matches-any? specifiers runner))))

(define (test-match-all . objects)
  (let ((specifiers (map specifier objects)))
    (lambda (runner) (matches-all? specifiers runner))))

(define (test-skip . objects)
  (let ((runner (test-runner-get)))
    (set-skips! runner (cons (apply test-match-all objects) (skips runner)))))

(define (test-expect-fail . objects)
  (let ((runner (test-runner-get)))
    (set-fails! runner (cons (apply test-match-all objects) (fails runner)))))

;;; Groups

(define* (test-begin suite #:optional expected)
  (unless (test-runner-current)
    (test-runner-current (test-runner-create)))
  (let ((runner (test-runner-current)))
    ((test-runner-on-group-begin runner) runner suite expected)
    (set-groups! runner
                 (cons (make-group suite expected (total runner) (skips runner) (fails runner))
                       (groups runner)))))

(define* (test-end #:optional suite)
  (let ((runner (test-runner-get)))
    (match (groups runner)
      (() (error "test-end has no matching test-begin" suite))
      ((group . outer)
       (when (and suite (not (equal? suite (group-name group))))
         ((test-runner-on-bad-end-name runner) runner (group-name group) suite))
       (let ((actual (- (total runner) (group-start group))))
         (when (and (group-expected group) (not (= actual (group-expected group))))
           ((test-runner-on-bad-count runner) runner actual (group-expected group))))
       ((test-runner-on-group-end runner) runner)
       (set-skips! runner (group-skips group))
       (set-fails! runner (group-fails group))
       (set-groups! runner outer)
       (when (null? outer)
         ((test-runner-on-final runner) runner))))))

(define-syntax-rule (test-group suite body ...)
  (let ((name suite) (runner (test-runner-current)))
    (when runner
      (test-result-set! runner 'test-name name))
    (unless (and runner (matches-any? (skips runner) runner))
      (dynamic-wind
        (lambda () (test-begin name))
        (lambda () body ...)
        (lambda () (test-end name))))))

(define-syntax test-group-with-cleanup
  (syntax-rules ()
    ((_ suite body ... cleanup)
     (test-group suite
       (dynamic-wind
         (lambda () #f)
         (lambda () body ...)
         (lambda () cleanup))))))

;;; Tests

(define (run-test name properties thunk)
  "Run THUNK, which gives true if the test passes and may note more by test-result-set!."
  (let ((runner (test-runner-get)))
    (set-result! runner (append (if name `((test-name . ,name)) '()) properties))
    (let ((expected-to-fail? (matches-any? (fails runner) runner)))
      (cond ((matches-any? (skips runner) runner)
             (test-result-set! runner 'result-kind 'skip))
            (else
             (when expected-to-fail?
               (test-result-set! runner 'result-kind 'xfail))
             ((test-runner-on-test-begin runner) runner)
             (let ((ok? (with-exception-handler
                            (lambda (exception)
                              (test-result-set! runner 'actual-error exception)
                              #f)
                          thunk
                          #:unwind? #t)))
               (test-result-set! runner 'result-kind
                                 (if ok?
                                     (if expected-to-fail? 'xpass 'pass)
                                     (if expected-to-fail? 'xfail 'fail))))))
      (let ((kind (test-result-kind runner)))
        (hashq-set! (counts runner) kind (+ 1 (count runner kind)))
        ((test-runner-on-test-end runner) runner)))))

(define (source-properties-of stx)
  (let ((source (syntax-source stx)))
    (datum->syntax #'run-test
                   (if source
                       `((source-file . ,(assq-ref source 'filename))
                         (source-line . ,(and=> (assq-ref source 'line) 1+)))
                       '()))))

(define (note key value)
  (test-result-set! (test-runner-get) key value)
  value)

(define-syntax define-checks
  (syntax-rules ()
    ((_ (name same?) ...)
     (begin
       (define-syntax name
         (lambda (stx)
           (syntax-case stx ()
             ((_ expected expression)
              #`(run-test #f '((source-form . #,stx) . #,(source-properties-of stx))
                          (lambda () (check-equal same? expected expression))))
             ((_ title expected expression)
              #`(run-test title '((source-form . #,stx) . #,(source-properties-of stx))
                          (lambda () (check-equal same? expected expression)))))))
       ...))))

(define-syntax-rule (check-equal same? expected expression)
  (let ((wanted expected))
    (note 'expected-value wanted)
    (same? wanted (note 'actual-value expression))))

(define-checks (test-eq eq?) (test-eqv eqv?) (test-equal equal?))

(define-syntax test-assert
  (lambda (stx)
    (syntax-case stx ()
      ((_ expression)
       #`(run-test #f '((source-form . #,stx) . #,(source-properties-of stx))
                   (lambda () (check-true expression))))
      ((_ title expression)
       #`(run-test title '((source-form . #,stx) . #,(source-properties-of stx))
                   (lambda () (check-true expression)))))))

(define-syntax-rule (check-true expression)
  (let ((value expression))
    (and value (note 'actual-value value))))

(define-syntax test-approximate
  (lambda (stx)
    (syntax-case stx ()
      ((_ expected expression bound)
       #`(run-test #f '((source-form . #,stx) . #,(source-properties-of stx))
                   (lambda () (check-close expected expression bound))))
      ((_ title expected expression bound)
       #`(run-test title '((source-form . #,stx) . #,(source-properties-of stx))
                   (lambda () (check-close expected expression bound)))))))

(define-syntax-rule (check-close expected expression bound)
  (let ((wanted expected))
    (note 'expected-value wanted)
    (let ((got (note 'actual-value expression)))
      (<= (- wanted bound) got (+ wanted bound)))))

(define-syntax test-error
  (lambda (stx)
    (syntax-case stx ()
      ((_ expression)
       #`(run-test #f '((source-form . #,stx) . #,(source-properties-of stx))
                   (lambda () (check-error #t expression))))
      ((_ type expression)
       #`(run-test #f '((source-form . #,stx) . #,(source-properties-of stx))
                   (lambda () (check-error type expression))))
      ((_ title type expression)
       #`(run-test title '((source-form . #,stx) . #,(source-properties-of stx))
                   (lambda () (check-error type expression)))))))

(define-syntax-rule (check-error type expression)
  (let ((wanted type))
    (note 'expected-error wanted)
    (with-exception-handler
        (lambda (exception)
          (note 'actual-error exception)
          (error-of-type? wanted exception))
      (lambda ()
        expression
        #f)
      #:unwind? #t)))

(define (error-of-type? type exception)
  (cond ((eq? type #t) #t)
        ((not type) #f)
        ((symbol? type) (eq? type (exception-kind exception)))
        ((exception-type? type) ((exception-predicate type) exception))
        ((procedure? type) (type exception))
        (else #t)))

(define (test-apply first . rest)
  "Call the last argument, a thunk, with the current runner or with FIRST; other arguments say which tests run."
  (let* ((runner? (test-runner? first))
         (arguments (if runner? rest (cons first rest)))
         (thunk (car (reverse arguments)))
         (specifiers (map specifier (reverse (cdr (reverse arguments)))))
         (runner (if runner? first (or (test-runner-current) (test-runner-create)))))
    (define (run)
      (let ((before (skips runner)))
        (dynamic-wind
          (lambda ()
            (unless (null? specifiers)
              (set-skips! runner
                          (cons (lambda (runner) (not (matches-any? specifiers runner))) before))))
          thunk
          (lambda () (set-skips! runner before)))))
    (if (eq? runner (test-runner-current))
        (run)
        (test-with-runner runner (run)))))

(define (test-read-eval-string string)
  "Return the value of the expression STRING, which must be one."
  (let* ((port (open-input-string string))
         (form (read port)))
    (if (eof-object? (read-char port))
        (primitive-eval form)
        (error "(not at eof)"))))

(define-syntax-rule (define-test name body ...)
  (define name (%make-test 'name (lambda () body ...))))

(define-record-type <test>
  (%make-test name thunk)
  test-procedure?
  (name test-name)
  (thunk test-thunk))

;;; The simple runner: a log file, and a summary on the terminal.

(define (test-on-test-begin-simple runner) #f)

(define (test-on-test-end-simple runner)
  (let ((kind (test-result-kind runner)) (name (test-runner-test-name runner)))
    (when (memq kind '(fail xpass))
      (format #t "~a~a ~a~%"
              (match (test-result-ref runner 'source-file)
                (#f "")
                (file (format #f "~a:~a: " file (test-result-ref runner 'source-line))))
              (if (eq? kind 'xpass) "XPASS" "FAIL")
              name))))

(define (test-on-group-begin-simple runner suite expected)
  (when (null? (groups runner))
    (format #t "%%%% Starting test ~a~%" suite)))

(define (test-on-group-end-simple runner) #f)

(define (test-on-bad-count-simple runner actual expected)
  (format #t "*** Total number of tests was ~a but should be ~a. ***~%" actual expected)
  (display "*** Discrepancy indicates testsuite error or exceptions. ***\n"))

(define (test-on-bad-end-name-simple runner begin-name end-name)
  (raise-exception (make-exception (make-bad-end-name begin-name end-name)
                                   (make-exception-with-message
                                    (format #f "test-end ~a does not match test-begin ~a"
                                            end-name begin-name)))))

(define (on-final-simple runner)
  (for-each (match-lambda
              ((kind text)
               (unless (zero? (count runner kind))
                 (format #t "# of ~a ~a~%" text (count runner kind)))))
            '((pass "expected passes     ") (xfail "expected failures   ")
              (xpass "unexpected successes") (fail "unexpected failures ")
              (skip "skipped tests       "))))

(define (test-runner-simple)
  "Return a runner that says what fails, and how many tests passed."
  (let ((runner (test-runner-null)))
    (test-runner-on-test-begin! runner test-on-test-begin-simple)
    (test-runner-on-test-end! runner test-on-test-end-simple)
    (test-runner-on-group-begin! runner test-on-group-begin-simple)
    (test-runner-on-group-end! runner test-on-group-end-simple)
    (test-runner-on-bad-count! runner test-on-bad-count-simple)
    (test-runner-on-bad-end-name! runner test-on-bad-end-name-simple)
    (test-runner-on-final! runner on-final-simple)
    runner))
