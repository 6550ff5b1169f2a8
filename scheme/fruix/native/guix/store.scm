;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The native half of GNU Guix's (guix store), evaluated in that module: a
;;; connection leads to the store in this process, below (fruix core), instead
;;; of to a daemon.  What such a connection cannot do says so when asked.

(use-modules (fruix core)
             (fruix core queries))

(define* (open-connection #:optional uri
                          #:key port reserve-space? cpu-affinity
                          non-blocking? built-in-builders)
  "A connection to the store of this process."
  (%make-store-connection #f
                          (protocol-major %protocol-version)
                          (protocol-minor %protocol-version)
                          #f (const #t)
                          (make-hash-table 100) (make-hash-table 100)
                          (make-vector
                           (atomic-box-ref %store-connection-caches)
                           vlist-null)
                          (delay (or built-in-builders
                                     '("download" "git-download")))))

(define (close-connection server) #t)

(define-syntax-rule (define-unavailable name ...)
  (begin
    (define (name server . rest)
      (raise (condition
              (&store-protocol-error
               (message (format #f "'~a' is not available in this store"
                                'name))
               (status 1)))))
    ...))

(define-unavailable
  find-roots optimize-store query-failed-paths clear-failed-paths
  run-gc verify-store import-paths export-paths)

(define (raise-protocol-error format-string . arguments)
  (raise (condition
          (&store-protocol-error
           (message (apply format #f format-string arguments))
           (status 1)))))

(define (query-path-info server path)
  "What is known of PATH, which has to be valid."
  (match (core-path-info path)
    (#f (raise-protocol-error "path `~a' is not valid" path))
    ((deriver hash references time size)
     (path-info deriver hash references time size))))

(define (query-path-hash server path)
  "The SHA-256 of the archive of PATH."
  (path-info-hash (query-path-info server path)))

(define (references server path)
  "What PATH refers to."
  (path-info-references (query-path-info server path)))

(define (referrers server path)
  "The items that refer to PATH."
  (core-referrers path))

(define (valid-derivers server path)
  "The derivations in the store among whose outputs PATH is."
  (core-valid-derivers path))

(define (query-derivation-outputs server path)
  "The outputs of the derivation PATH."
  (core-derivation-outputs path))

(define (hash-part->path server hash-part)
  "The item whose name begins with HASH-PART, or the empty string."
  (core-hash-part->path hash-part))

(define (add-temp-root server path)
  "Keep PATH as long as the connection lives."
  (core-add-temp-root path))

(define (add-indirect-root server file-name)
  "Make FILE-NAME, a link to an item, a root."
  (core-add-indirect-root file-name))

;; Nobody offers substitutes to this store.
(define (has-substitutes? server path) #f)
(define (substitutable-paths server paths) '())
(define (substitutable-path-info server paths) '())
(define (substitute-urls server) '())

(define (building name)
  ;; What the command gives; a library alone builds nothing.
  (false-if-exception (module-ref (resolve-interface '(fruix building)) name)))

(define (build-items things mode)
  (match (building 'build-store-items)
    (#f (raise-protocol-error "nothing is built in this store"))
    (build
     (build (map (match-lambda
                   ((drv . output) (list drv output))
                   (thing (list thing)))
                 things)
            mode)
     #t)))

(define build-things
  (lambda* (store things #:optional (mode (build-mode normal)))
    "Build THINGS, each an item, a derivation, or a pair of a derivation and the
name of one of its outputs."
    (or (not (invoke-build-handler store things mode))
        (build-items things mode))))

(define (ensure-path server path)
  "Make PATH valid."
  (or (core-valid-path? path)
      (build-items (list path) (build-mode normal))))

(define* (set-build-options server
                            #:key keep-failed? keep-going? rounds
                            build-cores max-build-jobs timeout max-silent-time
                            #:allow-other-keys)
  "Build as the options say from now on."
  (let ((set-options (building 'set-build-options!)))
    (when set-options
      (set-options (filter cdr
                           `((keep-failed . ,(and keep-failed? 1))
                             (keep-going . ,(and keep-going? 1))
                             (rounds . ,rounds)
                             (cores . ,build-cores)
                             (max-jobs . ,max-build-jobs)
                             (timeout . ,timeout)
                             (max-silent-time . ,max-silent-time))))))
  #t)

(define (valid-path? server path)
  "Whether PATH is in the store."
  (core-valid-path? path))

(define* (add-data-to-store server name bytes #:optional (references '()))
  "Add BYTES as the file NAME, which refers to REFERENCES."
  (core-add-text name bytes references))

;; A memoizing version, as callers add the same files again and again.
(define add-to-store
  (lambda* (server basename recursive? hash-algo file-name
                   #:key (select? true))
    "Add the contents of FILE-NAME under BASENAME to the store."
    (let ((args  (list file-name basename recursive? hash-algo select?))
          (cache (store-connection-add-to-store-cache server)))
      (or (hash-ref cache args)
          (let ((path (if (string=? hash-algo "sha256")
                          (core-add-file
                           basename file-name recursive?
                           (if (or (not recursive?) (eq? select? true))
                               '()
                               (refused-files file-name select?)))
                          (raise (condition
                                  (&store-protocol-error
                                   (message "only SHA-256 is supported")
                                   (status 1)))))))
            (hash-set! cache args path)
            path)))))

(define (refused-files root select?)
  ;; Files below ROOT that SELECT? refuses; directories stand for their contents.
  (define (entries directory)
    (let ((stream (opendir directory)))
      (let loop ((result '()))
        (let ((name (readdir stream)))
          (cond ((eof-object? name)
                 (closedir stream)
                 result)
                ((member name '("." "..")) (loop result))
                (else (loop (cons name result))))))))

  (let loop ((directory root) (result '()))
    (if (eq? 'directory (stat:type (lstat directory)))
        (fold (lambda (name result)
                (let* ((file (string-append directory "/" name))
                       (stat (lstat file)))
                  (cond ((not (select? file stat)) (cons file result))
                        ((eq? 'directory (stat:type stat)) (loop file result))
                        (else result))))
              result
              (entries directory))
        result)))

(define* (add-file-tree-to-store server tree
                                 #:key (hash-algo "sha256") (recursive? #t))
  "Add TREE, as (NAME directory ENTRY ...), (NAME regular CONTENT), (NAME
executable CONTENT) or (NAME symlink TARGET), to the store."
  (let ((cache (store-connection-add-to-store-cache server)))
    (or (hash-ref cache tree)
        (let ((path (core-add-tree tree)))
          (hash-set! cache tree path)
          path))))

;; What the module made of the procedures above before they were replaced.
(define interned-file-tree (store-lift add-file-tree-to-store))
(define set-build-options* (store-lift set-build-options))
(define references* (store-lift references))
(define build (store-lift build-things))
