;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; What package definitions need all over: keyword arguments, versions, file
;;; names, system types.  Same public interface as the module of this name in
;;; GNU Guix, as far as it goes.

(define-module (guix utils)
  #:use-module (guix config)
  #:use-module (guix diagnostics)
  #:use-module (guix memoization)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-26)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:re-export (<location> location location? location-file location-line
               location-column source-properties->location
               location->source-properties &error-location error-location?
               error-location &fix-hint fix-hint? condition-fix-hint)
  #:export (strip-keyword-arguments default-keyword-arguments
            substitute-keyword-arguments ensure-keyword-arguments
            current-source-directory
            nix-system->gnu-triplet gnu-triplet->nix-system
            %current-system %current-target-system
            target-linux? target-hurd? target-mingw? target-x86-32?
            target-x86-64? target-x86? target-arm32? target-aarch64?
            target-arm? target-ppc32? target-ppc64le? target-powerpc?
            target-riscv64? target-64bit? target-little-endian?
            cc-for-target cxx-for-target ar-for-target as-for-target
            ld-for-target ranlib-for-target strip-for-target
            pkg-config-for-target
            version-compare version>? version>=? version-prefix
            version-major+minor+point version-major+minor version-major
            version-prefix? version-unique-prefix guile-version>?
            package-name->name+version downstream-package-name
            string-replace-substring string-closest string-distance
            file-extension file-sans-extension tarball-sans-extension
            compressed-file? tarball? switch-symlinks call-with-temporary-output-file
            call-with-temporary-directory readlink*
            cache-directory))


;;;
;;; Keyword arguments.
;;;

(define (strip-keyword-arguments keywords args)
  "ARGS without KEYWORDS and their values."
  (let loop ((args args) (result '()))
    (match args
      (() (reverse result))
      (((? keyword? key) value . rest)
       (loop rest (if (memq key keywords)
                      result
                      (cons* value key result))))
      ((head . rest)
       (loop rest (cons head result))))))

(define (default-keyword-arguments args defaults)
  "ARGS with those of DEFAULTS whose keyword is not there."
  (let loop ((defaults defaults) (args args))
    (match defaults
      ((key value . rest)
       (loop rest (if (memq key args) args (cons* key value args))))
      (() args))))

(define (ensure-keyword-arguments args new)
  "ARGS with each keyword of NEW set to its value there."
  (let loop ((new new) (args args))
    (match new
      ((key value . rest)
       (loop rest (set-keyword args key value)))
      (() args))))

(define (set-keyword args key value)
  (let loop ((before '()) (after args))
    (match after
      (() (append args (list key value)))
      (((? (cut eq? <> key)) old . rest)
       (append (reverse before) (cons* key value rest)))
      ((head . rest)
       (loop (cons head before) rest)))))

(define-syntax substitute-keyword-arguments
  (syntax-rules ()
    "Change the values of keywords in ARGS: ((#:KEY VAR) EXP) where the keyword
is there; ((#:KEY VAR DEFAULT) EXP) also where it is not."
    ((_ args ((key variable default ...) exp exps ...) ...)
     (apply-substitutions
      args
      (list (cons key (lambda (variable) exp exps ...)) ...)
      (append (default-of key default ...) ...)))))

(define-syntax default-of
  (syntax-rules ()
    ((_ key) '())
    ((_ key exp) (list (cons key (lambda () exp))))))

(define (apply-substitutions args procs defaults)
  (let loop ((args (fold (lambda (default args)
                           (if (memq (car default) args)
                               args
                               (cons* (car default) ((cdr default)) args)))
                         args defaults))
             (result '()))
    (match args
      (() (reverse result))
      (((? keyword? key) value . rest)
       (let ((proc (assq-ref procs key)))
         (loop rest (cons* (if proc (proc value) value) key result))))
      ((head . rest)
       (loop rest (cons head result))))))


;;;
;;; Systems.
;;;

(define %current-system
  (make-parameter %system))

(define %current-target-system
  (make-parameter #f))

(define (nix-system->gnu-triplet system)
  "The triplet that SYSTEM, such as \"x86_64-linux\", has by default."
  (match system
    ("armhf-linux" "arm-unknown-linux-gnueabihf")
    (_
     (let* ((dash (string-index system #\-))
            (machine (string-take system dash))
            (kernel (string-drop system (+ 1 dash))))
       (if (string=? kernel "gnu")
           (string-append machine "-unknown-gnu")
           (string-append machine "-unknown-" kernel
                          (if (string=? kernel "linux") "-gnu" "")))))))

(define (gnu-triplet->nix-system triplet)
  "The system type of TRIPLET."
  (let* ((parts (string-split triplet #\-))
         (machine (if (string-prefix? "arm" (car parts)) "armhf" (car parts))))
    (string-append machine
                   (cond ((member "linux" parts) "-linux")
                         ((member "gnu" parts) "-gnu")
                         (else (string-append "-" (last parts)))))))

(define (current-platform)
  (or (%current-target-system) (%current-system)))

(define-syntax-rule (define-target-predicate name test)
  (define* (name #:optional (target (current-platform)))
    (test target)))

(define-target-predicate target-linux? (cut string-contains <> "linux"))
(define-target-predicate target-hurd?
  (lambda (target)
    (and (string-suffix? "gnu" target)
         (not (string-contains target "linux")))))
(define-target-predicate target-mingw? (cut string-suffix? "-mingw32" <>))
(define-target-predicate target-x86-32?
  (lambda (target)
    (and (string-match "^i[456]86-" target) #t)))
(define-target-predicate target-x86-64? (cut string-prefix? "x86_64-" <>))
(define-target-predicate target-x86?
  (lambda (target) (or (target-x86-32? target) (target-x86-64? target))))
(define-target-predicate target-arm32? (cut string-prefix? "arm" <>))
(define-target-predicate target-aarch64? (cut string-prefix? "aarch64-" <>))
(define-target-predicate target-arm?
  (lambda (target) (or (target-arm32? target) (target-aarch64? target))))
(define-target-predicate target-ppc32? (cut string-prefix? "powerpc-" <>))
(define-target-predicate target-ppc64le? (cut string-prefix? "powerpc64le-" <>))
(define-target-predicate target-powerpc? (cut string-prefix? "powerpc" <>))
(define-target-predicate target-riscv64? (cut string-prefix? "riscv64-" <>))
(define-target-predicate target-64bit?
  (lambda (target)
    (any (cut string-prefix? <> target)
         '("x86_64" "aarch64" "mips64" "powerpc64" "riscv64"))))
(define-target-predicate target-little-endian?
  (lambda (target) (not (target-ppc32? target))))

(define-syntax-rule (define-tool name program)
  (define* (name #:optional (target (%current-target-system)))
    (if target (string-append target "-" program) program)))

(define-tool cc-for-target "gcc")
(define-tool cxx-for-target "g++")
(define-tool ar-for-target "ar")
(define-tool as-for-target "as")
(define-tool ld-for-target "ld")
(define-tool ranlib-for-target "ranlib")
(define-tool strip-for-target "strip")
(define-tool pkg-config-for-target "pkg-config")


;;;
;;; Versions.
;;;

(define (version-parts version)
  ;; Runs of digits as numbers, runs of letters as strings; "." and "-"
  ;; separate and "_" counts as a letter does.
  (define (kind char)
    (cond ((char-numeric? char) 'number)
          ((memv char '(#\. #\-)) 'separator)
          (else 'text)))

  (let loop ((chars (string->list version)) (run '()) (result '()))
    (define (flush)
      (if (null? run)
          result
          (let ((text (reverse-list->string run)))
            (cons (if (char-numeric? (car run))
                      (string->number text)
                      text)
                  result))))

    (match chars
      (() (reverse (flush)))
      ((char . rest)
       (cond ((eq? (kind char) 'separator)
              (loop rest '() (flush)))
             ((or (null? run) (eq? (kind char) (kind (car run))))
              (loop rest (cons char run) result))
             (else
              (loop rest (list char) (flush))))))))

(define (version-compare a b)
  "Whether version A is newer than B (>), equal (=) or older (<): a symbol."
  (let loop ((a (version-parts a)) (b (version-parts b)))
    (match (list a b)
      ((() ()) '=)
      ((() ((? number?) . _)) '<)
      ((() _) (if (pre-release? (car b)) '> '<))
      (((? pair?) ()) (if (and (string? (car a)) (pre-release? (car a))) '< '>))
      (((x . a) (y . b))
       (cond ((equal? x y) (loop a b))
             ((and (number? x) (number? y)) (if (< x y) '< '>))
             ((number? x) '>)
             ((number? y) '<)
             ((pre-release? x) '<)
             ((pre-release? y) '>)
             (else (if (string<? x y) '< '>)))))))

(define (pre-release? part)
  (and (string? part) (member part '("~" "pre" "rc" "alpha" "beta")) #t))

(define (version>? a b)
  "Whether version A is newer than B."
  (eq? '> (version-compare a b)))

(define (version>=? a b)
  "Whether version A is not older than B."
  (and (memq (version-compare a b) '(> =)) #t))

(define (guile-version>? str)
  "Whether the running Guile is newer than version STR."
  (version>? (version) str))

(define (version-prefix version count)
  "The first COUNT components of VERSION."
  (let ((parts (string-split version #\.)))
    (string-join (take parts (min count (length parts))) ".")))

(define (version-major+minor+point version)
  (version-prefix version 3))

(define (version-major+minor version)
  (version-prefix version 2))

(define (version-major version)
  (version-prefix version 1))

(define (version-prefix? a b)
  "Whether version A is B or starts it: \"4.1\" starts \"4.1.2\", not \"4.10\"."
  (let loop ((a (string-split a #\.)) (b (string-split b #\.)))
    (match (list a b)
      ((() _) #t)
      ((_ ()) #f)
      (((x . a) (y . b)) (and (string=? x y) (loop a b))))))

(define (version-unique-prefix version versions)
  "The shortest prefix of VERSION that none of the other VERSIONS has."
  (match (delete version versions)
    (() "")
    (others
     (let ((size (length (string-split version #\.))))
       (let loop ((count 1))
         (let ((prefix (version-prefix version count)))
           (if (and (< count size)
                    (any (cut version-prefix? prefix <>) others))
               (loop (+ 1 count))
               prefix)))))))

(define* (package-name->name+version spec #:optional (delimiter #\@))
  "Split SPEC, such as \"hello@2.10\", into name and version, which may be #f."
  (let ((at (string-rindex spec delimiter)))
    (if at
        (values (string-take spec at) (string-drop spec (+ 1 at)))
        (values spec #f))))

(define (downstream-package-name prefix name)
  "The package name for what is called NAME upstream, with PREFIX."
  (let ((name (string-downcase name)))
    (string-append prefix
                   (string-map (lambda (c) (if (memv c '(#\_ #\space)) #\- c))
                               name))))


;;;
;;; Strings and file names.
;;;

(define* (string-replace-substring str old new
                                   #:optional (start 0) (end (string-length str)))
  "STR with NEW for each OLD between START and END."
  (let ((size (string-length old)))
    (let loop ((from start) (pieces (list (substring str 0 start))))
      (match (string-contains str old from end)
        (#f (string-concatenate-reverse
             (cons (substring str from) pieces)))
        (at (loop (+ at size)
                  (cons* new (substring str from at) pieces)))))))

(define (string-distance a b)
  "How many insertions, deletions and replacements make B from A."
  (let* ((b (string->list b))
         (first (iota (+ 1 (length b)))))
    (last
     (fold (lambda (x row)
             (let loop ((row row) (b b) (result (list (+ 1 (car row)))))
               (match b
                 (() (reverse result))
                 ((y . rest)
                  (loop (cdr row) rest
                        (cons (min (+ 1 (car result))
                                   (+ 1 (cadr row))
                                   (+ (car row) (if (char=? x y) 0 1)))
                              result))))))
           first (string->list a)))))

(define* (string-closest trial tests #:key (threshold 3))
  "The one of TESTS closest to TRIAL, or #f when none is within THRESHOLD."
  (let loop ((tests tests) (best #f) (least threshold))
    (match tests
      (() best)
      ((test . rest)
       (let ((distance (string-distance trial test)))
         (if (< distance least)
             (loop rest test distance)
             (loop rest best least)))))))

(define (file-extension file)
  "What follows the last dot of FILE, or #f."
  (let ((dot (string-rindex file #\.)))
    (and dot (string-drop file (+ 1 dot)))))

(define (file-sans-extension file)
  "FILE without its last dot and what follows."
  (let ((dot (string-rindex file #\.)))
    (if dot (string-take file dot) file)))

(define (tarball-sans-extension file)
  "FILE without \".tar.gz\" or the like."
  (let ((end (or (string-contains file ".tar") (string-contains file ".tgz"))))
    (if end (string-take file end) file)))

(define (compressed-file? file)
  "Whether FILE's name says that it is compressed."
  (->bool (member (file-extension file)
                  '("gz" "bz2" "xz" "lz" "lzma" "tgz" "tbz2" "tzst" "zip"
                    "zst"))))

(define (tarball? file)
  (->bool (string-match "\\.(tar(\\..*)?|tgz|tbz)$" file)))

(define (readlink* file)
  "Follow symbolic links from FILE until there is none; return the file name."
  (let loop ((file file) (left 100))
    (let ((target (and (positive? left)
                       (false-if-exception (readlink file)))))
      (cond ((not target) file)
            ((string-prefix? "/" target) (loop target (- left 1)))
            (else (loop (string-append (dirname file) "/" target)
                        (- left 1)))))))

(define (switch-symlinks link target)
  "Make LINK point to TARGET, in one step."
  (let ((pivot (string-append link ".new")))
    (symlink target pivot)
    (rename-file pivot link)))

(define (call-with-temporary-output-file proc)
  "Call PROC with the name of a temporary file and a port that writes to it."
  (let* ((template (string-append (or (getenv "TMPDIR") "/tmp") "/guix-file.XXXXXX"))
         (port (mkstemp template))
         (file (port-filename port)))
    (dynamic-wind
      (const #t)
      (lambda () (proc file port))
      (lambda ()
        (false-if-exception (close-port port))
        (false-if-exception (delete-file file))))))

(define (call-with-temporary-directory proc)
  "Call PROC with the name of a temporary directory."
  (let ((directory (mkdtemp (string-append (or (getenv "TMPDIR") "/tmp")
                                           "/guix-directory.XXXXXX"))))
    (proc directory)))

(define (cache-directory)
  (or (and=> (getenv "XDG_CACHE_HOME") (cut string-append <> "/guix"))
      (string-append (or (getenv "HOME") "/tmp") "/.cache/guix")))

(define-syntax current-source-directory
  (lambda (s)
    "The absolute name of the directory of the file where this form is, or #f."
    (syntax-case s ()
      ((_)
       (let ((file (and=> (syntax-source s) (cut assq-ref <> 'filename))))
         (if (string? file)
             #`(source-file-directory #,(if (string-prefix? "/" file)
                                            file
                                            (or (search-path %load-path file)
                                                file)))
             #'#f))))))

(define-public (source-file-directory file)
  ;; Forms keep the name under which their file was found.
  (cond ((string-prefix? "/" file) (dirname file))
        ((search-path %load-path file) => dirname)
        (else (string-append (getcwd) "/" (dirname file)))))
