;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Install plans.

(load "harness.scm")
(use-modules ((guix build copy-build-system) #:prefix copy:)
             (guix build utils))

(show "phases" (map car copy:%standard-phases))

(define (make-source)
  (mkdir-p "src/foo/sub/deep")
  (for-each (lambda (name) (write-file (string-append "src/foo/" name) name))
            '("bar" "baz.txt" "sub/file" "sub/other.txt" "sub/deep/x"))
  (symlink "bar" "src/foo/link")
  (write-file "src/single" "single"))
(make-source)

(define count 0)
(define (install . plan)
  (define root (begin
                 (set! count (+ count 1))
                 (simple-format #f "~a/out~a" scratch count)))
  (with-directory-excursion "src"
    (show plan
          (begin
            ((assq-ref copy:%standard-phases 'install)
             #:install-plan plan
             #:outputs `(("out" . ,root)
                         ("doc" . ,(string-append root "-doc"))))
            'done)))
  (for-each (lambda (directory)
              (when (file-exists? directory) (show-tree directory)))
            (list root (string-append root "-doc"))))

(install '("foo/bar" "share/my-app/"))
(install '("foo/bar" "share/my-app/baz"))
(install '("foo/link" "share/"))
(install '("foo" "share/app"))
(install '("foo" "share/app/"))
(install '("foo/" "share/app"))
(install '("foo/" "share/app/"))
(install '("foo/" "share/app" #:include ("sub/file")))
(install '("foo/sub" "share/app" #:include ("file")))
(install '("foo" "share/app" #:include-regexp ("\\.txt$" "^./sub/deep")))
(install '("foo" "share/app" #:exclude ("bar") #:exclude-regexp ("sub")))
(install '("foo" "share/app" #:include ("file") #:include-regexp ("txt")
           #:exclude ("other.txt")))
(install '("foo" "share/app" #:include ()))
(install '("foo" "doc" #:output "doc") '("single" "bin/"))
(install '("single" "x" #:include ("single")))
(install '("missing" "x"))
(install '("single" "x" #:output "none"))
