;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; G-expressions: code to be run in a build, with the things of the host that
;;; it refers to.  Same public interface as the module of this name in GNU Guix,
;;; and the same files and derivations, but for one thing: modules are imported
;;; as source only, since the program that runs builders needs no other form.

(define-module (guix gexp)
  #:use-module (fruix core)
  #:use-module (guix store)
  #:use-module (guix monads)
  #:use-module (guix derivations)
  #:use-module (guix utils)
  #:use-module (guix diagnostics)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:use-module (srfi srfi-9 gnu)
  #:use-module (srfi srfi-11)
  #:use-module (srfi srfi-26)
  #:use-module (srfi srfi-34)
  #:use-module (srfi srfi-35)
  #:use-module (rnrs bytevectors)
  #:use-module (ice-9 match)
  #:export (gexp gexp? sexp->gexp with-imported-modules with-extensions
            let-system gexp->approximate-sexp gexp-inputs gexp-outputs

            gexp-input gexp-input? gexp-input-thing gexp-input-output
            gexp-input-native?

            assume-valid-file-name assume-source-relative-file-name
            local-file local-file? local-file-file
            local-file-absolute-file-name local-file-name
            local-file-recursive? local-file-select?

            plain-file plain-file? plain-file-name plain-file-content

            computed-file computed-file? computed-file-name
            computed-file-gexp computed-file-options

            program-file program-file? program-file-name program-file-gexp
            program-file-guile program-file-module-path

            scheme-file scheme-file? scheme-file-name scheme-file-gexp

            file-append file-append? file-append-base file-append-suffix

            raw-derivation-file raw-derivation-file?

            with-parameters parameterized?

            load-path-expression gexp-modules gexp-extensions

            lower-gexp lowered-gexp? lowered-gexp-sexp lowered-gexp-inputs
            lowered-gexp-sources lowered-gexp-guile lowered-gexp-load-path
            lowered-gexp-load-compiled-path

            with-build-variables input-tuples->gexp outputs->gexp

            gexp->sexp gexp->derivation gexp->file gexp->script text-file*
            mixed-text-file file-union directory-union references-file
            symlink-to imported-files imported-modules

            define-gexp-compiler gexp-compiler? file-like? lower-object

            &gexp-error gexp-error? &gexp-input-error gexp-input-error?
            gexp-error-invalid-input))

(define-record-type <gexp>
  (make-gexp references modules extensions proc location)
  gexp?
  (references gexp-references)          ;<gexp-input>s and <gexp-output>s
  (modules    gexp-self-modules)        ;module names and (NAME => FILE)
  (extensions gexp-self-extensions)     ;objects that can be lowered
  (proc       gexp-proc)                ;takes what references stand for
  (location   %gexp-location))          ;source properties or #f

(define (gexp-location gexp)
  "Where GEXP was written."
  (and=> (%gexp-location gexp) source-properties->location))

;; A reference to the OUTPUT of THING; when NATIVE?, of the one that runs where
;; the build does.
(define-record-type <gexp-input>
  (make-gexp-input thing output native?)
  gexp-input?
  (thing   gexp-input-thing)
  (output  gexp-input-output)
  (native? gexp-input-native?))

;; A reference to an output of the derivation being made.
(define-record-type <gexp-output>
  (gexp-output name)
  gexp-output?
  (name gexp-output-name))

(define* (gexp-input thing #:optional (output "out") #:key native?)
  "A reference to the OUTPUT of THING."
  (make-gexp-input thing output native?))

(define (gexp->approximate-sexp gexp)
  "The expression in GEXP; references to files are shown as (*approximate*)."
  (define (approximate reference)
    (match reference
      (($ <gexp-input> (and thing (or (? gexp?) (? gexp-input?))))
       (if (gexp? thing) (gexp->approximate-sexp thing) (approximate thing)))
      (($ <gexp-input> (? (negate struct?) thing)) thing)
      (_ '(*approximate*))))

  (apply (gexp-proc gexp) (map approximate (gexp-references gexp))))

(set-record-type-printer! <gexp>
  (lambda (gexp port)
    (display "#<gexp " port)
    (false-if-exception (write (gexp->approximate-sexp gexp) port))
    (let ((location (gexp-location gexp)))
      (when location
        (display " " port)
        (display (location->string location) port)))
    (display ">" port)))


;;;
;;; Compilers: how objects become derivations or store items.
;;;

(define-record-type <gexp-compiler>
  (gexp-compiler type lower expand)
  gexp-compiler?
  (type   gexp-compiler-type)                     ;record type descriptor
  (lower  gexp-compiler-lower)                    ;object system target => mval
  (expand gexp-compiler-expand))                  ;or #f: that of what is lowered

(define-condition-type &gexp-error &error
  gexp-error?)

(define-condition-type &gexp-input-error &gexp-error
  gexp-input-error?
  (input gexp-error-invalid-input))

(define %compilers
  ;; Record type descriptor => <gexp-compiler>.
  (make-hash-table))

(define (register-compiler! compiler)
  (hashq-set! %compilers (gexp-compiler-type compiler) compiler))

(define (compiler-of object)
  (and (struct? object)
       (hashq-ref %compilers (struct-vtable object))))

(define (file-like? object)
  "Whether OBJECT can be referred to in a gexp as a file."
  (->bool (compiler-of object)))

(define (expander-of object)
  (and=> (compiler-of object) gexp-compiler-expand))

(define (default-expander object lowered output)
  (if (derivation? lowered)
      (derivation->output-path lowered output)
      lowered))

(define-syntax define-gexp-compiler
  (syntax-rules (=> compiler expander)
    "Define NAME as the compiler of records of TYPE: BODY yields a derivation, a
store item, something else to lower, or plain data, for SYSTEM and TARGET."
    ((_ (name (param type) system target) body ...)
     (define-gexp-compiler name type
       compiler => (lambda (param system target) body ...)
       expander => default-expander))
    ((_ name type
        compiler => lower
        expander => expand)
     (begin
       (define name (gexp-compiler type lower expand))
       (register-compiler! name)))))

(define (invalid-input object)
  (raise (condition (&gexp-input-error (input object)))))

(define (lower-once store object system target)
  ;; What the compiler of OBJECT makes of it.
  (cond ((derivation? object) object)
        ((compiler-of object)
         => (lambda (compiler)
              (cached-in-store
               store object (list 'once system target)
               (lambda ()
                 (run-monadic
                  ((gexp-compiler-lower compiler) object system target)
                  store)))))
        (else (invalid-input object))))

(define (lower store object system target)
  ;; A derivation, store item, or plain data.
  (let loop ((object object))
    (let ((lowered (lower-once store object system target)))
      (if (and (struct? lowered) (not (derivation? lowered)))
          (loop lowered)
          lowered))))

(define* (lower-object object
                       #:optional (system (%current-system))
                       #:key (target 'current))
  "Yield the derivation or store item of OBJECT for SYSTEM, cross-compiled for
TARGET if that is true."
  (lambda (store)
    (values (lower store object system
                   (if (eq? target 'current) (%current-target-system) target))
            store)))

(define (lower+expand store object system target output)
  ;; What stands for OUTPUT of OBJECT in the builder: mostly a file name.
  (let loop ((object object) (expand (expander-of object)))
    (let ((lowered (lower-once store object system target)))
      (cond (expand (expand object lowered output))
            ((struct? lowered) (loop lowered (expander-of lowered)))
            (else lowered)))))

(define-gexp-compiler (derivation-compiler (drv <derivation>) system target)
  (store-return drv))

(define-gexp-compiler gexp-input-compiler <gexp-input>
  compiler => (lambda (input system target)
                (lower-object (gexp-input-thing input) system
                              #:target (and (not (gexp-input-native? input))
                                            target)))
  expander => (lambda (input lowered ignored)
                (let ((thing (gexp-input-thing input)))
                  ((or (expander-of thing) (expander-of lowered)
                       default-expander)
                   thing lowered (gexp-input-output input)))))

;; Stands for the '.drv' file of what it wraps.
(define-record-type <raw-derivation-file>
  (raw-derivation-file object)
  raw-derivation-file?
  (object raw-derivation-file-object))

(define-gexp-compiler raw-derivation-file-compiler <raw-derivation-file>
  compiler => (lambda (raw system target)
                (mlet %store-monad ((lowered (lower-object
                                              (raw-derivation-file-object raw)
                                              system #:target target)))
                  ;; The name, so that it counts as a source.
                  (return (if (derivation? lowered)
                              (derivation-file-name lowered)
                              lowered))))
  expander => (lambda (raw lowered output)
                (if (derivation? lowered)
                    (derivation-file-name lowered)
                    lowered)))

(define-record-type <system-binding>
  (system-binding proc)
  system-binding?
  (proc system-binding-proc))

(define-syntax let-system
  (syntax-rules ()
    "Bind SYSTEM, and TARGET if given, to what is being lowered for."
    ((_ (system target) exp ...)
     (system-binding (lambda (system target) exp ...)))
    ((_ system exp ...)
     (system-binding (lambda (system target) exp ...)))))

(define-gexp-compiler system-binding-compiler <system-binding>
  compiler => (lambda (binding system target)
                (store-return ((system-binding-proc binding) system target)))
  expander => #f)

;; Parameters that are set while the thunk's result is lowered.
(define-record-type <parameterized>
  (parameterized bindings thunk)
  parameterized?
  (bindings parameterized-bindings)               ;(PARAMETER THUNK) lists
  (thunk    parameterized-thunk))

(define-syntax-rule (with-parameters ((param value) ...) body ...)
  "BODY's object, with each PARAM set to VALUE while it is lowered."
  (parameterized (list (list param (lambda () value)) ...)
                 (lambda () body ...)))

(define (call-with-bindings bindings thunk)
  (match bindings
    (() (thunk))
    (((parameter value) . rest)
     (let ((value (value)))
       (parameterize ((parameter value))
         (call-with-bindings rest thunk))))))

(define-gexp-compiler parameterized-compiler <parameterized>
  compiler =>
  (lambda (wrapped system target)
    (lambda (store)
      (let* ((bindings (parameterized-bindings wrapped))
             (bound? (lambda (parameter) (assq parameter bindings))))
        (call-with-bindings
         bindings
         (lambda ()
           (let ((object ((parameterized-thunk wrapped))))
             (values (if (struct? object)
                         (lower store object
                                (if (bound? %current-system)
                                    (%current-system)
                                    system)
                                (if (bound? %current-target-system)
                                    (%current-target-system)
                                    target))
                         object)
                     store)))))))
  expander =>
  (lambda (wrapped lowered output)
    (call-with-bindings
     (parameterized-bindings wrapped)
     (lambda ()
       (let ((object ((parameterized-thunk wrapped))))
         (if (struct? object)
             ((or (expander-of object) default-expander) object lowered output)
             object))))))


;;;
;;; Files as values.
;;;

;; A file of the host; its absolute name is a promise.
(define-record-type <local-file>
  (make-local-file file absolute name recursive? select?)
  local-file?
  (file       local-file-file)
  (absolute   %local-file-absolute)
  (name       local-file-name)
  (recursive? local-file-recursive?)
  (select?    local-file-select?))

(define* (%local-file file promise #:optional (name (basename file))
                      #:key (literal? #t) location recursive?
                      (select? (const #t)))
  (when (and (not literal?) (not (string-prefix? "/" file)))
    (warning (and=> location source-properties->location)
             "resolving '~a' relative to current directory~%" file))
  (make-local-file file promise name recursive? select?))

(define (absolute-file-name file directory)
  (canonicalize-path
   (if (and directory
            (not (string-prefix? "/" file))
            (string-prefix? "/" directory))
       (string-append directory "/" file)
       file)))

(define-syntax-rule (assume-valid-file-name file)
  "For use in `local-file': do not warn that FILE is not a literal."
  file)

(define-syntax-rule (assume-source-relative-file-name file)
  "For use in `local-file': look FILE up where a literal would be."
  file)

(define-syntax local-file
  (lambda (s)
    "The file FILE of the host, to be added to the store as NAME, which is its
base name by default.  A relative FILE is looked up beside the source file of
this form.  With #:recursive? #t it may be a directory, of which files are taken
for which (SELECT? FILE STAT) is true."
    (define (beside file rest)
      (with-syntax ((here (datum->syntax s (list #'current-source-directory)
                                         #:source (syntax-source s))))
        #`(let ((file #,file))
            (%local-file file (delay (absolute-file-name file here))
                         #,@rest))))

    (syntax-case s (assume-valid-file-name assume-source-relative-file-name)
      ((_ file rest ...)
       (string? (syntax->datum #'file))
       (beside #'file #'(rest ...)))
      ((_ (assume-source-relative-file-name file) rest ...)
       (beside #'file #'(rest ...)))
      ((_ (assume-valid-file-name file) rest ...)
       #'(let ((f file))
           (%local-file f (delay (absolute-file-name f (getcwd))) rest ...)))
      ((_ file rest ...)
       (with-syntax ((location (datum->syntax s (syntax-source s))))
         #'(let ((f file))
             (%local-file f (delay (absolute-file-name f (getcwd))) rest ...
                          #:location 'location #:literal? #f))))
      (_
       (syntax-violation 'local-file "expected (local-file FILE ...)" s)))))

(define (local-file-absolute-file-name file)
  "The absolute name of FILE, a <local-file>."
  (force (%local-file-absolute file)))

(define-gexp-compiler (local-file-compiler (file <local-file>) system target)
  (interned-file (local-file-absolute-file-name file) (local-file-name file)
                 #:recursive? (local-file-recursive? file)
                 #:select? (local-file-select? file)))

(define-record-type <plain-file>
  (plain-file name content)
  plain-file?
  (name    plain-file-name)
  (content plain-file-content))                   ;string or bytevector

(define-gexp-compiler (plain-file-compiler (file <plain-file>) system target)
  (match file
    (($ <plain-file> name (? string? text)) (text-file name text))
    (($ <plain-file> name data) (binary-file name data))))

(define-record-type <computed-file>
  (make-computed-file name gexp guile options)
  computed-file?
  (name    computed-file-name)
  (gexp    computed-file-gexp)
  (guile   computed-file-guile)
  (options computed-file-options))

(define* (computed-file name gexp #:key guile (local-build? #t) (options '()))
  "The store item NAME that GEXP makes.  OPTIONS are further arguments for
`gexp->derivation'."
  (make-computed-file name gexp guile
                      `(#:local-build? ,local-build? ,@options)))

(define-gexp-compiler (computed-file-compiler (file <computed-file>)
                                              system target)
  (match file
    (($ <computed-file> name gexp guile options)
     (mlet %store-monad ((guile (lower-object (or guile (default-guile))
                                              system #:target #f)))
       (apply gexp->derivation name gexp #:guile-for-build guile
              #:system system #:target target options)))))

(define-record-type <program-file>
  (make-program-file name gexp guile path)
  program-file?
  (name  program-file-name)
  (gexp  program-file-gexp)
  (guile program-file-guile)
  (path  program-file-module-path))

(define* (program-file name gexp #:key (guile #f) (module-path %load-path))
  "The executable store item NAME that runs GEXP with GUILE."
  (make-program-file name gexp guile module-path))

(define-gexp-compiler (program-file-compiler (file <program-file>)
                                             system target)
  (match file
    (($ <program-file> name gexp guile path)
     (gexp->script name gexp #:module-path path
                   #:guile (or guile (default-guile))
                   #:system system #:target target))))

(define-record-type <scheme-file>
  (make-scheme-file name gexp splice? guile load-path?)
  scheme-file?
  (name       scheme-file-name)
  (gexp       scheme-file-gexp)
  (splice?    scheme-file-splice?)
  (guile      scheme-file-guile)
  (load-path? scheme-file-set-load-path?))

(define* (scheme-file name gexp #:key splice? guile (set-load-path? #t))
  "The Scheme file NAME that contains GEXP."
  (make-scheme-file name gexp splice? guile set-load-path?))

(define-gexp-compiler (scheme-file-compiler (file <scheme-file>) system target)
  (match file
    (($ <scheme-file> name gexp splice? guile set-load-path?)
     (gexp->file name gexp #:guile (or guile (default-guile))
                 #:set-load-path? set-load-path? #:splice? splice?
                 #:system system #:target target))))

(define-record-type <file-append>
  (make-file-append base suffix)
  file-append?
  (base   file-append-base)
  (suffix file-append-suffix))                    ;list of strings

(define (file-append base . suffix)
  "What BASE expands to, followed by the strings of SUFFIX."
  (make-file-append base suffix))

(define-gexp-compiler file-append-compiler <file-append>
  compiler => (lambda (file system target)
                (lower-object (file-append-base file) system #:target target))
  expander => (lambda (file lowered output)
                (let* ((base (file-append-base file))
                       (expand (or (expander-of base) (expander-of lowered)
                                   default-expander)))
                  (string-concatenate
                   (cons (expand base lowered output)
                         (file-append-suffix file))))))


;;;
;;; What gexps refer to.
;;;

(define (tree-fold proc result tree)
  ;; Fold over the leaves of TREE, lists and their tails alike.
  (if (pair? tree)
      (tree-fold proc (tree-fold proc result (car tree)) (cdr tree))
      (proc tree result)))

(define (gexp-attribute gexp attribute same?)
  ;; ATTRIBUTE of GEXP and of all gexps that it refers to.
  (define (add thing result)
    (cond ((gexp? thing)
           (append (gexp-attribute thing attribute same?) result))
          ((pair? thing) (tree-fold add-leaf result thing))
          (else result)))

  (define (add-leaf leaf result)
    (if (gexp? leaf) (add leaf result) result))

  (if (gexp? gexp)
      (delete-duplicates
       (append (attribute gexp)
               (reverse
                (fold (lambda (reference result)
                        (if (gexp-input? reference)
                            (add (gexp-input-thing reference) result)
                            result))
                      '() (gexp-references gexp))))
       same?)
      '()))

(define (gexp-modules gexp)
  "The modules that GEXP imports: names, and (NAME => FILE-LIKE) lists."
  (gexp-attribute gexp gexp-self-modules
                  (lambda (a b)
                    ;; Right-hand sides hold procedures: do not compare them.
                    (match (list a b)
                      (((name1 '=> _) (name2 '=> _)) (equal? name1 name2))
                      (((_ '=> _) _) #f)
                      ((_ (_ '=> _)) #f)
                      (_ (equal? a b))))))

(define (gexp-extensions gexp)
  "The packages whose modules GEXP uses."
  (gexp-attribute gexp gexp-self-extensions equal?))

(define (gexp-inputs exp)
  "The <gexp-input>s of files that EXP refers to."
  (define (add reference result)
    (match reference
      (($ <gexp-input> (? gexp? exp) _ native?)
       (append (if native?
                   (map (match-lambda
                          (($ <gexp-input> thing output)
                           (make-gexp-input thing output #t)))
                        (gexp-inputs exp))
                   (gexp-inputs exp))
               result))
      (($ <gexp-input> (? string? str))
       (if (direct-store-path? str) (cons reference result) result))
      (($ <gexp-input> (? pair? tree) _ native?)
       (tree-fold (lambda (leaf result)
                    (cond ((gexp-input? leaf)
                           (cons (make-gexp-input (gexp-input-thing leaf)
                                                  (gexp-input-output leaf)
                                                  native?)
                                 result))
                          ((or (file-like? leaf)
                               (and (string? leaf) (direct-store-path? leaf)))
                           (cons (make-gexp-input leaf "out" native?) result))
                          ((gexp? leaf) (append (gexp-inputs leaf) result))
                          (else result)))
                  result tree))
      (($ <gexp-input> (? file-like?)) (cons reference result))
      (_ result)))

  (fold-right add '() (gexp-references exp)))

(define (gexp-outputs exp)
  "The names of the outputs that EXP refers to."
  (define (add thing result)
    (cond ((gexp-output? thing) (cons (gexp-output-name thing) result))
          ((gexp? thing) (append (gexp-outputs thing) result))
          (else result)))

  (delete-duplicates
   (fold (lambda (reference result)
           (match reference
             (($ <gexp-input> (? pair? tree)) (tree-fold add result tree))
             (($ <gexp-input> thing) (add thing result))
             (output (add output result))))
         '() (gexp-references exp))))


;;;
;;; Lowering.
;;;

(define (self-quoting? x)
  (or (symbol? x) (string? x) (keyword? x) (pair? x) (null? x) (array? x)
      (number? x) (boolean? x) (char? x)))

(define (expand-gexp store exp system target)
  ;; The expression in EXP, references replaced by what they stand for.
  (define (plain? x)
    (or (symbol? x) (number? x) (boolean? x) (null? x) (array? x)))

  (define (expand reference native?)
    (match reference
      (($ <gexp-output> name)
       `((@ (guile) getenv) ,name))
      (($ <gexp-input> thing output self-native?)
       (let* ((native? (or native? self-native?))
              (target (and (not native?) target)))
         (cond ((gexp? thing) (expand-gexp store thing system target))
               ((list? thing)
                (map (lambda (item)
                       (cond ((plain? item) item)
                             ((gexp-input? item) (expand item native?))
                             (else
                              (expand (make-gexp-input item "out" self-native?)
                                      native?))))
                     thing))
               ((struct? thing)
                (if (gexp-output? thing)
                    (expand thing native?)
                    (lower+expand store thing system target output)))
               ((self-quoting? thing) thing)
               (else (invalid-input thing)))))
      (other other)))

  (apply (gexp-proc exp)
         (map (cut expand <> #f) (gexp-references exp))))

(define (gexp->sexp exp system target)
  "Yield the expression in EXP for SYSTEM and TARGET."
  (lambda (store)
    (values (expand-gexp store exp system target) store)))

(define (lower-input store input system target)
  ;; A <derivation-input>, a store item, or #f.
  (match input
    (($ <gexp-input> (? string? item)) item)
    (($ <gexp-input> thing output native?)
     (let ((lowered (lower store thing system (and (not native?) target))))
       (cond ((derivation? lowered) (derivation-input lowered (list output)))
             ((and (string? lowered) (store-path? lowered)) lowered)
             ((self-quoting? lowered) #f)
             (else (invalid-input thing)))))))

(define (lower-reference-graphs store graphs system target)
  ;; An alist of file names to <derivation-input>s and store items.
  (map (match-lambda
         ((file . spec)
          (cons file
                (lower-input store
                             (match spec
                               (((? gexp-input? input)) input)
                               ((thing)
                                (make-gexp-input thing "out" (not target)))
                               ((thing output)
                                (make-gexp-input thing output (not target))))
                             system target))))
       graphs))

(define (lower-references store references system target)
  ;; Output names and file names, for #:allowed-references and its opposite.
  (map (match-lambda
         ((? string? output) output)
         (($ <gexp-input> thing output native?)
          (derivation->output-path
           (lower store thing system (and (not native?) target)) output))
         (thing
          (derivation->output-path (lower store thing system target))))
       references))

;; A gexp for a given system, on its way to a derivation.
(define-record-type <lowered-gexp>
  (lowered-gexp sexp inputs sources guile load-path load-compiled-path)
  lowered-gexp?
  (sexp               lowered-gexp-sexp)
  (inputs             lowered-gexp-inputs)        ;<derivation-input>s
  (sources            lowered-gexp-sources)       ;store items
  (guile              lowered-gexp-guile)         ;<derivation-input>
  (load-path          lowered-gexp-load-path)
  (load-compiled-path lowered-gexp-load-compiled-path))

(define (object-file-name lowered)
  (if (derivation? lowered) (derivation->output-path lowered) lowered))

(define* (lower-gexp exp
                     #:key (module-path %load-path)
                     (system (%current-system)) (target 'current)
                     (graft? (%graft?))
                     (guile-for-build (%guile-for-build))
                     (effective-version "3.0")
                     deprecation-warnings)
  "Yield EXP as a <lowered-gexp> for SYSTEM and TARGET."
  (lambda (store)
    (let* ((system (or system (%current-system)))
           (target (if (eq? target 'current) (%current-target-system) target))
           (guile (or guile-for-build
                      (run-monadic (default-guile-derivation system) store)))
           (inputs (filter-map (cut lower-input store <> system target)
                               (gexp-inputs exp)))
           (sexp (expand-gexp store exp system target))
           (extensions (map (cut lower store <> system #f)
                            (gexp-extensions exp)))
           (modules (match (gexp-modules exp)
                      (() #f)
                      (names (import-modules store names "module-import"
                                             system guile module-path))))
           (lowered (filter identity
                            (cons modules (append extensions inputs)))))
      (define (extension-directories suffix)
        (map (lambda (extension)
               (string-append (object-file-name extension) suffix))
             extensions))

      (values
       (lowered-gexp sexp
                     (append (map derivation-input (filter derivation? lowered))
                             (filter derivation-input? lowered))
                     (filter string? lowered)
                     (if (derivation? guile) (derivation-input guile) guile)
                     (append (if modules (list (object-file-name modules)) '())
                             (extension-directories
                              (string-append "/share/guile/site/"
                                             effective-version)))
                     (extension-directories
                      (string-append "/lib/guile/" effective-version
                                     "/site-ccache")))
       store))))

(define (sexp->string sexp)
  (call-with-output-string
    (lambda (port)
      (set-port-encoding! port "UTF-8")
      (write sexp port))))

(define (directory-flags flag directories)
  (append-map (cut list flag <>) directories))

(define* (gexp->derivation name exp
                           #:key
                           system (target 'current)
                           hash hash-algo recursive?
                           (env-vars '(("LC_CTYPE" . "C.UTF-8")))
                           (modules '())
                           (module-path %load-path)
                           (guile-for-build (%guile-for-build))
                           (effective-version "3.0")
                           (graft? (%graft?))
                           references-graphs
                           allowed-references disallowed-references
                           leaked-env-vars
                           local-build? (substitutable? #t)
                           (properties '())
                           deprecation-warnings
                           (script-name (string-append name "-builder")))
  "Yield the derivation NAME that runs EXP, stored as SCRIPT-NAME, with
GUILE-FOR-BUILD.  REFERENCES-GRAPHS is a list of (FILE OBJECT) or (FILE OBJECT
OUTPUT): each FILE will hold the references of that.  ALLOWED-REFERENCES and
DISALLOWED-REFERENCES list outputs' names and objects.  See `derivation' for the
others."
  (define exp*
    (if (null? modules)
        exp
        (make-gexp (gexp-references exp)
                   (append modules (gexp-self-modules exp))
                   (gexp-self-extensions exp)
                   (gexp-proc exp)
                   (%gexp-location exp))))

  (lambda (store)
    (let* ((system (or system (%current-system)))
           (target (if (eq? target 'current) (%current-target-system) target))
           (lowered (run-monadic
                     (lower-gexp exp* #:module-path module-path
                                 #:system system #:target target
                                 #:graft? graft?
                                 #:guile-for-build guile-for-build
                                 #:effective-version effective-version)
                     store))
           (graphs (and references-graphs
                        (lower-reference-graphs store references-graphs
                                                system target)))
           (references (lambda (lst)
                         (and lst (lower-references store lst system target))))
           (builder (add-text-to-store store script-name
                                       (sexp->string
                                        (lowered-gexp-sexp lowered))))
           (guile (lowered-gexp-guile lowered))
           (items (cons* guile builder
                         (append (lowered-gexp-inputs lowered)
                                 (lowered-gexp-sources lowered)
                                 (map cdr (or graphs '()))))))
      (values
       (derivation store name
                   (string-append (input-file-name guile) "/bin/guile")
                   `("--no-auto-compile"
                     ,@(directory-flags "-L" (lowered-gexp-load-path lowered))
                     ,@(directory-flags
                        "-C" (lowered-gexp-load-compiled-path lowered))
                     ,builder)
                   #:outputs (gexp-outputs exp*)
                   #:env-vars env-vars
                   #:system system
                   #:inputs (filter derivation-input? items)
                   #:sources (filter string? items)
                   #:hash hash #:hash-algo hash-algo #:recursive? recursive?
                   #:references-graphs
                   (and graphs
                        (map (match-lambda
                               ((file . input)
                                (cons file (input-file-name input))))
                             graphs))
                   #:allowed-references (references allowed-references)
                   #:disallowed-references (references disallowed-references)
                   #:leaked-env-vars leaked-env-vars
                   #:local-build? local-build?
                   #:substitutable? substitutable?
                   #:properties properties)
       store))))

(define (input-file-name input)
  (if (derivation-input? input)
      (car (derivation-input-output-paths input))
      input))

(define (late-variable module name)
  ;; Modules above this one are looked up when they are needed.
  (module-ref (resolve-interface module) name))

(define (default-guile)
  ((late-variable '(guix packages) 'default-guile)))

(define (default-guile-derivation system)
  ((late-variable '(guix packages) 'default-guile-derivation) system))


;;;
;;; Syntax.
;;;

(define-syntax-parameter current-imported-modules
  (identifier-syntax '()))

(define-syntax-parameter current-imported-extensions
  (identifier-syntax '()))

(define-syntax-rule (with-imported-modules modules body ...)
  "Make gexps in BODY import MODULES."
  (syntax-parameterize ((current-imported-modules (identifier-syntax modules)))
    body ...))

(define-syntax-rule (with-extensions extensions body ...)
  "Make gexps in BODY find the modules of the packages EXTENSIONS."
  (syntax-parameterize ((current-imported-extensions
                         (identifier-syntax extensions)))
    body ...))

(define-syntax gexp
  (lambda (s)
    "EXP as a value, with references to what is unquoted in it by `ungexp',
`ungexp-native', `ungexp-splicing' and `ungexp-native-splicing'."
    ;; TEMPLATE gives three values: an expression that makes the datum,
    ;; references (pairs of variable and expression, latest first), and whether
    ;; the datum holds a reference.
    (define (reference exp references build)
      (let ((id (car (generate-temporaries (list exp)))))
        (values (build id)
                (cons (cons id (escape->reference exp)) references)
                #t)))

    (define (escape->reference exp)
      (syntax-case exp (output ungexp ungexp-splicing ungexp-native
                               ungexp-native-splicing)
        ((ungexp output) #'(gexp-output "out"))
        ((ungexp output name) #'(gexp-output name))
        ((ungexp thing) #'(make-gexp-input thing "out" #f))
        ((ungexp thing name) #'(make-gexp-input thing name #f))
        ((ungexp-splicing list) #'(make-gexp-input list "out" #f))
        ((ungexp-native thing) #'(make-gexp-input thing "out" #t))
        ((ungexp-native thing name) #'(make-gexp-input thing name #t))
        ((ungexp-native-splicing list) #'(make-gexp-input list "out" #t))
        (_ (syntax-violation 'gexp "invalid ungexp form" exp))))

    (define (template exp references)
      (syntax-case exp (ungexp ungexp-splicing ungexp-native
                               ungexp-native-splicing)
        ((ungexp _ ...) (reference exp references identity))
        ((ungexp-native _ ...) (reference exp references identity))
        (((ungexp-splicing _ ...) . rest) (splice exp references))
        (((ungexp-native-splicing _ ...) . rest) (splice exp references))
        ((head . tail)
         (let*-values (((head references in-head?)
                        (template #'head references))
                       ((tail references in-tail?)
                        (template #'tail references)))
           (if (or in-head? in-tail?)
               (values #`(cons #,head #,tail) references #t)
               (values #`'#,exp references #f))))
        (_ (values #`'#,exp references #f))))

    (define (splice exp references)
      (syntax-case exp ()
        ((escape . rest)
         (let-values (((rest references _) (template #'rest references)))
           (reference #'escape references
                      (lambda (id) #`(append #,id #,rest)))))))

    (syntax-case s ()
      ((_ exp)
       (let-values (((body references _) (template #'exp '())))
         (with-syntax (((id ...) (map car references))
                       ((reference ...) (map cdr references)))
           #`(make-gexp (list reference ...)
                        current-imported-modules
                        current-imported-extensions
                        (lambda (id ...) #,body)
                        (current-source-location))))))))

(define (sexp->gexp sexp)
  "SEXP as a gexp, in which nothing is looked for."
  (make-gexp '() '() '() (lambda () sexp) #f))

(define* (input-tuples->gexp inputs #:key native?)
  "A gexp for an alist of labels and file names; INPUTS is a list of labels and
<gexp-input>s."
  (make-gexp (map second inputs) '() '()
             (lambda files
               `(quote ,(map (lambda (input file) (cons (first input) file))
                             inputs files)))
             #f))

(define (outputs->gexp outputs)
  "A gexp for an alist of the names in OUTPUTS and their file names."
  (make-gexp (map gexp-output outputs) '() '()
             (lambda expressions
               `(list ,@(map (lambda (output exp) `(cons ,output ,exp))
                             outputs expressions)))
             #f))

(define (with-build-variables inputs outputs body)
  "BODY in a gexp that defines '%build-inputs', '%outputs' and '%output'."
  (gexp (begin
          (define %build-inputs (ungexp (input-tuples->gexp inputs)))
          (define %outputs (ungexp (outputs->gexp outputs)))
          (define %output (assoc-ref %outputs "out"))
          (ungexp body))))


;;;
;;; Modules as store items.
;;;

(define (module-file-name name)
  (string-append (string-join (map symbol->string name) "/") ".scm"))

(define (find-module name path)
  (let ((file (module-file-name name)))
    (or (core-find-module file path)
        (raise (formatted-message "~s: cannot find module source '~a'" name file)))))

(define (import-modules store modules name system guile path)
  (import-files store
                (map (match-lambda
                       ((module '=> file) (cons (module-file-name module) file))
                       (module (cons (module-file-name module)
                                     (find-module module path))))
                     modules)
                name system guile))

(define (import-files store files name system guile)
  (if (any (compose struct? cdr) files)
      (run-monadic (files->derivation store files name system guile) store)
      (core-add-files name files)))

(define %utils-module
  ;; For 'mkdir-p'.
  (let ((promise (delay (find-module '(guix build utils) %load-path))))
    (make-local-file "build/utils.scm" promise "build-utils.scm" #f
                     (const #t))))

(define (files->derivation store files name system guile)
  ;; FILES that have to be built first are brought together by a derivation.
  (define copies
    (map (match-lambda
           ((target . (? string? file))
            (list target (add-to-store store (basename target) #t "sha256"
                                       (readlink* file))))
           ((target . object)
            (list target (lower store object system (%current-target-system)))))
         files))

  (gexp->derivation name
                    (gexp
                     (begin
                       (primitive-load (ungexp %utils-module))
                       (use-modules (ice-9 match))
                       (mkdir (ungexp output))
                       (chdir (ungexp output))
                       (for-each (match-lambda
                                   ((final-path store-path)
                                    (mkdir-p (dirname final-path))
                                    (copy-file store-path final-path)))
                                 '(ungexp copies))))
                    #:system system
                    #:guile-for-build guile
                    #:local-build? #t
                    #:substitutable? #f
                    #:env-vars '(("GUILE_WARN_DEPRECATED" . "no"))))

(define* (imported-files files #:key (name "file-import")
                         (system (%current-system))
                         (guile (%guile-for-build)))
  "Yield the store item or derivation of a directory NAME with FILES, a list of
pairs of file name there and file name or file-like object."
  (lambda (store)
    (values (import-files store files name system guile) store)))

(define* (imported-modules modules #:key (name "module-import")
                           (system (%current-system))
                           (guile (%guile-for-build))
                           (module-path %load-path))
  "Yield the store item or derivation of a directory NAME with the source files of
MODULES, found along MODULE-PATH or given as (NAME => FILE-LIKE)."
  (lambda (store)
    (values (import-modules store modules name system guile module-path)
            store)))

(define* (load-path-expression modules #:optional (path %load-path)
                               #:key (extensions '()) system target
                               (guile #f))
  "Yield a gexp that puts MODULES and those of EXTENSIONS on the load path; #f
when there are none."
  (if (and (null? modules) (null? extensions))
      (store-return #f)
      (mlet* %store-monad
          ((guile (if guile
                      (lower-object guile system #:target #f)
                      (return #f)))
           (modules (imported-modules modules #:guile guile #:module-path path
                                      #:system system)))
        (return
         (gexp
          (eval-when (expand load eval)
            (let ((extensions '((ungexp-splicing extensions)))
                  (prepend (lambda (items lst)
                             (let loop ((items items) (lst lst))
                               (if (null? items)
                                   lst
                                   (loop (cdr items)
                                         (cons (car items)
                                               (delete (car items) lst))))))))
              (set! %load-path
                (prepend (cons (ungexp modules)
                               (map (lambda (extension)
                                      (string-append extension
                                                     "/share/guile/site/"
                                                     (effective-version)))
                                    extensions))
                         %load-path))
              (set! %load-compiled-path
                (prepend (cons (ungexp modules)
                               (map (lambda (extension)
                                      (string-append extension "/lib/guile/"
                                                     (effective-version)
                                                     "/site-ccache"))
                                    extensions))
                         %load-compiled-path)))))))))


;;;
;;; Making files.
;;;

(define* (gexp->script name exp
                       #:key (guile (default-guile))
                       (module-path %load-path)
                       (system (%current-system))
                       (target 'current))
  "Yield the derivation of an executable file NAME that runs EXP with GUILE."
  (mlet* %store-monad
      ((target -> (if (eq? target 'current) (%current-target-system) target))
       (set-load-path (load-path-expression (gexp-modules exp) module-path
                                            #:guile guile
                                            #:extensions (gexp-extensions exp)
                                            #:system system
                                            #:target target))
       (guile-for-build (lower-object guile system #:target #f)))
    (gexp->derivation
     name
     (gexp
      (call-with-output-file (ungexp output)
        (lambda (port)
          (set-port-encoding! port "UTF-8")
          (format port "#!~a/bin/guile --no-auto-compile~%!#~%"
                  (ungexp guile))
          (ungexp-splicing
           (if set-load-path
               (gexp ((write '(ungexp set-load-path) port)))
               (gexp ())))
          (write '(ungexp exp) port)
          (chmod port #o555))))
     #:system system #:target target #:module-path module-path
     #:guile-for-build guile-for-build
     #:local-build? #t #:substitutable? #f)))

(define* (gexp->file name exp
                     #:key (guile (default-guile))
                     (set-load-path? #t)
                     (module-path %load-path)
                     (splice? #f)
                     (system (%current-system))
                     (target 'current))
  "Yield the derivation of a Scheme file NAME that contains EXP, or with SPLICE?
its elements."
  (define expressions
    (if splice? exp (gexp ((ungexp exp)))))

  (mlet* %store-monad
      ((target -> (if (eq? target 'current) (%current-target-system) target))
       (guile-for-build (lower-object guile system #:target #f))
       (set-load-path (if set-load-path?
                          (load-path-expression (gexp-modules exp) module-path
                                                #:extensions
                                                (gexp-extensions exp)
                                                #:system system
                                                #:target target)
                          (return #f))))
    (gexp->derivation
     name
     (gexp
      (call-with-output-file (ungexp output)
        (lambda (port)
          (ungexp-splicing
           (if set-load-path
               (gexp ((write '(ungexp set-load-path) port)))
               (gexp ())))
          (for-each (lambda (exp) (write exp port))
                    '(ungexp expressions)))))
     #:module-path module-path
     #:guile-for-build guile-for-build
     #:local-build? #t #:substitutable? #f
     #:system system #:target target)))

(define (text-gexp text)
  (gexp (call-with-output-file (ungexp output "out")
          (lambda (port)
            (set-port-encoding! port "UTF-8")
            (display (string-append (ungexp-splicing text)) port)))))

(define (text-file* name . text)
  "Yield the derivation of a file NAME that contains TEXT, strings and objects
that stand for file names."
  (gexp->derivation name (text-gexp text)
                    #:local-build? #t #:substitutable? #f))

(define* (mixed-text-file name #:key guile #:rest text)
  "The file NAME that contains TEXT, strings and file-like objects."
  (computed-file name (text-gexp (if guile (drop text 2) text))
                 #:guile guile))

(define* (file-union name files #:key guile dangling-symlinks?)
  "The directory NAME with symbolic links to FILES: lists of file name there and
gexp or file-like object."
  (define (link target source)
    (gexp
     (let ((source (ungexp source))
           (target (ungexp target)))
       (unless (or (ungexp dangling-symlinks?) (stat source #f))
         (error (format #f "~a points to inexistent file or dangling symlink ~a"
                        target source)))
       (mkdir-p (dirname target))
       (symlink source target))))

  (computed-file name
                 (with-imported-modules '((guix build utils))
                   (gexp
                    (begin
                      (use-modules (guix build utils))
                      (mkdir (ungexp output))
                      (chdir (ungexp output))
                      (ungexp-splicing
                       (map (match-lambda
                              ((target source) (link target source)))
                            files)))))
                 #:guile guile))

(define (symlink-to target)
  "A symbolic link to TARGET."
  (computed-file "link" (gexp (symlink (ungexp target) (ungexp output)))))

(define* (directory-union name things
                          #:key (copy? #f) (quiet? #f)
                          (resolve-collision 'resolve-collision/default))
  "The directory NAME that is the union of THINGS, directories."
  (define symlink
    (if copy?
        (gexp (lambda (old new)
                (if (file-is-directory? old)
                    (symlink old new)
                    (copy-file old new))))
        (gexp symlink)))

  (define log-port
    (if quiet?
        (gexp (%make-void-port "w"))
        (gexp (current-error-port))))

  (match things
    ((one) one)
    (_
     (computed-file name
                    (with-imported-modules '((guix build union))
                      (gexp
                       (begin
                         (use-modules (guix build union) (srfi srfi-1))
                         (union-build (ungexp output)
                                      '(ungexp things)
                                      #:log-port (ungexp log-port)
                                      #:symlink (ungexp symlink)
                                      #:resolve-collision
                                      (ungexp resolve-collision)))))))))

(define* (references-file item #:optional (name "references") #:key guile)
  "The file NAME that lists all store items that ITEM needs, itself included."
  (if (struct? item)
      (computed-file
       name
       (gexp
        (begin
          (use-modules (srfi srfi-1) (ice-9 rdelim) (ice-9 match))

          (define (drop-lines port n)
            (let loop ((n n))
              (unless (zero? n)
                (read-line port)
                (loop (- n 1)))))

          (define (read-graph port)
            (let loop ((items '()))
              (match (read-line port)
                ((? eof-object?) (delete-duplicates items))
                ((? string? item)
                 (let ((deriver (read-line port))
                       (count (string->number (read-line port))))
                   (drop-lines port count)
                   (loop (cons item items)))))))

          (call-with-output-file (ungexp output)
            (lambda (port)
              (write (call-with-input-file "graph" read-graph) port)))))
       #:guile guile
       #:options `(#:local-build? #t
                   #:references-graphs (("graph" ,item))))
      (plain-file name "()")))


;;;
;;; Reading #~ #$ #$@ #+ #+@.
;;;

(eval-when (expand load eval)
  (define current-reader
    ;; The procedure that is reading: nested data are read in the same way, so
    ;; that they have source locations if the rest has.
    (make-parameter read))

  (define-once %read-syntax (and=> (module-variable the-scm-module 'read-syntax)
                                   variable-ref))

  (when (and %read-syntax (not (eq? %read-syntax read)))
    (variable-set! (module-variable the-scm-module 'read-syntax)
                   (lambda (port . rest)
                     (parameterize ((current-reader %read-syntax))
                       (apply %read-syntax port rest)))))

  (define (read-escape keyword splicing)
    (lambda (char port)
      (let* ((keyword (if (eqv? #\@ (peek-char port))
                          (begin (read-char port) splicing)
                          keyword))
             (form ((current-reader) port))
             (name (syntax->datum form)))
        ;; THING:OUTPUT is short for the OUTPUT of THING.
        (let ((colon (and (symbol? name)
                          (string-rindex (symbol->string name) #\:))))
          (if colon
              (let* ((text (symbol->string name))
                     (thing (string->symbol (string-take text colon))))
                (list keyword
                      (if (symbol? form) thing (datum->syntax form thing))
                      (string-drop text (+ 1 colon))))
              (list keyword form))))))

  (read-hash-extend #\~ (lambda (char port)
                          (list 'gexp ((current-reader) port))))
  (read-hash-extend #\$ (read-escape 'ungexp 'ungexp-splicing))
  (read-hash-extend #\+ (read-escape 'ungexp-native 'ungexp-native-splicing)))
