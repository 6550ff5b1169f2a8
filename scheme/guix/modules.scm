;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; What modules depend on, by their `define-module' forms.  Same public
;;; interface as the module of this name in GNU Guix.

(define-module (guix modules)
  #:use-module (fruix core)
  #:use-module (guix sets)
  #:use-module (guix memoization)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-26)
  #:use-module (srfi srfi-34)
  #:use-module (srfi srfi-35)
  #:use-module (ice-9 match)
  #:export (missing-dependency-error? missing-dependency-module
            missing-dependency-search-path
            file-name->module-name module-name->file-name
            source-module-dependencies source-module-closure
            live-module-closure guix-module-name?))

(define-condition-type &missing-dependency-error &error
  missing-dependency-error?
  (module      missing-dependency-module)
  (search-path missing-dependency-search-path))

(define (file-name->module-name file)
  "The name of the module in FILE, a relative file name."
  (map string->symbol
       (remove (cut member <> '("" "."))
               (string-split (string-drop-right file 4) #\/))))

(define (module-name->file-name module)
  "The file name of MODULE."
  (string-append (string-join (map symbol->string module) "/") ".scm"))

(define (guix-module-name? name)
  "Whether NAME is that of a module of Guix."
  (match name
    (((or 'guix 'gnu) . _) #t)
    (_ #f)))

(define (option-keyword option)
  ;; Old modules say :use-module.
  (cond ((keyword? option) option)
        ((and (symbol? option)
              (string-prefix? ":" (symbol->string option)))
         (symbol->keyword
          (string->symbol (string-drop (symbol->string option) 1))))
        (else #f)))

(define (imports options)
  ;; The modules that the OPTIONS of a 'define-module' form name.
  (let loop ((options options) (result '()))
    (match options
      (() (reverse result))
      ((option . rest)
       (case (option-keyword option)
         ((#:use-module)
          (loop (cdr rest)
                (cons (match (car rest)
                        (((? list? module) . _) module)
                        (module module))
                      result)))
         ((#:autoload)
          (loop (cddr rest) (cons (car rest) result)))
         ((#:pure #:no-backtrace)
          (loop rest result))
         (else
          (loop (cdr rest) result)))))))

(define file-imports
  (mlambda (file)
    (match (call-with-input-string (core-file-text file) read)
      (('define-module name . options) (imports options))
      (_ '()))))

(define %without-source
  '((system syntax) (ice-9 ports internal) (system syntax internal)))

(define* (source-module-dependencies module #:optional (load-path %load-path))
  "The modules that MODULE uses, by its source."
  (if (member module %without-source)
      '()
      (match (core-find-module (module-name->file-name module) load-path)
        (#f (raise (condition (&missing-dependency-error
                               (module module)
                               (search-path load-path)))))
        (file (file-imports file)))))

(define (closure modules select? dependencies)
  (let loop ((modules modules) (result '()) (seen (set)))
    (match modules
      (() (reverse result))
      ((module . rest)
       (if (or (set-contains? seen module) (not (select? module)))
           (loop rest result seen)
           (loop (append (dependencies module) rest)
                 (cons module result)
                 (set-insert module seen)))))))

(define* (source-module-closure modules
                                #:optional (load-path %load-path)
                                #:key (select? guix-module-name?))
  "MODULES and what they use, of what SELECT? is true for."
  (closure modules select?
           (cut source-module-dependencies <> load-path)))

(define* (live-module-closure modules #:key (select? guix-module-name?))
  "MODULES and what they use, by the modules as they are loaded."
  (closure modules select?
           (lambda (module)
             (map module-name
                  (delq the-scm-module
                        (module-uses (resolve-module module)))))))
