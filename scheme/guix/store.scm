;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The store, and the monad of computations that need it.  Same public
;;; interface as the module of this name in GNU Guix, as far as lowering
;;; packages goes: the store is in the same process, below (fruix core).

(define-module (guix store)
  #:use-module (fruix core)
  #:use-module (guix monads)
  #:use-module (guix utils)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:use-module (srfi srfi-26)
  #:use-module (srfi srfi-34)
  #:use-module (srfi srfi-35)
  #:use-module (ice-9 match)
  #:use-module (ice-9 ftw)
  #:use-module (rnrs bytevectors)
  #:autoload   (fruix building) (build-store-items)
  #:export (store-connection? open-connection close-connection with-store
            %store-prefix %graft? %guile-for-build
            &store-error store-error?
            store-path? direct-store-path? direct-store-path
            derivation-path? store-path-base store-path-package-name
            store-path-hash-part strip-store-file-name
            valid-path? add-data-to-store add-text-to-store add-to-store
            add-file-tree-to-store built-in-builders build-things
            %store-monad store-bind store-return store-lift store-lower
            run-with-store run-monadic store-parameterize
            text-file binary-file interned-file interned-file-tree
            mcached cached-in-store grafting? set-grafting without-grafting
            current-system set-current-system current-target-system
            mapm/accumulate-builds))

(define %store-prefix
  (make-parameter (core-store-directory)))

(define %graft?
  (make-parameter #t))

(define %guile-for-build
  ;; The derivation of the Guile that runs builders, or #f.
  (make-parameter #f))

(define-condition-type &store-error &error
  store-error?)

;; What has been lowered for this connection: object => alist of key to result.
(define-record-type <store-connection>
  (make-store-connection cache grafting)
  store-connection?
  (cache    store-connection-cache)
  (grafting store-connection-grafting? set-store-connection-grafting!))

(define* (open-connection #:optional uri)
  "A connection to the store."
  (make-store-connection (make-weak-key-hash-table) (%graft?)))

(define (close-connection store) #t)

(define-syntax-rule (with-store store exp ...)
  "Bind STORE to an open store while evaluating EXP."
  (let ((store (open-connection)))
    exp ...))


;;;
;;; File names.
;;;

(define (store-path? path)
  "Whether PATH is a store item or below one."
  (string-prefix? (string-append (%store-prefix) "/") path))

(define (direct-store-path? path)
  "Whether PATH is a store item."
  (and (store-path? path)
       (let ((base (string-drop path (+ 1 (string-length (%store-prefix))))))
         (and (not (string-null? base))
              (not (string-index base #\/))))))

(define (direct-store-path path)
  "The store item that PATH is or is below of."
  (let ((start (+ 1 (string-length (%store-prefix)))))
    (match (string-index path #\/ start)
      (#f path)
      (slash (string-take path slash)))))

(define (derivation-path? path)
  "Whether PATH names a derivation."
  (and (store-path? path) (string-suffix? ".drv" path)))

(define (store-path-base path)
  "The base name of the store item PATH, or #f."
  (and (store-path? path)
       (let ((base (string-drop path (+ 1 (string-length (%store-prefix))))))
         (and (> (string-length base) 33)
              (not (string-index base #\/))
              base))))

(define (store-path-package-name path)
  "The name in PATH, without the hash."
  (and=> (store-path-base path) (cut string-drop <> 33)))

(define (store-path-hash-part path)
  "The hash in PATH."
  (and=> (store-path-base path) (cut string-take <> 32)))

(define (strip-store-file-name file)
  "FILE without store directory and hash."
  (string-drop file (+ 34 (string-length (%store-prefix)))))


;;;
;;; Adding to the store.
;;;

(define (valid-path? store path)
  "Whether PATH is in the store."
  (core-valid-path? path))

(define* (add-data-to-store store name bytes #:optional (references '()))
  "Add BYTES as the file NAME, which refers to REFERENCES."
  (core-add-text name bytes references))

(define* (add-text-to-store store name text #:optional (references '()))
  "Add the string TEXT as the file NAME, which refers to REFERENCES."
  (core-add-text name (string->utf8 text) references))

(define (refused-files root select?)
  ;; Files below ROOT that SELECT? refuses; directories stand for their contents.
  (let loop ((directory root) (result '()))
    (fold (lambda (name result)
            (let* ((file (string-append directory "/" name))
                   (stat (lstat file)))
              (cond ((not (select? file stat)) (cons file result))
                    ((eq? 'directory (stat:type stat)) (loop file result))
                    (else result))))
          result
          (scandir directory (negate (cut member <> '("." "..")))))))

(define* (add-to-store store name recursive? algorithm file
                       #:key (select? #f))
  "Add FILE as NAME, by its contents hashed with ALGORITHM."
  (core-add-file name file recursive?
                 (if (and select? recursive?
                          (eq? 'directory (stat:type (lstat file))))
                     (refused-files file select?)
                     '())))

(define (add-file-tree-to-store store tree)
  "Add the directory described by TREE: (NAME directory ENTRY ...), or
(NAME regular (data CONTENT)), or (NAME regular FILE), or (NAME symlink TO)."
  (match tree
    ((name 'directory . entries)
     (core-add-files name (tree->files entries "")))))

(define (tree->files entries prefix)
  (append-map (match-lambda
                ((name 'directory . entries)
                 (tree->files entries (string-append prefix name "/")))
                ((name 'regular ('data content))
                 (list (cons (string-append prefix name)
                             (if (string? content)
                                 (string->utf8 content)
                                 content))))
                ((name 'regular file)
                 (list (cons (string-append prefix name) file))))
              entries))

(define (built-in-builders store)
  '("download" "git-download"))

(define (build-things store things)
  "Build THINGS, each a store item, a derivation or a pair of a derivation and
the name of the output that is wanted.  The items are valid then, or an error is
raised."
  (build-store-items (map (match-lambda
                            ((drv . output) (list drv output))
                            ((? string? item) (list item)))
                          things))
  #t)


;;;
;;; The monad.  A monadic value takes the store and returns two values: what it
;;; yields, and the store.
;;;

(define (store-return value)
  (state-return value))

(define (store-bind mval proc)
  (state-bind mval proc))

(define-monad %store-monad
  (bind state-bind)
  (return state-return))

(define (run-monadic mval store)
  "What MVAL yields with STORE."
  (call-with-values (lambda () (mval store))
    (lambda (value store) value)))

(define* (run-with-store store mval
                         #:key
                         (guile-for-build (%guile-for-build))
                         (system (%current-system))
                         (target #f))
  "What MVAL yields with STORE, for SYSTEM and TARGET."
  (parameterize ((%guile-for-build guile-for-build)
                 (%current-system system)
                 (%current-target-system target))
    (run-monadic mval store)))

(define (store-lift proc)
  "PROC, whose first argument is a store, as a monadic procedure."
  (lambda args
    (lambda (store)
      (values (apply proc store args) store))))

(define (store-lower proc)
  "PROC, a monadic procedure, as one whose first argument is a store."
  (lambda (store . args)
    (run-monadic (apply proc args) store)))

(define-syntax-rule (store-parameterize bindings mval)
  (lambda (store)
    (parameterize bindings
      (mval store))))

(define* (text-file name text #:optional (references '()))
  "Yield the name of the store file NAME that contains TEXT, a string."
  (lambda (store)
    (values (add-text-to-store store name text references) store)))

(define* (binary-file name data #:optional (references '()))
  "Yield the name of the store file NAME that contains DATA, a bytevector."
  (lambda (store)
    (values (add-data-to-store store name data references) store)))

(define* (interned-file file #:optional name
                        #:key (recursive? #t) (select? #f))
  "Yield the store item NAME with the contents of FILE."
  (lambda (store)
    (values (add-to-store store (or name (basename file)) recursive? "sha256"
                          file #:select? select?)
            store)))

(define (interned-file-tree tree)
  "Yield the store item that TREE describes; see `add-file-tree-to-store'."
  (lambda (store)
    (values (add-file-tree-to-store store tree) store)))

(define (mapm/accumulate-builds proc lst)
  "Map the monadic PROC over LST."
  (lambda (store)
    (values (map (lambda (item) (run-monadic (proc item) store)) lst)
            store)))

(define (cached-in-store store object key thunk)
  "The result of THUNK, kept in STORE for OBJECT (by `eq?') and KEY."
  (let* ((table (store-connection-cache store))
         (known (hashq-ref table object '())))
    (match (assoc key known)
      ((_ . result) result)
      (#f
       (let ((result (thunk)))
         (hashq-set! table object
                     (acons key result (hashq-ref table object '())))
         result)))))

(define-syntax mcached
  (syntax-rules (eq? equal?)
    "Yield what MVAL yields, kept in the store for OBJECT and KEYS."
    ((_ eq? mval object key ...)
     (mcached mval object key ...))
    ((_ equal? mval object key ...)
     mval)
    ((_ mval object key ...)
     (lambda (store)
       (values (cached-in-store store object (list key ...)
                                (lambda () (run-monadic mval store)))
               store)))))

(define (grafting?)
  "Yield whether grafting is on."
  (lambda (store)
    (values (store-connection-grafting? store) store)))

(define (set-grafting enable?)
  "Turn grafting on or off; yield what it was."
  (lambda (store)
    (let ((previous (store-connection-grafting? store)))
      (set-store-connection-grafting! store enable?)
      (values previous store))))

(define-syntax-rule (without-grafting mval ...)
  (mlet %store-monad ((previous (set-grafting #f)))
    (mlet %store-monad ((result (mbegin %store-monad mval ...)))
      (mbegin %store-monad
        (set-grafting previous)
        (return result)))))

(define (current-system)
  (lambda (store) (values (%current-system) store)))

(define (set-current-system system)
  (lambda (store) (values (%current-system system) store)))

(define (current-target-system)
  (lambda (store) (values (%current-target-system) store)))
