;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Macros of (guile) that need nothing from the expander's inside.

(define-syntax define-values
  (lambda (form)
    (syntax-case form ()
      ((_ () expr)
       #'(define dummy (call-with-values (lambda () expr) (lambda () #f))))
      ((_ (var) expr)
       (identifier? #'var)
       #'(define var (call-with-values (lambda () expr) (lambda (v) v))))
      ((_ (var ...) expr)
       (and-map identifier? #'(var ...))
       (with-syntax (((tmp ...) (generate-temporaries #'(var ...)))
                     ((n ...) (iota (length #'(var ...)))))
         #'(begin
             (define all (call-with-values (lambda () expr) (lambda (tmp ...) (vector tmp ...))))
             (define var (vector-ref all n)) ...)))
      ((_ (var ... . last) expr)
       (and (and-map identifier? #'(var ...)) (identifier? #'last))
       (with-syntax (((tmp ...) (generate-temporaries #'(var ...)))
                     ((n ...) (iota (length #'(var ...))))
                     (count (length #'(var ...))))
         #'(begin
             (define all
               (call-with-values (lambda () expr) (lambda (tmp ... . rest) (vector tmp ... rest))))
             (define var (vector-ref all n)) ...
             (define last (vector-ref all count))))))))

(define-syntax false-if-exception
  (syntax-rules ()
    ((_ expr)
     (catch #t
       (lambda () expr)
       (lambda args #f)))
    ((_ expr #:warning template arg ...)
     (catch #t
       (lambda () expr)
       (lambda (key . args)
         (%warn-exception key args (simple-format #f template arg ...)))))))

(define (%warn-exception key args message)
  ;; Print MESSAGE and the exception as comment lines; return #f.
  (for-each (lambda (line)
              (unless (string-null? line)
                (simple-format (current-warning-port) ";;; ~a\n" line)))
            (string-split (call-with-output-string
                           (lambda (port)
                             (display message port)
                             (print-exception port #f key args)))
                          #\newline))
  #f)

(define-syntax-rule (λ formals body ...)
  (lambda formals body ...))

(define-syntax-rule (define-private name value)
  (define name value))

(define-syntax-rule (start-stack tag expr)
  expr)

(define-syntax-rule (begin-deprecated form ...)
  (begin form ...))

(define-syntax-rule (add-to-load-path elt)
  (eval-when (expand load eval)
    (set! %load-path (cons elt (delete elt %load-path)))))

(define-syntax while
  (lambda (form)
    (syntax-case form ()
      ((keyword test body ...)
       (with-syntax ((break (datum->syntax #'keyword 'break))
                     (continue (datum->syntax #'keyword 'continue)))
         #'(%while (lambda (break-tag continue-tag)
                     (let-syntax ((break (%while-exit break-tag))
                                  (continue (%while-exit continue-tag)))
                       (%while-loop continue-tag test body ...)))))))))

(define-syntax %while-exit
  ;; A macro usable as (break value ...) and as a plain variable.
  (syntax-rules ()
    ((_ tag)
     (lambda (use)
       (syntax-case use ()
         ((_ . args) #'(abort-to-prompt tag . args))
         (_ #'(lambda args (apply abort-to-prompt tag args))))))))

(define-syntax-rule (%while-loop continue-tag test body ...)
  (let loop ()
    (when (call-with-prompt continue-tag
            (lambda ()
              (and test (begin #f body ... #t)))
            (lambda (k . args) #t))
      (loop))))

(define (%while proc)
  (let ((break-tag (make-prompt-tag "break"))
        (continue-tag (make-prompt-tag "continue")))
    (call-with-prompt break-tag
      (lambda ()
        (proc break-tag continue-tag)
        #f)
      (lambda (k . args)
        (if (null? args) #t (apply values args))))))

(define-syntax define-macro
  (lambda (form)
    (syntax-case form ()
      ((_ (name . formals) body ...)
       #'(define-macro name (lambda formals body ...)))
      ((_ name transformer)
       #'(define-syntax name
           (lambda (use)
             (syntax-case use ()
               ((k . args)
                (datum->syntax #'k (apply transformer (syntax->datum #'args)))))))))))

(define-syntax-rule (defmacro name formals body ...)
  (define-macro name (lambda formals body ...)))

(define-syntax defmacro-public
  (syntax-rules ()
    ((_ name formals body ...)
     (begin (defmacro name formals body ...)
            (export-syntax name)))))

(define-syntax define-inlinable
  ;; Define a procedure that is inlined where it is called by name.
  (lambda (form)
    (syntax-case form ()
      ((_ (name formal ...) body ...)
       (identifier? #'name)
       (with-syntax ((proc (datum->syntax
                            #'name
                            (string->symbol
                             (string-append (symbol->string (syntax->datum #'name))
                                            "-procedure"))))
                     ((arg ...) (generate-temporaries #'(formal ...))))
         #'(begin
             (define (proc formal ...) body ...)
             (define-syntax name
               (lambda (use)
                 (syntax-case use ()
                   ((_ arg ...)
                    #'((lambda (formal ...) body ...) arg ...))
                   ((_ . args)
                    #'(proc . args))
                   (id (identifier? #'id) #'proc))))))))))

(define %cond-expand-features
  '(guile guile-2 guile-2.2 guile-3 guile-3.0 r5rs r6rs r7rs exact-closed exact-complex ieee-float
    full-unicode ratios srfi-0 srfi-4 srfi-6 srfi-13 srfi-14 srfi-16 srfi-23 srfi-30 srfi-39 srfi-46 srfi-55 srfi-61
    srfi-62 srfi-87 srfi-105))

(define %cond-expand-table (make-hash-table))

(define (cond-expand-provide module features)
  "Say that FEATURES hold for code that imports MODULE."
  (let ((module (module-public-interface module)))
    (when module
      (hashq-set! %cond-expand-table module
                  (append features (hashq-ref %cond-expand-table module '()))))))

(define (%cond-expand-feature? name)
  (or (memq name %cond-expand-features)
      (or-map (lambda (used) (memq name (hashq-ref %cond-expand-table used '())))
              (module-uses (current-module)))))

(define (%cond-expand-library? name)
  (and (false-if-exception (resolve-interface name)) #t))

(define-syntax cond-expand
  (lambda (form)
    (define (true? req)
      (syntax-case req ()
        ((op arg ...)
         (let ((args #'(arg ...)))
           (case (syntax->datum #'op)
             ((and) (and-map true? args))
             ((or) (or-map true? args))
             ((not) (not (true? (car args))))
             ((library) (%cond-expand-library? (syntax->datum (car args))))
             (else (syntax-violation 'cond-expand "invalid clause" form req)))))
        (id
         (identifier? #'id)
         (or (eq? (syntax->datum #'id) 'else)
             (%cond-expand-feature? (syntax->datum #'id))))))
    (syntax-case form ()
      ((_) (syntax-violation 'cond-expand "unfulfilled cond-expand" form))
      ((_ (req body ...) clause ...)
       (if (true? #'req)
           #'(begin body ...)
           #'(cond-expand clause ...))))))

(define-syntax load
  ;; Load a file; a relative name is resolved against the file that has this form.
  (lambda (form)
    (syntax-case form ()
      ((_ name)
       (let* ((source (syntax-source form))
              (file (and source (assq-ref source 'filename)))
              (dir (and (string? file) (dirname file))))
         #`(load-in-vicinity #,(if (and dir (not (string=? dir "."))) dir #'(getcwd)) name)))
      ((_ name reader) #'(load-in-vicinity (getcwd) name))
      (id (identifier? #'id) #'(lambda (name) (load-in-vicinity (getcwd) name))))))

(define-syntax require-extension
  (lambda (form)
    (syntax-case form (srfi)
      ((_ (srfi n ...))
       (with-syntax ((((a b)  ...)
                      (map (lambda (n)
                             (list (datum->syntax form 'srfi)
                                   (datum->syntax
                                    form
                                    (string->symbol
                                     (string-append "srfi-" (number->string (syntax->datum n)))))))
                           #'(n ...))))
         #'(use-modules (a b) ...))))))
