;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; What the command line asks for.  Objects stay here, under numbers; strings,
;;; numbers and lists go out.

(define-module (fruix session)
  #:use-module (fruix core)
  #:use-module (fruix discovery)
  #:use-module (guix derivations)
  #:use-module (guix diagnostics)
  #:use-module (guix gexp)
  #:use-module (guix i18n)
  #:use-module (guix licenses)
  #:use-module (guix packages)
  #:use-module (guix search-paths)
  #:use-module (guix store)
  #:use-module (guix utils)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-26)
  #:use-module (srfi srfi-34)
  #:use-module (ice-9 match)
  #:export (session-packages session-all-packages session-names
            session-lower session-source session-load session-evaluate
            session-search-paths))

(define %objects (make-hash-table))
(define %numbers (make-hash-table))
(define %count 0)
(define %store (delay (open-connection)))

(define (remember object)
  ;; The number of OBJECT, always the same one.
  (or (hashq-ref %numbers object)
      (begin
        (set! %count (+ 1 %count))
        (hashq-set! %numbers object %count)
        (hashv-set! %objects %count object)
        %count)))

(define (text value)
  (if (string? value) value ""))

(define (describe-license license)
  (cond ((license? license) (list (license-name license)))
        ((list? license) (append-map describe-license license))
        (else '())))

(define (describe package)
  ;; What Rust's 'Package' is made of.
  (match (or (package-location package) (location "" 0 0))
    ((= (lambda (l) (list (location-file l) (location-line l)
                          (location-column l)))
        (file line column))
     (list (remember package)
           (package-name package)
           (package-version package)
           (text (package-synopsis package))
           (text (package-description package))
           (text (package-home-page package))
           (describe-license (package-license package))
           (package-outputs package)
           (map (match-lambda
                  ((_ (? package? input) . outputs)
                   (string-join (cons (package-full-name input) outputs) ":"))
                  ((label . _) label))
                (package-direct-inputs package))
           (text file) line column))))

(define (session-packages spec)
  "Descriptions of the packages that SPEC stands for, newest first."
  (call-with-user-path (core-load-path)
    (lambda () (map describe (packages-matching spec)))))

(define (session-all-packages)
  "Descriptions of all packages."
  (call-with-user-path (core-load-path)
    (lambda () (map describe (all-packages)))))

(define (session-names)
  "The names of all packages."
  (call-with-user-path (core-load-path)
    (lambda () (delete-duplicates (map package-name (all-packages))))))

(define (target object)
  ;; What Rust's 'Target' is made of: a number, a description or #f.
  (cond ((package? object)
         (let ((description (describe object)))
           (list (car description) description)))
        ((or (procedure? object) (file-like? object))
         (list (remember object) #f))
        (else
         (raise (formatted-message
                 (G_ "the value ~s is neither a package nor anything else to build")
                 object)))))

(define (targets value)
  (if (list? value) (map target value) (list (target value))))

(define (user-module)
  (let ((module (make-fresh-user-module)))
    (module-use! module (resolve-interface '(guix gexp)))
    module))

(define (session-load file)
  "What the last expression of FILE gives, as targets."
  (targets (save-module-excursion
            (lambda ()
              (set-current-module (user-module))
              (primitive-load file)))))

(define (session-evaluate expression)
  "What EXPRESSION gives, as targets."
  (targets (save-module-excursion
            (lambda ()
              (let ((module (user-module)))
                (set-current-module module)
                (call-with-user-path (core-load-path)
                  (lambda ()
                    (for-each (lambda (name)
                                (module-use! module (resolve-interface name)))
                              (cons '(guix packages) (package-modules)))))
                (call-with-input-string expression
                  (lambda (port)
                    (let loop ((result *unspecified*))
                      (let ((form (read-syntax port)))
                        (if (eof-object? form)
                            result
                            (loop (eval form module))))))))))))

(define (object-named number)
  (hashv-ref %objects number))

(define (lowered value)
  (if (derivation? value)
      (list (derivation-file-name value)
            (derivation->output-paths value))
      (list value '())))

(define (lower object system)
  (let ((store (force %store)))
    ;; Grafts are not applied yet, whatever Guix's modules would do.
    (parameterize ((%current-system system) (%graft? #f))
      (cond ((package? object) (package-derivation store object system))
            ((procedure? object) (run-with-store store object #:system system))
            (else (run-with-store store (lower-object object system)
                                  #:system system))))))

(define (session-lower number system)
  "The store file that object NUMBER is lowered to, and its outputs."
  (lowered (lower (object-named number) system)))

(define (session-source number system)
  "The same for the source of package NUMBER, or #f."
  (let ((object (object-named number)))
    (match (and (package? object) (package-source object))
      (#f #f)
      (source (lowered (package-source-derivation (force %store) source
                                                  system))))))

(define (session-search-paths number)
  "The search paths of package NUMBER and of what it propagates, and those
packages: lists of number and output."
  (define package (object-named number))

  (list (map search-path-specification->sexp
             (delete-duplicates
              (cons $PATH (package-transitive-native-search-paths package))))
        (map (match-lambda
               ((_ object . outputs)
                (list (remember object)
                      (match outputs (() "out") ((output) output)))))
             (package-transitive-propagated-inputs package))))
