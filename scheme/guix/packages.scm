;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Packages, where their source comes from, and how they become derivations.
;;; Same public interface as the module of this name in GNU Guix, as far as it
;;; goes; grafts are not applied.

(define-module (guix packages)
  #:use-module (fruix core)
  #:use-module (guix utils)
  #:use-module (guix records)
  #:use-module (guix store)
  #:use-module (guix monads)
  #:use-module (guix gexp)
  #:use-module (guix base32)
  #:use-module (guix base64)
  #:use-module (guix derivations)
  #:use-module (guix memoization)
  #:use-module (guix diagnostics)
  #:use-module (guix build-system)
  #:use-module (guix search-paths)
  #:use-module (guix sets)
  #:use-module ((guix licenses) #:select (license?))
  #:use-module (guix packages origin)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:use-module (srfi srfi-9 gnu)
  #:use-module (srfi srfi-26)
  #:use-module (srfi srfi-34)
  #:use-module (srfi srfi-35)
  #:use-module (ice-9 match)
  #:use-module (ice-9 vlist)
  #:re-export (%current-system %current-target-system
               search-path-specification
               origin origin? this-origin <origin> origin-uri origin-method
               origin-hash origin-sha256 origin-file-name origin-actual-file-name
               origin-patches origin-patch-flags origin-patch-inputs
               origin-patch-guile origin-snippet origin-modules
               base32 base64 content-hash content-hash?
               content-hash-algorithm content-hash-value
               origin->derivation patch-and-repack
               %universe-module default-guile default-guile-derivation
               guile-for-grafts)
  #:re-export-and-replace (delete)
  #:export (<package> package package? this-package package-name
            package-upstream-name package-version package-full-name
            package-source package-build-system package-arguments
            package-inputs package-native-inputs package-propagated-inputs
            package-outputs package-native-search-paths package-search-paths
            package-replacement package-synopsis package-description
            package-license package-home-page package-supported-systems
            package-properties package-location hidden-package hidden-package?
            package-superseded deprecated-package package/inherit

            package-direct-inputs package-transitive-inputs
            package-transitive-target-inputs package-transitive-native-inputs
            package-transitive-propagated-inputs
            package-transitive-native-search-paths
            package-transitive-supported-systems supported-package?
            package-direct-sources package-transitive-sources package-closure
            package-development-inputs transitive-input-references
            lookup-package-input lookup-package-native-input
            lookup-package-propagated-input lookup-package-direct-input
            this-package-input this-package-native-input
            prepend replace modify-inputs add-input-label

            %supported-systems %hurd-systems %32bit-supported-systems
            %64bit-supported-systems

            package-input-rewriting package-input-rewriting/spec
            package-mapping package-with-patches package-with-extra-patches
            package-with-c-toolchain

            package->bag bag->derivation bag-direct-inputs
            bag-transitive-inputs bag-transitive-build-inputs
            bag-transitive-host-inputs bag-transitive-target-inputs
            package->derivation package->cross-derivation package-derivation
            package-cross-derivation package-output package-file
            package-source-derivation set-guile-for-build

            &package-error package-error? package-error-package
            &package-license-error package-license-error?
            package-error-invalid-license
            &package-input-error package-input-error?
            package-error-invalid-input
            &package-cyclic-dependency-error package-cyclic-dependency-error?
            package-error-dependency-cycle
            &package-cross-build-system-error
            package-cross-build-system-error?))

(define %64bit-supported-systems
  '("x86_64-linux" "mips64el-linux" "aarch64-linux" "powerpc64le-linux"
    "riscv64-linux" "x86_64-gnu"))

(define %32bit-supported-systems
  '("i686-linux" "armhf-linux" "i586-gnu" "powerpc-linux"))

(define %hurd-systems
  '("i586-gnu" "x86_64-gnu"))

(define %supported-systems
  (append %64bit-supported-systems %32bit-supported-systems))


;;;
;;; Errors.
;;;

(define-condition-type &package-error &error
  package-error?
  (package package-error-package))

(define-condition-type &package-license-error &package-error
  package-license-error?
  (license package-error-invalid-license))

(define-condition-type &package-input-error &package-error
  package-input-error?
  (input package-error-invalid-input))

(define-condition-type &package-cyclic-dependency-error &package-error
  package-cyclic-dependency-error?
  (cycle package-error-dependency-cycle))

(define-condition-type &package-cross-build-system-error &package-error
  package-cross-build-system-error?)


;;;
;;; Checking fields.
;;;

(define (check-field value valid? field expected location)
  (if (valid? value)
      value
      (raise (make-compound-condition
              (condition (&error-location (location location)))
              (formatted-message
               "field '~a' of the package must be ~a, but is ~s"
               field expected value)))))

(define-syntax define-checker
  (syntax-rules ()
    ;; NAME gives its argument, or complains of FIELD where the argument is.
    ((_ name field valid? expected)
     (define-syntax name
       (lambda (s)
         (syntax-case s ()
           ((_ value)
            (string? (syntax->datum #'value))
            (if (valid? (syntax->datum #'value))
                #'value
                #`(check-field value valid? 'field expected
                               (source-properties->location
                                '#,(datum->syntax s (syntax-source #'value))))))
           ((_ value)
            #`(check-field value valid? 'field expected
                           (source-properties->location
                            '#,(datum->syntax s (syntax-source #'value)))))))))))

(eval-when (expand load eval)
  (define (string-list? x)
    (and (list? x) (every string? x))))

(define-checker checked-name name string? "a string")
(define-checker checked-version version string? "a string")
(define-checker checked-outputs outputs string-list? "a list of strings")
(define-checker checked-synopsis synopsis (const #t) "a string")
(define-checker checked-build-system build-system
  build-system? "a build system")
(define-checker checked-inputs inputs list? "a list of packages")

(define-syntax checked-license
  (lambda (s)
    (syntax-case s ()
      ((_ value)
       #`(validate-license
          value
          (source-properties->location
           '#,(datum->syntax s (syntax-source #'value))))))))

(define (validate-license value location)
  (if (or (not value)
          (license? value)
          (and (pair? value) (list? value) (every license? value)))
      value
      (raise (make-compound-condition
              (condition (&error-location (location location)))
              (condition (&package-license-error (package #f) (license value)))
              (formatted-message "~s: invalid package license" value)))))

(define-syntax sanitized-inputs
  (syntax-rules ()
    ((_ inputs) (label-inputs (checked-inputs inputs)))))

(define (label-inputs inputs)
  ;; Inputs may be given with labels, as (LABEL OBJECT OUTPUT ...).
  (match inputs
    ((((? string?) . _) . _) inputs)
    (_ (map add-input-label inputs))))

(define-syntax current-location-vector
  (lambda (s)
    (syntax-case s ()
      ((_)
       (let ((source (syntax-source s)))
         (let ((file (and source (assq-ref source 'filename)))
               (line (and source (assq-ref source 'line)))
               (column (and source (assq-ref source 'column))))
           (and file line column
                #`#(#,file #,(+ 1 line) #,column))))))))

(define (location->vector location)
  (if (location? location)
      (vector (location-file location) (location-line location)
              (location-column location))
      location))


;;;
;;; Packages.
;;;

(define-record-type* <package> package make-package
  package?
  this-package
  (name         package-name (sanitize checked-name))
  (version      package-version (sanitize checked-version))
  (source       package-source)                   ;<origin>, file-like, or #f
  (build-system package-build-system (sanitize checked-build-system))
  (arguments    package-arguments (default '()) (thunked))

  (inputs package-inputs
          (default '()) (thunked) (sanitize sanitized-inputs))
  (propagated-inputs package-propagated-inputs
                     (default '()) (thunked) (sanitize sanitized-inputs))
  (native-inputs package-native-inputs
                 (default '()) (thunked) (sanitize sanitized-inputs))

  (outputs package-outputs (default '("out")) (sanitize checked-outputs))
  (native-search-paths package-native-search-paths (default '()))
  (search-paths package-search-paths (default '()))
  (replacement package-replacement (default #f) (thunked) (innate))
  (synopsis    package-synopsis (sanitize checked-synopsis))
  (description package-description)
  (license     package-license (sanitize checked-license))
  (home-page   package-home-page)
  (supported-systems package-supported-systems (default %supported-systems))
  (properties  package-properties (default '()))
  (location    package-location-vector
               (default (current-location-vector))
               (innate) (sanitize location->vector))
  (definition-location package-definition-location-code
                       (default #f) (innate)))

(define (package-location package)
  "Where PACKAGE is defined: a <location>, or #f."
  (match (package-location-vector package)
    (#f #f)
    (#(file line column) (location file line column))))

(set-record-type-printer! <package>
  (lambda (package port)
    (simple-format port "#<package ~a@~a~a>"
                   (package-name package) (package-version package)
                   (match (package-location-vector package)
                     (#f "")
                     (#(file line _) (simple-format #f " ~a:~a" file line))))))

(define (add-input-label input)
  "INPUT as a list of label, object and perhaps output."
  (match input
    ((? package?) (list (package-name input) input))
    (((? package? package) output)
     (list (package-name package) package output))
    ((? gexp-input?)
     (let ((thing (gexp-input-thing input))
           (output (gexp-input-output input)))
       `(,(if (package? thing) (package-name thing) "_") ,thing
         ,@(if (string=? output "out") '() (list output)))))
    ((? origin?)
     (list (or (origin-actual-file-name input) "_") input))
    (_ (list "_" input))))

(define-syntax-rule (package/inherit p overrides ...)
  "P, an identifier, with OVERRIDES; the same is done to its replacement."
  (let loop ((p p))
    (package
      (inherit p)
      overrides ...
      (replacement (and=> (package-replacement p) loop)))))

(define* (package-full-name package #:optional (delimiter "@"))
  "Name and version of PACKAGE."
  (string-append (package-name package) delimiter (package-version package)))

(define (package-upstream-name package)
  "The name that PACKAGE has where it comes from."
  (or (assq-ref (package-properties package) 'upstream-name)
      (package-name package)))

(define (hidden-package p)
  "P, not to be shown to users."
  (package
    (inherit p)
    (location (package-location p))
    (properties `((hidden? . #t) ,@(package-properties p)))))

(define (hidden-package? p)
  (assoc-ref (package-properties p) 'hidden?))

(define (package-superseded p)
  "The package that takes the place of P, or #f."
  (assoc-ref (package-properties p) 'superseded))

(define (deprecated-package old-name p)
  "A package OLD-NAME that stands for P."
  (package
    (inherit p)
    (name old-name)
    (properties `((superseded . ,p)))))


;;;
;;; Inputs.
;;;

(define (lookup-input inputs label)
  (match (assoc label inputs)
    ((_ object . _) object)
    (#f #f)))

(define (lookup-package-input package label)
  "The input of PACKAGE with LABEL, or #f."
  (lookup-input (package-inputs package) label))

(define (lookup-package-native-input package label)
  "The native input of PACKAGE with LABEL, or #f."
  (lookup-input (package-native-inputs package) label))

(define (lookup-package-propagated-input package label)
  "The propagated input of PACKAGE with LABEL, or #f."
  (lookup-input (package-propagated-inputs package) label))

(define (lookup-package-direct-input package label)
  "The input of any kind of PACKAGE with LABEL, or #f."
  (lookup-input (package-direct-inputs package) label))

(define-syntax-rule (this-package-input label)
  "The input or propagated input with LABEL of the package being defined."
  (or (lookup-package-input this-package label)
      (lookup-package-propagated-input this-package label)))

(define-syntax-rule (this-package-native-input label)
  "The native input with LABEL of the package being defined."
  (lookup-package-native-input this-package label))

(define-syntax-rule (define-clause name)
  (define-syntax name
    (lambda (s)
      (syntax-violation 'name "may only be used within 'modify-inputs'" s))))

(define-clause prepend)
(define-clause replace)

(define (replace-input inputs label replacement)
  (map (match-lambda
         ((and input (this _ . outputs))
          (cond ((not (equal? this label)) input)
                ((pair? replacement) (cons label replacement))
                (else (cons* label replacement outputs)))))
       inputs))

(define-syntax modify-inputs
  (syntax-rules (delete prepend append replace)
    "INPUTS, a list with labels, changed by clauses: (delete LABEL ...),
(prepend INPUT ...), (append INPUT ...), (replace LABEL INPUT)."
    ((_ inputs) inputs)
    ((_ inputs (delete label ...) clauses ...)
     (modify-inputs (fold alist-delete inputs (list label ...)) clauses ...))
    ((_ inputs (prepend input ...) clauses ...)
     (modify-inputs (append (map add-input-label (list input ...)) inputs)
                    clauses ...))
    ((_ inputs (append input ...) clauses ...)
     (modify-inputs (append inputs (map add-input-label (list input ...)))
                    clauses ...))
    ((_ inputs (replace label input) clauses ...)
     (modify-inputs (replace-input inputs label input) clauses ...))))

(define (transitive-inputs inputs)
  "INPUTS, then what they propagate, nearest first; packages that have been seen
are left out of what is propagated."
  (let level ((inputs inputs) (first? #t) (seen vlist-null) (result '()))
    (let loop ((inputs inputs) (seen seen) (result result) (propagated '()))
      (match inputs
        (()
         (if (every null? propagated)
             (reverse result)
             (level (reverse (concatenate propagated)) #f seen result)))
        (((and input (label (? package? package) . outputs)) . rest)
         (if (and (not first?)
                  (equal? outputs (and=> (vhash-assq package seen) cdr)))
             (loop rest seen result propagated)
             (loop rest
                   (vhash-consq package outputs seen)
                   (cons input result)
                   (cons (package-propagated-inputs package) propagated))))
        ((input . rest)
         (loop rest seen (cons input result) propagated))))))

(define (package-direct-inputs package)
  "The inputs of PACKAGE, of all kinds."
  (append (package-native-inputs package)
          (package-inputs package)
          (package-propagated-inputs package)))

(define (package-transitive-inputs package)
  "The inputs of PACKAGE and what they propagate."
  (transitive-inputs (package-direct-inputs package)))

(define (package-transitive-target-inputs package)
  "The inputs of PACKAGE, but for native ones, and what they propagate."
  (transitive-inputs (append (package-inputs package)
                             (package-propagated-inputs package))))

(define (package-transitive-native-inputs package)
  (transitive-inputs (package-native-inputs package)))

(define (package-transitive-propagated-inputs package)
  (transitive-inputs (package-propagated-inputs package)))

(define (package-transitive-native-search-paths package)
  "The native search paths of PACKAGE and of what it propagates."
  (append (package-native-search-paths package)
          (inputs-search-paths (package-transitive-propagated-inputs package)
                               package-native-search-paths)))

(define (inputs-search-paths inputs get)
  (append-map (match-lambda
                ((_ (? package? package) . _) (get package))
                (_ '()))
              inputs))

(define (transitive-input-references alist inputs)
  (map (lambda (input)
         `(assoc-ref ,alist ,(car input)))
       (transitive-inputs inputs)))

(define (package-direct-sources package)
  "The origins of PACKAGE's source, its patches, and its inputs."
  (append (match (package-source package)
            ((? origin? origin)
             (cons origin (filter origin? (origin-patches origin))))
            (_ '()))
          (filter-map (match-lambda
                        ((_ (? origin? origin) . _) origin)
                        (_ #f))
                      (package-direct-inputs package))))

(define (package-transitive-sources package)
  "The origins that PACKAGE and its inputs are built from."
  (delete-duplicates
   (append-map (match-lambda
                 ((_ (? origin? origin) . _) (list origin))
                 ((_ (? package? package) . _) (package-direct-sources package))
                 (_ '()))
               (bag-transitive-inputs (package->bag package)))))

(define* (package-closure packages #:key (system (%current-system)))
  "PACKAGES and all packages that they depend on."
  (let loop ((pending packages) (seen (setq)))
    (match pending
      (() (set->list seen))
      ((package . rest)
       (if (set-contains? seen package)
           (loop rest seen)
           (loop (append (filter-map (match-lambda
                                       ((_ (? package? input) . _) input)
                                       (_ #f))
                                     (bag-direct-inputs
                                      (package->bag package system #f)))
                         rest)
                 (set-insert package seen)))))))

(define* (package-transitive-supported-systems package
                                               #:optional (system (%current-system)))
  "The systems that PACKAGE and all that it depends on support."
  (fold (lambda (package systems)
          (lset-intersection string=? systems
                             (package-supported-systems package)))
        (package-supported-systems package)
        (package-closure (list package) #:system system)))

(define* (supported-package? package #:optional (system (%current-system)))
  "Whether PACKAGE and all that it depends on support SYSTEM."
  (->bool (member system (package-transitive-supported-systems package system))))


;;;
;;; Making variants.
;;;

(define (package-with-patches original patches)
  "ORIGINAL, with PATCHES applied to its source."
  (package
    (inherit original)
    (source (origin (inherit (package-source original)) (patches patches)))
    (location (package-location original))))

(define (package-with-extra-patches original patches)
  "ORIGINAL, with PATCHES applied to its source after those that it has."
  (package-with-patches original
                        (append (origin-patches (package-source original))
                                patches)))

(define (package-with-c-toolchain p toolchain)
  "P, built with the inputs TOOLCHAIN instead of the usual C compiler."
  (package/inherit p
    (build-system (build-system-with-c-toolchain (package-build-system p)
                                                 toolchain))))

(define* (package-mapping proc #:optional (cut? (const #f)) #:key deep?)
  "A procedure that gives a package with PROC applied to it and to all that it
depends on, implicit inputs included if DEEP?.  It does not go beyond packages
for which CUT? is true."
  (define done (gensym " package-mapping-done"))

  (define (rewrite input)
    (match input
      ((label (? package? package) . outputs)
       (cons* label (map-package package) outputs))
      (_ input)))

  (define (rewrite-bag bs)
    (build-system
      (inherit bs)
      (lower (lambda args
               (let ((lowered (apply (build-system-lower bs) args)))
                 (and lowered
                      (bag
                        (inherit lowered)
                        (build-inputs (map rewrite (bag-build-inputs lowered)))
                        (host-inputs (map rewrite (bag-host-inputs lowered)))
                        (target-inputs
                         (map rewrite (bag-target-inputs lowered))))))))))

  (define map-package
    (mlambdaq (p)
      (cond
       ((assq-ref (package-properties p) done) p)
       ((cut? p)
        (let ((new (proc p)))
          (if (or (not deep?) (null? (package-propagated-inputs new)))
              new
              (package
                (inherit new)
                (location (package-location new))
                (replacement (package-replacement new))
                (propagated-inputs
                 (map rewrite (package-propagated-inputs new)))
                (properties `((,done . #t) ,@(package-properties new)))))))
       (else
        (let ((new (proc p)))
          (package
            (inherit new)
            (location (package-location new))
            (build-system (if deep?
                              (rewrite-bag (package-build-system new))
                              (package-build-system new)))
            (inputs (map rewrite (package-inputs new)))
            (native-inputs (map rewrite (package-native-inputs new)))
            (propagated-inputs (map rewrite (package-propagated-inputs new)))
            (replacement (and=> (package-replacement new) map-package))
            (properties `((,done . #t) ,@(package-properties new)))))))))

  map-package)

(define (mark p property)
  (package/inherit p
    (properties `((,property . #t) ,@(package-properties p)))))

(define* (package-input-rewriting replacements
                                  #:optional (rewrite-name identity)
                                  #:key (deep? #t) (recursive? #f))
  "A procedure that gives a package whose dependencies are replaced as
REPLACEMENTS, pairs of packages, say."
  (define replaced (gensym " package-replacement"))

  (define (replacement? p)
    (assq-ref (package-properties p) replaced))

  (package-mapping
   (lambda (p)
     (cond ((replacement? p) p)
           ((assq-ref replacements p)
            => (lambda (new) (if deep? (mark new replaced) new)))
           (else
            (package/inherit p
              (name (rewrite-name (package-name p)))))))
   (lambda (p)
     (or (replacement? p)
         (and (not recursive?) (assq-ref replacements p))))
   #:deep? deep?))

(define* (package-input-rewriting/spec replacements
                                       #:key (deep? #t) (replace-hidden? #f))
  "Like `package-input-rewriting'; REPLACEMENTS are pairs of specification, such
as \"gcc@14\", and procedure that takes a package and gives another."
  (define replaced (gensym " package-replacement"))

  (define (procedure-for p)
    (any (match-lambda
           ((spec . proc)
            (let-values* ((name version (package-name->name+version spec)))
              (and (string=? name (package-name p))
                   (or (not version)
                       (version-prefix? version (package-version p)))
                   proc))))
         replacements))

  (package-mapping
   (lambda (p)
     (cond ((or (assq-ref (package-properties p) replaced)
                (and (not replace-hidden?) (hidden-package? p)))
            p)
           ((procedure-for p) => (lambda (proc) (mark (proc p) replaced)))
           (else p)))
   (lambda (p)
     (or (assq-ref (package-properties p) replaced)
         (procedure-for p)))
   #:deep? deep?))

(define-syntax-rule (let-values* ((var ... exp)) body ...)
  (call-with-values (lambda () exp) (lambda (var ...) body ...)))


;;;
;;; Bags.
;;;

(define %bags
  ;; Package => alist of system and target to bag.
  (make-weak-key-hash-table))

(define* (package->bag package #:optional
                       (system (%current-system))
                       (target (%current-target-system))
                       #:key (graft? (%graft?)))
  "The bag of PACKAGE for SYSTEM and TARGET."
  (let ((key (list system target)))
    (or (assoc-ref (hashq-ref %bags package '()) key)
        (let ((bag (make-package-bag package system target)))
          (hashq-set! %bags package
                      (acons key bag (hashq-ref %bags package '())))
          bag))))

(define (make-package-bag package system target)
  (parameterize ((%current-system system)
                 (%current-target-system target))
    (or (make-bag (package-build-system package)
                  (package-full-name package "-")
                  #:system system #:target target
                  #:source (package-source package)
                  #:inputs (append (package-inputs package)
                                   (package-propagated-inputs package))
                  #:outputs (package-outputs package)
                  #:native-inputs (package-native-inputs package)
                  #:arguments (package-arguments package))
        (raise (if target
                   (condition (&package-cross-build-system-error
                               (package package)))
                   (condition (&package-error (package package))))))))

(define (bag-direct-inputs bag)
  "The inputs of BAG, of all kinds."
  (append (bag-build-inputs bag)
          (bag-host-inputs bag)
          (bag-target-inputs bag)))

(define (bag-transitive bag inputs target)
  (parameterize ((%current-system (bag-system bag))
                 (%current-target-system target))
    (transitive-inputs inputs)))

(define (bag-transitive-inputs bag)
  "The inputs of BAG and what they propagate."
  (bag-transitive bag (bag-direct-inputs bag) #f))

(define (bag-transitive-build-inputs bag)
  (bag-transitive bag (bag-build-inputs bag) #f))

(define (bag-transitive-host-inputs bag)
  (bag-transitive bag (bag-host-inputs bag) (bag-target bag)))

(define (bag-transitive-target-inputs bag)
  (bag-transitive bag (bag-target-inputs bag) (bag-target bag)))

(define* (package-development-inputs package
                                     #:optional (system (%current-system))
                                     #:key target)
  "What is needed to build PACKAGE."
  (bag-transitive-inputs (package->bag package system target)))

(define (expand-input store package input system target)
  ;; A list of label and <gexp-input>.
  (define native? (not target))

  (define (reference label thing output)
    (list label (gexp-input thing output #:native? native?)))

  (match input
    (((? string? label) (? package? input) . outputs)
     (reference label (lower-package store input system target)
                (match outputs (() "out") ((output) output))))
    (((? string? label) (? file-like? thing))
     (reference label thing "out"))
    (((? string? label) (? file-like? thing) (? string? output))
     (reference label thing output))
    (((? string? label) (? string? file))
     (if (or (file-exists? file) (store-path? file))
         (reference label
                    (if (direct-store-path? file)
                        file
                        (local-file (assume-valid-file-name file)
                                    #:recursive? #t))
                    "out")
         (raise (input-error package input))))
    (_
     (raise (input-error package input)))))

(define (input-error package input)
  (make-compound-condition
   (condition (&package-input-error (package package) (input input)))
   (if package
       (condition (&error-location (location (package-location package))))
       (condition (&error)))
   (formatted-message "package '~a' has an invalid input: ~s"
                      (and=> package package-full-name) input)))

(define (same-input? a b)
  (match (list a b)
    (((label1 input1) (label2 input2))
     (and (string=? label1 label2) (equal? input1 input2)))))

(define (expand-inputs store package inputs system target)
  (delete-duplicates
   (map (cut expand-input store package <> system target) inputs)
   same-input?))

(define* (bag->derivation bag #:optional context)
  "Yield the derivation that builds BAG, of the package CONTEXT if any."
  (define system (bag-system bag))
  (define target (bag-target bag))

  (define (paths inputs get)
    (delete-duplicates (inputs-search-paths inputs get)))

  (define (build store)
    (if target
        (let ((host (bag-transitive-host-inputs bag))
              (for-target (bag-transitive-target-inputs bag))
              (for-build (bag-transitive-build-inputs bag)))
          (define all (append for-build for-target host))
          (apply (bag-build bag) (bag-name bag)
                 #:build-inputs
                 (expand-inputs store context for-build system #f)
                 #:host-inputs
                 (expand-inputs store context host system target)
                 #:target-inputs
                 (expand-inputs store context for-target system #f)
                 #:search-paths (paths all package-search-paths)
                 #:native-search-paths (paths all package-native-search-paths)
                 #:outputs (bag-outputs bag)
                 #:system system #:target target
                 (bag-arguments bag)))
        (let ((inputs (bag-transitive-inputs bag)))
          (apply (bag-build bag) (bag-name bag)
                 (expand-inputs store context inputs system #f)
                 #:search-paths (paths inputs package-native-search-paths)
                 #:outputs (bag-outputs bag)
                 #:system system
                 (bag-arguments bag)))))

  (lambda (store)
    (values (run-monadic (build store) store) store)))


;;;
;;; Derivations.
;;;

(define %being-lowered
  ;; The packages whose derivations are being computed, innermost first.
  (make-parameter '()))

(define (check-cycle package)
  (when (memq package (%being-lowered))
    (let ((cycle (reverse
                  (cons package
                        (take-while (negate (cut eq? package <>))
                                    (%being-lowered))))))
      (raise (make-compound-condition
              (condition (&package-cyclic-dependency-error
                          (package package) (cycle cycle)))
              (condition (&error-location
                          (location (package-location package))))
              (formatted-message
               "package '~a' depends on itself: ~a"
               (package-full-name package)
               (string-join (map package-full-name
                                 (cons package cycle))
                            " -> ")))))))

(define (lower-package store package system target)
  (cached-in-store
   store package (list 'package system target)
   (lambda ()
     (check-cycle package)
     (parameterize ((%being-lowered (cons package (%being-lowered))))
       (run-monadic (bag->derivation (package->bag package system target)
                                     package)
                    store)))))

(define* (package->derivation package
                              #:optional (system (%current-system))
                              #:key (graft? (%graft?)))
  "Yield the derivation of PACKAGE for SYSTEM."
  (lambda (store)
    (values (if (package? package)
                (lower-package store package system #f)
                (run-monadic (lower-object package system #:target #f) store))
            store)))

(define* (package->cross-derivation package target
                                    #:optional (system (%current-system))
                                    #:key (graft? (%graft?)))
  "Yield the derivation of PACKAGE on SYSTEM for TARGET."
  (lambda (store)
    (values (lower-package store package system target) store)))

(define package-derivation
  (store-lower package->derivation))

(define package-cross-derivation
  (store-lower package->cross-derivation))

(define* (package-output store package
                         #:optional (output "out") (system (%current-system)))
  "The file name of OUTPUT of PACKAGE."
  (derivation->output-path (package-derivation store package system) output))

(define* (package-file package #:optional file
                       #:key system (output "out") target)
  "Yield the name of FILE, or of the directory, in OUTPUT of PACKAGE."
  (lambda (store)
    (let* ((system (or system (%current-system)))
           (directory (derivation->output-path
                       (lower-package store package system target) output)))
      (values (if file (string-append directory "/" file) directory)
              store))))

(define* (set-guile-for-build guile #:optional system)
  "Use GUILE to run builders from now on."
  (lambda (store)
    (%guile-for-build (package-derivation store guile
                                          (or system (%current-system))))
    (values #t store)))

(define-gexp-compiler (package-compiler (package <package>) system target)
  (lambda (store)
    (values (lower-package store package system target) store)))

(define* (package-source-derivation store source
                                    #:optional (system (%current-system)))
  "The derivation or file of SOURCE: a file name, or an object to lower."
  (cond ((not (string? source))
         (run-monadic (lower-object source system) store))
        ((direct-store-path? source) source)
        (else (add-to-store store (basename source) #t "sha256" source))))
