;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The native half of GNU Guix's (guix store), evaluated in that module: a
;;; connection leads to the store in this process, below (fruix core), instead
;;; of to a daemon.  What such a connection cannot do says so when asked.

(use-modules (fruix core))

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
  query-path-hash query-path-info ensure-path find-roots
  has-substitutes? optimize-store query-failed-paths
  clear-failed-paths references requisites referrers valid-derivers
  query-derivation-outputs substitutable-paths substitutable-path-info
  run-gc verify-store import-paths export-paths)

(define (set-build-options server . options) #t)
(define (add-temp-root server path) #t)

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
