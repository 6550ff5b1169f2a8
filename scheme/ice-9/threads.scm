;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Threads, in one thread: a new thread runs to its end before its creator goes on.

(define-module (ice-9 threads)
  #:use-module (srfi srfi-9)
  #:use-module ((fruix native) #:select (current-processor-count total-processor-count))
  #:re-export (current-processor-count total-processor-count)
  #:export (%thread-handler all-threads begin-thread broadcast-condition-variable
            call-with-new-thread cancel-thread condition-variable? current-thread join-thread letpar
            lock-mutex make-condition-variable make-mutex make-recursive-mutex make-thread monitor
            mutex-level mutex-locked? mutex-owner mutex? n-for-each-par-map n-par-for-each n-par-map
            par-for-each par-map parallel signal-condition-variable thread-exited? thread?
            try-mutex unlock-mutex wait-condition-variable with-mutex yield))

(define-record-type <thread>
  (%make-thread results exited?)
  thread?
  (results thread-results set-thread-results!)
  (exited? thread-exited? set-thread-exited!))

(define main-thread (%make-thread '() #f))
(define running (make-parameter main-thread))

(define (current-thread)
  "Return the thread that runs."
  (running))

(define (all-threads)
  "Return the list of threads."
  (list main-thread))

(define (%thread-handler key . args)
  "Say that a thread was left by an exception."
  (print-exception (current-error-port) #f key args))

(define* (call-with-new-thread thunk #:optional handler)
  "Run THUNK, and return a thread that has ended."
  (let ((thread (%make-thread '() #f)))
    (parameterize ((running thread))
      (call-with-values
          (lambda ()
            (catch #t
              thunk
              (or handler
                  (lambda (key . args)
                    (apply %thread-handler key args)
                    #f))))
        (lambda results
          (set-thread-results! thread results))))
    (set-thread-exited! thread #t)
    thread))

(define-syntax-rule (begin-thread expr ...)
  (call-with-new-thread (lambda () expr ...) %thread-handler))

(define-syntax-rule (make-thread proc arg ...)
  (call-with-new-thread (lambda () (proc arg ...)) %thread-handler))

(define* (join-thread thread #:optional timeout timeout-value)
  "Return what THREAD's thunk returned."
  (apply values (thread-results thread)))

(define (cancel-thread thread . values)
  "Do nothing: THREAD has ended."
  (if #f #f))

(define (yield)
  "Let other threads run: there are none."
  #t)

(define-record-type <mutex>
  (%make-mutex flags level)
  mutex?
  (flags mutex-flags)
  (level mutex-level set-mutex-level!))

(define (make-mutex . flags)
  "Return a new mutex."
  (%make-mutex flags 0))

(define (make-recursive-mutex)
  "Return a new mutex that its owner can lock again."
  (%make-mutex '(recursive) 0))

(define* (lock-mutex mutex #:optional timeout)
  "Lock MUTEX."
  (when (and (> (mutex-level mutex) 0) (not (memq 'recursive (mutex-flags mutex))))
    (scm-error 'misc-error "lock-mutex" "mutex already locked by thread" '() #f))
  (set-mutex-level! mutex (+ (mutex-level mutex) 1))
  #t)

(define* (try-mutex mutex)
  "Lock MUTEX if it is free."
  (and (or (zero? (mutex-level mutex)) (memq 'recursive (mutex-flags mutex)))
       (lock-mutex mutex)))

(define* (unlock-mutex mutex)
  "Unlock MUTEX."
  (when (zero? (mutex-level mutex))
    (unless (memq 'unchecked-unlock (mutex-flags mutex))
      (scm-error 'misc-error "unlock-mutex" "mutex not locked" '() #f)))
  (set-mutex-level! mutex (max 0 (- (mutex-level mutex) 1)))
  #t)

(define (mutex-locked? mutex)
  "Return true if MUTEX is locked."
  (> (mutex-level mutex) 0))

(define (mutex-owner mutex)
  "Return the thread that has locked MUTEX, or #f."
  (and (mutex-locked? mutex) (current-thread)))

(define-syntax-rule (with-mutex mutex expr ...)
  (let ((m mutex))
    (dynamic-wind
      (lambda () (lock-mutex m))
      (lambda () expr ...)
      (lambda () (unlock-mutex m)))))

(define-syntax-rule (monitor expr ...)
  (begin expr ...))

(define-record-type <condition-variable>
  (make-condition-variable)
  condition-variable?)

(define* (wait-condition-variable cond mutex #:optional time)
  "Return #f as after the time: nobody else could signal."
  #f)

(define (signal-condition-variable cond)
  "Wake nobody."
  #t)

(define (broadcast-condition-variable cond)
  "Wake nobody."
  #t)

(define-syntax-rule (parallel expr ...)
  (values expr ...))

(define-syntax-rule (letpar ((var expr) ...) body ...)
  (let ((var expr) ...) body ...))

(define (par-map proc . lists)
  "Map PROC over LISTS."
  (apply map proc lists))

(define (par-for-each proc . lists)
  "Apply PROC to the elements of LISTS."
  (apply for-each proc lists))

(define (n-par-map n proc . lists)
  "Map PROC over LISTS."
  (apply map proc lists))

(define (n-par-for-each n proc . lists)
  "Apply PROC to the elements of LISTS."
  (apply for-each proc lists))

(define (n-for-each-par-map n s-proc p-proc . lists)
  "Apply S-PROC to each result of P-PROC on the elements of LISTS."
  (for-each s-proc (apply map p-proc lists)))
