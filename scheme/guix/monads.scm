;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Monads: computations as values, such as those that need a store.  Same
;;; public interface as the module of this name in GNU Guix.

(define-module (guix monads)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:use-module (ice-9 match)
  #:export (define-monad monad? monad-bind monad-return %current-monad
            >>= return with-monad mlet mlet* mbegin mwhen munless mparameterize
            lift0 lift1 lift2 lift3 lift4 lift5 lift6 lift7 lift
            listm foldm mapm sequence anym
            %identity-monad %state-monad state-return state-bind
            current-state set-current-state state-push state-pop
            run-with-state))


;; Stands for the monad of the surrounding 'with-monad' in 'mbegin'.
(define-syntax %current-monad
  (lambda (s)
    (syntax-violation '%current-monad "used outside of 'mbegin'" s)))

;; BIND takes a monadic value and a procedure that makes another from what the
;; first one yields; RETURN makes a monadic value that yields its argument.
(define-record-type <monad>
  (make-monad bind return)
  monad?
  (bind   monad-bind)
  (return monad-return))

(define-syntax define-monad
  (syntax-rules (bind return)
    "Define NAME as the monad with procedures BIND-PROC and RETURN-PROC."
    ((_ name (bind bind-proc) (return return-proc))
     (define name (make-monad bind-proc return-proc)))))

(define-syntax-parameter >>=
  (lambda (s)
    (syntax-violation '>>= "used outside of 'with-monad'" s)))

(define-syntax-parameter return
  (lambda (s)
    (syntax-violation 'return "used outside of 'with-monad'" s)))

(define (bind-all bind mval procs)
  (fold (lambda (proc mval) (bind mval proc)) mval procs))

(define-syntax with-monad
  (syntax-rules ()
    "Evaluate BODY with `>>=' and `return' of MONAD."
    ((_ monad body ...)
     (syntax-parameterize
         ((>>= (lambda (s)
                 (syntax-case s ()
                   ((_ mval proc)
                    #'((monad-bind monad) mval proc))
                   ((_ mval proc (... ...))
                    #'(bind-all (monad-bind monad) mval
                                (list proc (... ...))))
                   (id (identifier? #'id)
                       #'(lambda (mval . procs)
                           (bind-all (monad-bind monad) mval procs))))))
          (return (lambda (s)
                    (syntax-case s ()
                      ((_ value) #'((monad-return monad) value))
                      (id (identifier? #'id) #'(monad-return monad))))))
       body ...))))

(define-syntax mlet*
  (syntax-rules (->)
    "Bind variables to what monadic values yield, one after another;
(VAR -> EXP) binds VAR to a plain value.  BODY's last expression is monadic."
    ((_ monad () body ...)
     (with-monad monad (let () body ...)))
    ((_ monad ((var -> exp) rest ...) body ...)
     (let ((var exp))
       (mlet* monad (rest ...) body ...)))
    ((_ monad ((var mval) rest ...) body ...)
     ((monad-bind monad) (with-monad monad mval)
      (lambda (var)
        (mlet* monad (rest ...) body ...))))))

(define-syntax mlet
  (lambda (s)
    "Like `mlet*', but no binding sees the others."
    (syntax-case s ()
      ((_ monad (binding ...) body ...)
       (let ((temps (generate-temporaries #'(binding ...))))
         (with-syntax (((bound ...)
                        (map (lambda (binding temp)
                               (syntax-case binding (->)
                                 ((var -> exp) #`(#,temp -> exp))
                                 ((var mval) #`(#,temp mval))))
                             #'(binding ...) temps))
                       ((var ...)
                        (map (lambda (binding)
                               (syntax-case binding ()
                                 ((var . _) #'var)))
                             #'(binding ...)))
                       ((temp ...) temps))
           #'(mlet* monad (bound ...)
               (let ((var temp) ...)
                 body ...))))))))

(define-syntax mbegin
  (syntax-rules (%current-monad)
    "Run monadic expressions one after another; yield what the last yields."
    ((_ %current-monad mval) mval)
    ((_ %current-monad mval rest ...)
     (>>= mval (lambda (unused) (mbegin %current-monad rest ...))))
    ((_ monad mval)
     (with-monad monad mval))
    ((_ monad mval rest ...)
     (with-monad monad
       (>>= mval (lambda (unused) (mbegin monad rest ...)))))))

(define-syntax-rule (mwhen condition mval0 mval ...)
  "When CONDITION is true, run the monadic values; otherwise yield *unspecified*."
  (if condition
      (mbegin %current-monad mval0 mval ...)
      (return *unspecified*)))

(define-syntax-rule (munless condition mval0 mval ...)
  "The opposite of `mwhen'."
  (if condition
      (return *unspecified*)
      (mbegin %current-monad mval0 mval ...)))

(define-syntax mparameterize
  (syntax-rules ()
    "Like `parameterize', for monadic BODY.  Only for state monads."
    ((_ monad ((parameter value) rest ...) body ...)
     (let ((new value))
       (lambda (state)
         (parameterize ((parameter new))
           ((mparameterize monad (rest ...) body ...) state)))))
    ((_ monad () body ...)
     (with-monad monad body ...))))


;;;
;;; Lifting and lists.
;;;

(define (lift proc monad)
  "PROC, as a procedure that gives a monadic value."
  (let ((return (monad-return monad)))
    (lambda args
      (return (apply proc args)))))

(define lift0 lift)
(define lift1 lift)
(define lift2 lift)
(define lift3 lift)
(define lift4 lift)
(define lift5 lift)
(define lift6 lift)
(define lift7 lift)

(define (foldm monad proc init lst)
  "Fold the monadic procedure PROC over LST, starting with INIT."
  (let ((bind (monad-bind monad)))
    (let loop ((lst lst) (result init))
      (match lst
        (() ((monad-return monad) result))
        ((head . tail)
         (bind (proc head result)
               (lambda (result) (loop tail result))))))))

(define (mapm monad proc lst)
  "Map the monadic procedure PROC over LST; yield the list of what is yielded."
  (let ((bind (monad-bind monad)))
    (let loop ((lst lst) (result '()))
      (match lst
        (() ((monad-return monad) (reverse result)))
        ((head . tail)
         (bind (proc head)
               (lambda (item) (loop tail (cons item result)))))))))

(define (sequence monad lst)
  "Turn LST, a list of monadic values, into one that yields a list."
  (mapm monad identity lst))

(define (anym monad proc lst)
  "Yield the first true value that PROC yields for an element of LST, or #f."
  (let ((bind (monad-bind monad)))
    (let loop ((lst lst))
      (match lst
        (() ((monad-return monad) #f))
        ((head . tail)
         (bind (proc head)
               (lambda (item)
                 (if item ((monad-return monad) item) (loop tail)))))))))

(define-syntax-rule (listm monad mval ...)
  "Yield the list of what the MVALs yield."
  (sequence monad (with-monad monad (list mval ...))))


;;;
;;; The identity and state monads.
;;;

(define-monad %identity-monad
  (bind (lambda (mval proc) (proc mval)))
  (return identity))

;; A monadic value is a procedure that takes a state and returns two values:
;; what it yields, and the next state.
(define (state-return value)
  (lambda (state)
    (values value state)))

(define (state-bind mval proc)
  (lambda (state)
    (call-with-values (lambda () (mval state))
      (lambda (value state)
        ((proc value) state)))))

(define-monad %state-monad
  (bind state-bind)
  (return state-return))

(define* (run-with-state mval #:optional (state '()))
  "Run MVAL from STATE; return what it yields and the last state."
  (mval state))

(define (current-state)
  "Yield the state."
  (lambda (state)
    (values state state)))

(define (set-current-state value)
  "Set the state to VALUE; yield the previous one."
  (lambda (state)
    (values state value)))

(define (state-push value)
  "Push VALUE to the state, a list; yield the previous state."
  (lambda (state)
    (values state (cons value state))))

(define (state-pop)
  "Pop the state, a list; yield what was on top."
  (lambda (state)
    (match state
      ((head . tail) (values head tail)))))
