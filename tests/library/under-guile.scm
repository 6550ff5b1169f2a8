;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Run TEST under Guile with the modules of LIB in the place of Guile's own, those included that Guile has
;;; loaded to start.  Usage: guile under-guile.scm LIB TEST
(define lib (cadr (command-line)))

;; (fruix native), from Guile's own modules, before they are forgotten.
(define native (resolve-module '(fruix native)))
(define interface (make-module))
(set-module-kind! interface 'interface)
(set-module-public-interface! native interface)
(set-module-name! interface '(fruix native))
(for-each (lambda (name)
            (module-for-each (lambda (symbol variable)
                               (module-add! interface symbol variable))
                             (resolve-interface name)))
          '((rnrs bytevectors) (rnrs bytevectors gnu) (ice-9 ports) (ice-9 binary-ports)
            (ice-9 textual-ports) (ice-9 rdelim) (system foreign) (ice-9 weak-vector)
            (ice-9 threads) (ice-9 i18n) (srfi srfi-4) (system syntax internal)))
(define-syntax-rule (define-native name value)
  (module-define! interface 'name value))
(define-native piped-process (@@ (ice-9 popen) piped-process))
(define extractors (make-weak-key-hash-table))
(define-native %open-bytevector-output-port
  (let ((open (@ (ice-9 binary-ports) open-bytevector-output-port)))
    (lambda ()
      (call-with-values open
        (lambda (port get)
          (hashq-set! extractors port get)
          port)))))
(define-native %get-output-bytevector (lambda (port) ((hashq-ref extractors port))))
(define-native %make-custom-binary-port
  (let ((in (@ (ice-9 binary-ports) make-custom-binary-input-port))
        (out (@ (ice-9 binary-ports) make-custom-binary-output-port))
        (both (@ (ice-9 binary-ports) make-custom-binary-input/output-port)))
    (lambda (id read! write! . rest)
      (cond ((not write!) (apply in id read! rest))
            ((not read!) (apply out id write! rest))
            (else (apply both id read! write! rest))))))
(define-native %string->encoding (@ (ice-9 iconv) string->bytevector))
(define-native %encoding->string (@ (ice-9 iconv) bytevector->string))

(set! %load-path (cons lib %load-path))
;; What boot/exceptions.scm defines.
(for-each (lambda (name)
            (module-define! (resolve-module '(guile)) (symbol-append '% name)
                            (module-ref (resolve-interface '(ice-9 exceptions)) name)))
          '(&message &irritants &origin &warning &external-error &assertion-failure
            &implementation-restriction &lexical &syntax &undefined-variable))

(define (forget! parent prefix)
  (hash-for-each
   (lambda (name module)
     (let ((file (string-append prefix "/" (symbol->string name))))
       (forget! module file)
       (when (file-exists? (string-append lib file ".scm"))
         (hashq-remove! (module-submodules parent) name)
         (let ((entry (cons (string-append (substring prefix 1) "/") (symbol->string name))))
           (set! autoloads-done (delete entry autoloads-done))))))
   (module-submodules parent)))
(define test (caddr (command-line)))
(for-each (lambda (top)
            (forget! (resolve-module (list top) #f) (string-append "/" (symbol->string top))))
          '(ice-9 srfi rnrs scheme system sxml texinfo web language))
(catch #t
  (lambda () (primitive-load test))
  (lambda (key . args)
    (write (cons key args))
    (newline)))
