;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; What is left of (guile).

(define *features*
  '(current-time fork net-db socket posix i18n threads regex array-for-each reckless
    srfi-0 srfi-4 srfi-6 srfi-13 srfi-14 srfi-16 srfi-23 srfi-30 srfi-39 srfi-46 srfi-55 srfi-61 srfi-62
    srfi-87 srfi-105))

(define (provide feature)
  "Say that FEATURE is there."
  (unless (memq feature *features*)
    (set! *features* (cons feature *features*))))

(define (provided? feature)
  "Return true if FEATURE is there."
  (and (memq feature *features*) #t))

(define (command-line)
  "Return the program's name and arguments."
  (program-arguments))

(define (noop . args)
  "Do nothing."
  #f)

(define (batch-mode?)
  "Return true when no user is at the terminal."
  (not (fluid-ref %interactive?)))

(define %interactive? (make-fluid #f))

(define (ensure-batch-mode!)
  "Say that no user is at the terminal."
  (fluid-set! %interactive? #f))

(define (thunk? obj)
  "Return true if OBJ is a procedure that can be called without arguments."
  (and (procedure? obj)
       (let ((arity (procedure-minimum-arity obj)))
         (and arity (zero? (car arity))))))

(define (unspecified? v)
  "Return true if V is the unspecified value."
  (eq? v (if #f #f)))

(define* (eval-string str #:optional (module (current-module)))
  "Evaluate the expressions in STR, in MODULE; return the value of the last."
  (save-module-excursion
   (lambda ()
     (set-current-module module)
     (let ((port (open-input-string str)))
       (let loop ((result (if #f #f)))
         (let ((form (read port)))
           (if (eof-object? form)
               result
               (loop (primitive-eval form)))))))))

(define (load-in-vicinity dir file . rest)
  "Load FILE; a relative name is that of a file in DIR."
  (save-module-excursion
   (lambda ()
     (primitive-load (if (absolute-file-name? file) file (in-vicinity dir file))))))

(define (load-from-path name)
  "Load the file NAME of the load path."
  (primitive-load-path name))

;;; Messages are not translated.

(define* (gettext message #:optional domain category)
  "Return MESSAGE."
  message)

(define* (ngettext message plural n #:optional domain category)
  "Return MESSAGE if N is one, else PLURAL."
  (if (= n 1) message plural))

(define %text-domain "messages")

(define* (textdomain #:optional domain)
  "Set the domain of messages, if given, and return it."
  (when domain
    (set! %text-domain domain))
  %text-domain)

(define %text-directories '())

(define* (bindtextdomain domain #:optional directory)
  "Set the directory of DOMAIN, if given, and return it."
  (when directory
    (set! %text-directories (acons domain directory %text-directories)))
  (assoc-ref %text-directories domain))

(define* (bind-textdomain-codeset domain #:optional encoding)
  "Return ENCODING."
  encoding)

(define (issue-deprecation-warning . messages)
  "Do nothing."
  #f)

(define (include-deprecated-features)
  "Return #f."
  #f)

(define (use-srfis numbers)
  "Import the SRFIs of NUMBERS into the current module."
  (for-each (lambda (n)
              (module-use! (current-module)
                           (resolve-interface
                            (list 'srfi (string->symbol
                                         (string-append "srfi-" (number->string n)))))))
            numbers))

(define (symbol-prefix-proc prefix)
  "Return a procedure that puts PREFIX before a symbol's name."
  (lambda (name) (symbol-append prefix name)))

(define* (backtrace #:optional frames)
  "Print nothing."
  (if #f #f))

(define* (display-backtrace stack port #:optional first depth highlights)
  "Print nothing."
  (if #f #f))

(define (display-error frame port subr message args rest)
  "Print an error as its key's printer would."
  (print-exception port #f 'misc-error (list subr message args rest)))

(define (rationalize x eps)
  "Return the simplest rational that is no farther than EPS from X."
  ;; The simplest number of an interval of positive numbers: its only integer, or one more step of its
  ;; bounds' continued fractions.
  (define (simplest low high)
    (let ((whole (floor low)))
      (cond ((= whole low) whole)
            ((< whole (floor high)) (+ whole 1))
            (else (+ whole (/ 1 (simplest (/ 1 (- high whole)) (/ 1 (- low whole)))))))))
  (cond
   ((not (and (exact? x) (exact? eps)))
    (let ((x (exact->inexact x)) (eps (exact->inexact eps)))
      (cond ((or (nan? x) (nan? eps)) +nan.0)
            ((and (inf? x) (inf? eps)) +nan.0)
            ((inf? x) x)
            ((inf? eps) 0.0)
            (else (exact->inexact (rationalize (inexact->exact x) (inexact->exact eps)))))))
   (else
    (let ((low (- x (abs eps))) (high (+ x (abs eps))))
      (cond ((positive? low) (simplest low high))
            ((negative? high) (- (simplest (- high) (- low))))
            (else 0))))))

(define (asinh z)
  "Return the number whose hyperbolic sine is Z."
  (log (+ z (sqrt (+ (* z z) 1)))))

(define (acosh z)
  "Return the number whose hyperbolic cosine is Z."
  (log (+ z (* (sqrt (- z 1)) (sqrt (+ z 1))))))

(define (atanh z)
  "Return the number whose hyperbolic tangent is Z."
  (/ (- (log (+ 1 z)) (log (- 1 z))) 2))

(define (integer-expt n k)
  "Return N to the power K, an exact integer."
  (unless (exact-integer? k)
    (scm-error 'wrong-type-arg "integer-expt" "Wrong type argument in position ~A: ~S" (list 2 k) (list k)))
  (expt n k))

(define (random:normal . state)
  "Return an inexact number of the normal distribution with mean 0 and deviation 1."
  (* (sqrt (* -2 (log (- 1.0 (apply random:uniform state)))))
     (cos (* 6.283185307179586 (apply random:uniform state)))))

(define (random:exp . state)
  "Return an inexact number of the exponential distribution with mean 1."
  (- (log (- 1.0 (apply random:uniform state)))))

(define (keyword-like-symbol->keyword symbol)
  "Return the keyword of the name of SYMBOL without its first character."
  (symbol->keyword (string->symbol (substring (symbol->string symbol) 1))))

;; The reader asks neither: it never evaluates, and its extensions are those of read-hash-extend.
(define read-eval? (make-fluid #f))
(define read-hash-procedures (make-parameter '()))
