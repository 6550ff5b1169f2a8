;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Non-local exits and the handler stack.
;;; The fluid %exception-handlers holds a list, innermost first.  An element is a procedure (a
;;; handler that runs in the dynamic context of the raise), or a pair of a prompt tag and the type
;;; of exceptions for which to unwind to it.

(define %exception-handlers (make-fluid '()))

(define (%bad-argument subr pos obj)
  (scm-error 'wrong-type-arg subr "Wrong type argument in position ~a: ~a"
             (list pos obj) (list obj)))

(define (%exception-has-type? exn type)
  (cond ((eq? type #t) #t)
        ((symbol? type) (eq? (exception-kind exn) type))
        ((exception-type? type)
         (and (exception? exn) ((exception-predicate type) exn)))
        (else #f)))

(define (%raise exn continuable?)
  (let loop ((stack (fluid-ref %exception-handlers)))
    (cond ((null? stack)
           (%fallback-exception-handler exn))
          ((procedure? (car stack))
           (let ((handler (car stack)))
             (if continuable?
                 (with-fluid* %exception-handlers (cdr stack)
                   (lambda () (handler exn)))
                 (with-fluid* %exception-handlers (cdr stack)
                   (lambda ()
                     (handler exn)
                     (%raise (%make-non-continuable) #f))))))
          ((%exception-has-type? exn (cdar stack))
           (abort-to-prompt (caar stack) exn))
          (else (loop (cdr stack))))))

(define* (raise-exception exn #:key (continuable? #f))
  "Call the current exception handler on EXN.  If CONTINUABLE? is true its values are returned; else
its return raises a &non-continuable exception."
  (%raise exn continuable?))

(define (%with-handler handler thunk)
  (with-fluid* %exception-handlers
    (cons handler (fluid-ref %exception-handlers))
    thunk))

(define (%with-unwind-handler type handler thunk)
  ;; Run THUNK; an exception of TYPE leaves it, and HANDLER gets it, outside, in tail position.
  (let ((tag (make-prompt-tag "exception handler")))
    (call-with-prompt tag
      (lambda ()
        (with-fluid* %exception-handlers
          (cons (cons tag type) (fluid-ref %exception-handlers))
          thunk))
      (lambda (k exn) (handler exn)))))

(define* (with-exception-handler handler thunk #:key (unwind? #f) (unwind-for-type #t))
  "Call THUNK with HANDLER, a procedure of one argument, as the current exception handler.  If UNWIND?
is true, first leave THUNK, for exceptions of UNWIND-FOR-TYPE: #t, a symbol (the key of a throw), or an exception type."
  (unless (procedure? handler)
    (%bad-argument "with-exception-handler" 1 handler))
  (cond (unwind?
         (unless (or (eq? unwind-for-type #t) (symbol? unwind-for-type)
                     (exception-type? unwind-for-type))
           (scm-error 'wrong-type-arg "with-exception-handler"
                      "Wrong type argument for #:unwind-for-type: ~a"
                      (list unwind-for-type) (list unwind-for-type)))
         (%with-unwind-handler unwind-for-type handler thunk))
        (else (%with-handler handler thunk))))

(define (throw key . args)
  "Raise the exception of kind KEY with ARGS."
  (unless (symbol? key)
    (%bad-argument "throw" 1 key))
  (%raise (make-exception-from-throw key args) #f))

(define (with-throw-handler k thunk pre-unwind-handler)
  "Call THUNK; on a throw to K (#t: to any key) call PRE-UNWIND-HANDLER in the throw's context, then go on throwing."
  (unless (or (symbol? k) (eq? k #t))
    (%bad-argument "with-throw-handler" 1 k))
  (%with-handler
   (lambda (exn)
     (when (or (eq? k #t) (eq? k (exception-kind exn)))
       (apply pre-unwind-handler (exception-kind exn) (exception-args exn)))
     (%raise exn #f))
   thunk))

(define* (catch k thunk handler #:optional pre-unwind-handler)
  "Call THUNK; when it throws to K (#t: to any key), leave it and apply HANDLER to key and arguments.
PRE-UNWIND-HANDLER, if given, is applied likewise before leaving."
  (unless (or (symbol? k) (eq? k #t))
    (%bad-argument "catch" 1 k))
  (unless (procedure? handler)
    (%bad-argument "catch" 3 handler))
  (unless (or (not pre-unwind-handler) (procedure? pre-unwind-handler))
    (%bad-argument "catch" 4 pre-unwind-handler))
  (%with-unwind-handler
   k
   (lambda (exn)
     (apply handler (exception-kind exn) (exception-args exn)))
   (if pre-unwind-handler
       (lambda () (with-throw-handler k thunk pre-unwind-handler))
       thunk)))

(define (scm-error key subr message args data)
  "Throw KEY with what the printers of errors expect."
  (throw key subr message args data))

(define (%native-error key subr message args data)
  ;; What the machine calls when a native procedure fails.
  (throw key subr message args data))

(define (error . args)
  "Raise an error: a message and the objects to show after it."
  ;; The compiler makes a format of a message that is a constant, as Guile's does.
  (if (null? args)
      (scm-error 'misc-error #f "?" #f #f)
      (let loop ((format "~A") (rest (cdr args)))
        (if (pair? rest)
            (loop (string-append format " ~S") (cdr rest))
            (scm-error 'misc-error #f format args #f)))))

(define (%call-with-escape-continuation proc)
  "Call PROC with a procedure that leaves this call with its arguments as values."
  (let ((tag (make-prompt-tag "escape")))
    (call-with-prompt tag
      (lambda () (proc (lambda vals (apply abort-to-prompt tag vals))))
      (lambda (k . vals) (apply values vals)))))

(define (%call-reporting proc . args)
  "Apply PROC to ARGS.  An exception that nothing in it handles is noted for whoever runs the engine."
  (let ((tag (make-prompt-tag "report")))
    (call-with-prompt tag
      (lambda ()
        (%with-handler
         (lambda (exn)
           (%note-uncaught exn)
           (abort-to-prompt tag))
         (lambda () (apply proc args))))
      (lambda (k) #f))))

(define (with-fluids* fluids values thunk)
  "Call THUNK with each of FLUIDS bound to the corresponding one of VALUES."
  (cond ((null? fluids) (thunk))
        ((null? (cdr fluids)) (with-fluid* (car fluids) (car values) thunk))
        (else
         (with-fluid* (car fluids) (car values)
           (lambda () (with-fluids* (cdr fluids) (cdr values) thunk))))))

(define (with-continuation-barrier thunk)
  "Call THUNK."
  (thunk))

(define (call-with-blocked-asyncs thunk)
  "Call THUNK."
  (thunk))

(define (call-with-unblocked-asyncs thunk)
  "Call THUNK."
  (thunk))

(define (quit . args)
  "Leave the program, by throwing to `quit'."
  (apply throw 'quit args))

(define exit quit)
