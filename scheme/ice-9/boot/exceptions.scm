;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Exception types of (guile) and (ice-9 exceptions), one hierarchy of records under &exception.
;;; A compound exception is a flat list of simple ones.  Everything is defined here, so that a throw
;;; always gives the full compound; (ice-9 exceptions) only exports.

(define &exception (make-record-type '&exception '() #:extensible? #t))
(define %simple-exception? (record-predicate &exception))

(define &compound-exception
  (make-record-type '&compound-exception '((immutable components))))
(define %compound-exception? (record-predicate &compound-exception))
(define %make-compound-exception (record-constructor &compound-exception))
(define %compound-exception-components
  (record-accessor &compound-exception 'components))

(define (simple-exceptions exception)
  "Return the list of simple exceptions that EXCEPTION is composed of."
  (cond ((%compound-exception? exception) (%compound-exception-components exception))
        ((%simple-exception? exception) (list exception))
        (else (error "not a exception" exception))))

(define (make-exception . exceptions)
  "Compose EXCEPTIONS into one."
  (let ((simple (let loop ((l exceptions))
                  (if (null? l)
                      '()
                      (append (simple-exceptions (car l)) (loop (cdr l)))))))
    (if (and (pair? simple) (null? (cdr simple)))
        (car simple)
        (%make-compound-exception simple))))

(define (exception? obj)
  "Return true if OBJ is an exception object."
  (or (%compound-exception? obj) (%simple-exception? obj)))

(define (exception-type? obj)
  "Return true if OBJ is an exception type."
  (and (record-type? obj)
       (record-type-has-parent? obj &exception)))

(define (make-exception-type id parent field-names)
  "Return a new exception type ID, a subtype of PARENT, with FIELD-NAMES."
  (unless (exception-type? parent)
    (error "parent is not a exception type" parent))
  (unless (and-map symbol? field-names)
    (error "field names should be a list of symbols" field-names))
  (make-record-type id field-names #:parent parent #:extensible? #t))

(define (exception-predicate rtd)
  "Return a predicate for exceptions one of whose components is of type RTD."
  (let ((simple? (record-predicate rtd)))
    (lambda (obj)
      (if (%compound-exception? obj)
          (or-map simple? (%compound-exception-components obj))
          (simple? obj)))))

(define (exception-accessor rtd proc)
  "Return a procedure that applies PROC to the component of its argument which is of type RTD."
  (let ((simple? (record-predicate rtd)))
    (lambda (obj)
      (if (simple? obj)
          (proc obj)
          (let loop ((l (if (%compound-exception? obj)
                            (%compound-exception-components obj)
                            '())))
            (cond ((null? l)
                   (error "object is not an exception of the right type" obj rtd))
                  ((simple? (car l)) (proc (car l)))
                  (else (loop (cdr l)))))))))

(define (%exception-field type field)
  (exception-accessor type (record-accessor type field)))

(define &exception-with-kind-and-args
  (make-record-type '&exception-with-kind-and-args '((immutable kind) (immutable args))
                    #:parent &exception #:extensible? #f))
(define &quit-exception
  (make-record-type '&quit-exception '((immutable code)) #:parent &exception #:extensible? #f))
(define &error (make-exception-type '&error &exception '()))
(define &programming-error (make-exception-type '&programming-error &error '()))
(define &non-continuable (make-exception-type '&non-continuable &programming-error '()))

(define %&message (make-record-type '&message '((immutable message)) #:parent &exception #:extensible? #t))
(define %&irritants
  (make-record-type '&irritants '((immutable irritants)) #:parent &exception #:extensible? #t))
(define %&origin (make-record-type '&origin '((immutable origin)) #:parent &exception #:extensible? #t))
(define %&warning (make-exception-type '&warning &exception '()))
(define %&external-error (make-exception-type '&external-error &error '()))
(define %&assertion-failure (make-exception-type '&assertion-failure &programming-error '()))
(define %&implementation-restriction
  (make-exception-type '&implementation-restriction &programming-error '()))
(define %&lexical (make-exception-type '&lexical &programming-error '()))
(define %&syntax
  (make-record-type '&syntax '((immutable form) (immutable subform))
                    #:parent &programming-error #:extensible? #t))
(define %&undefined-variable
  (make-exception-type '&undefined-variable &programming-error '()))

(define %make-kind-and-args (record-constructor &exception-with-kind-and-args))
(define %make-quit-exception (record-constructor &quit-exception))
(define %make-error (record-constructor &error))
(define %make-non-continuable (record-constructor &non-continuable))
(define %make-message (record-constructor %&message))
(define %make-irritants (record-constructor %&irritants))
(define %make-origin (record-constructor %&origin))
(define %make-external-error (record-constructor %&external-error))
(define %make-assertion-failure (record-constructor %&assertion-failure))
(define %make-implementation-restriction (record-constructor %&implementation-restriction))
(define %make-lexical (record-constructor %&lexical))
(define %make-syntax-exception (record-constructor %&syntax))
(define %make-undefined-variable (record-constructor %&undefined-variable))

(define %kind-and-args? (exception-predicate &exception-with-kind-and-args))
(define %kind (%exception-field &exception-with-kind-and-args 'kind))
(define %args (%exception-field &exception-with-kind-and-args 'args))

(define (exception-kind obj)
  "Return the key under which `catch' sees OBJ."
  (if (%kind-and-args? obj) (%kind obj) '%exception))

(define (exception-args obj)
  "Return the arguments with which `catch' sees OBJ."
  (if (%kind-and-args? obj) (%args obj) (list obj)))

;;; From throw to exception objects.

(define (%common-exceptions args)
  ;; The components which every native error has: a list of simple exceptions.
  (if (and (pair? args) (pair? (cdr args)) (pair? (cddr args)))
      (list (%make-origin (car args)) (%make-message (cadr args)) (%make-irritants (caddr args)))
      (list (%make-irritants args))))

(define (%quit-code args)
  (cond ((not (pair? args)) 0)
        ((integer? (car args)) (car args))
        ((not (car args)) 1)
        (else 0)))

(define %converters '())

(define (set-guile-exception-converter! key proc)
  "Let PROC, of key and arguments, make the exception that stands for a throw to KEY; it may return #f."
  (set! %converters (acons key proc %converters)))

(define (%first-component key args)
  (case key
    ((quit) (%make-quit-exception (%quit-code args)))
    ((read-error) (%make-lexical))
    ((unbound-variable) (%make-undefined-variable))
    ((wrong-number-of-args wrong-type-arg keyword-argument-error out-of-range
      regular-expression-syntax program-error goops-error null-pointer-error)
     (%make-assertion-failure))
    ((system-error host-not-found getaddrinfo-error no-data no-recovery try-again)
     (%make-external-error))
    ((stack-overflow numerical-overflow memory-allocation-error)
     (%make-implementation-restriction))
    (else (%make-error))))

(define (make-exception-from-throw key args)
  "Return the compound exception that stands for (throw KEY ARGS ...)."
  (define custom
    (let ((converter (assq-ref %converters key)))
      (and converter (converter key args))))
  (cond
   (custom (make-exception custom (%make-kind-and-args key args)))
   ((and (eq? key 'syntax-error) (list? args) (>= (length args) 5))
    (make-exception (%make-syntax-exception (list-ref args 3) (list-ref args 4))
                    (%make-origin (car args))
                    (%make-message (cadr args))
                    (%make-kind-and-args key args)))
   (else
    (%make-compound-exception
     (cons (%first-component key args)
           (append (%common-exceptions args)
                   (list (%make-kind-and-args key args))))))))

;;; Printing.

(define (%fallback-exception-handler exn)
  (let ((code (and (exception? exn)
                   ((exception-predicate &quit-exception) exn)
                   ((%exception-field &quit-exception 'code) exn))))
    (unless code
      (let ((port (current-error-port)))
        (display "uncaught exception:\n" port)
        (print-exception port #f (exception-kind exn) (exception-args exn))))
    (primitive-exit (or code 1))))

(define %exception-printers '())

(define (set-exception-printer! key proc)
  "Let PROC print exceptions of kind KEY: it gets a port, the key, the arguments and a thunk for the
default."
  (set! %exception-printers (acons key proc %exception-printers)))

(define (print-exception port frame key args)
  "Print what the exception KEY with ARGS says on PORT."
  (define (default-printer)
    (simple-format port "Throw to key `~a' with args `~s'." key args))
  (catch #t
    (lambda ()
      (let ((printer (assq-ref %exception-printers key)))
        (if printer
            (printer port key args default-printer)
            (default-printer))))
    (lambda args
      (display "Error while printing exception." port)))
  (newline port)
  (force-output port))

(define (%print-scm-error port key args default)
  (if (and (pair? args) (pair? (cdr args)) (pair? (cddr args)))
      (let ((subr (car args)) (message (cadr args)) (irritants (caddr args)))
        (when subr
          (simple-format port "In procedure ~a: " subr))
        (apply simple-format port message (or irritants '())))
      (default)))

(define (%print-syntax-error port key args default)
  (if (< (length args) 5)
      (default)
      (let ((who (car args)) (what (cadr args)) (where (caddr args))
            (form (cadddr args)) (subform (list-ref args 4)))
        (display "Syntax error:\n" port)
        (if where
            (let ((line (assq-ref where 'line)))
              (simple-format port "~a:~a:~a: " (or (assq-ref where 'filename) "unknown file")
                             (and line (+ line 1)) (assq-ref where 'column)))
            (display "unknown location: " port))
        (when who
          (simple-format port "~a: " who))
        (display what port)
        (cond (subform (simple-format port " in subform ~s of ~s" subform form))
              (form (simple-format port " in form ~s" form))))))

(define (%print-exception-object port key args default)
  (define (print-simple exn)
    (let* ((type (struct-vtable exn))
           (name (record-type-name type))
           (fields (record-type-fields type)))
      (cond ((null? fields) (display name port))
            ((null? (cdr fields))
             (simple-format port "~a: ~s" name (struct-ref exn 0)))
            (else
             (simple-format port "~a:\n" name)
             (let loop ((fields fields) (i 0))
               (simple-format port "      ~a: ~s" (car fields) (struct-ref exn i))
               (when (pair? (cdr fields))
                 (newline port)
                 (loop (cdr fields) (+ i 1))))))))
  (if (and (pair? args) (null? (cdr args)) (exception? (car args)))
      (let ((components (simple-exceptions (car args))))
        (display "ERROR:\n" port)
        (if (null? components)
            (display "Empty exception object" port)
            (let loop ((i 1) (l components))
              (simple-format port "  ~a. " i)
              (print-simple (car l))
              (when (pair? (cdr l))
                (newline port)
                (loop (+ i 1) (cdr l))))))
      (default)))

(for-each (lambda (key) (set-exception-printer! key %print-scm-error))
          '(goops-error host-not-found misc-error no-data no-recovery null-pointer-error
            out-of-memory out-of-range program-error read-error regular-expression-syntax signal
            stack-overflow system-error try-again unbound-variable wrong-number-of-args
            wrong-type-arg))
(set-exception-printer! 'syntax-error %print-syntax-error)
(set-exception-printer! '%exception %print-exception-object)
(set-exception-printer! 'keyword-argument-error
  (lambda (port key args default)
    (simple-format port "~a: ~s" (cadr args) (car (cadddr args)))))
(set-exception-printer! 'getaddrinfo-error
  (lambda (port key args default)
    (simple-format port "In procedure getaddrinfo: ~a" (gai-strerror (car args)))))
