;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Finding packages: all public variables of package modules that hold one.
;;;
;;; Where the user points at a tree of GNU Guix, its packages take the place of
;;; ours, and its own (gnu packages) finds them.

(define-module (fruix discovery)
  #:use-module (fruix core)
  #:use-module (guix modules)
  #:use-module (guix packages)
  #:use-module (guix utils)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-26)
  #:use-module (ice-9 ftw)
  #:use-module (ice-9 match)
  #:export (package-modules fold-packages packages-matching all-packages))

(define (scheme-files directory)
  ;; Names, relative to DIRECTORY, of the Scheme files below it.
  (define (below name)
    (let ((file (string-append directory "/" name)))
      (match (false-if-exception (stat:type (stat file)))
        ('directory
         (append-map (lambda (entry)
                       (if (string-prefix? "." entry)
                           '()
                           (below (string-append name "/" entry))))
                     (or (scandir file) '())))
        ('regular
         (if (string-suffix? ".scm" name) (list name) '()))
        (_ '()))))

  (append-map (lambda (entry)
                (if (string-prefix? "." entry) '() (below entry)))
              (or (scandir directory) '())))

(define %user-path
  ;; Directories given by the user, where any module may define packages.
  (make-parameter '()))

(define-public (call-with-user-path directories thunk)
  (parameterize ((%user-path (remove guile-library? directories)))
    (thunk)))

(define (guix-tree? directory)
  (file-exists? (string-append directory "/gnu/packages.scm")))

(define (guile-library? directory)
  ;; It is on the load path for builds that import its files, and defines no
  ;; packages.
  (and (file-exists? (string-append directory "/ice-9/match.scm"))
       (not (guix-tree? directory))))

(define (guix-value name)
  ;; The value of NAME in the tree's (gnu packages).
  (module-ref (resolve-interface '(gnu packages)) name))

(define (call-with-tree-path thunk)
  ;; Call THUNK with a path of package modules that has the user's other
  ;; directories in front, as '-L' of 'guix build' does.
  (let ((path (guix-value '%package-module-path)))
    (let ((before (path)))
      (dynamic-wind
        (lambda ()
          (path (append (remove guix-tree? (%user-path)) before)))
        thunk
        (lambda () (path before))))))

(define (package-modules)
  "The names of the modules that may define packages."
  (define tree? (any guix-tree? (%user-path)))

  (append (if tree?
              '()
              (map file-name->module-name
                   (core-library-modules "fruix/packages/")))
          (append-map (lambda (directory)
                        (map file-name->module-name
                             (if (guix-tree? directory)
                                 (filter (cut string-prefix? "gnu/packages/" <>)
                                         (scheme-files directory))
                                 (scheme-files directory))))
                      (%user-path))))

(define* (fold-packages proc init #:key hidden?)
  "Fold PROC over all packages, without hidden ones unless HIDDEN? is true, each
once."
  (define seen (make-hash-table))

  (define (fold-ours)
    (fold (lambda (module result)
            (module-fold-packages
             (lambda (package result)
               (if (or (hashq-ref seen package)
                       (and (not hidden?) (hidden-package? package)))
                   result
                   (begin
                     (hashq-set! seen package #t)
                     (proc package result))))
             result
             (resolve-interface module)))
          init (package-modules)))

  (if (any guix-tree? (%user-path))
      (call-with-tree-path
       (lambda ()
         (apply (guix-value 'fold-packages) proc init
                (if hidden? (list #:select? (const #t)) '()))))
      (fold-ours)))

(define (module-fold-packages proc init interface)
  (fold (lambda (value result)
          (if (package? value) (proc value result) result))
        init
        (module-map (lambda (name variable)
                      (and (variable-bound? variable)
                           (variable-ref variable)))
                    interface)))

(define (all-packages)
  "All packages that are not hidden, by name and falling version."
  (sort (fold-packages cons '())
        (lambda (a b)
          (let ((name-a (package-name a)) (name-b (package-name b)))
            (or (string<? name-a name-b)
                (and (string=? name-a name-b)
                     (version>? (package-version a) (package-version b))))))))

(define (packages-matching spec)
  "The packages that SPEC, NAME or NAME@VERSION, stands for, newest first."
  (call-with-values (lambda () (package-name->name+version spec))
    (lambda (name version)
      (if (any guix-tree? (%user-path))
          (call-with-tree-path
           (lambda ()
             ((guix-value 'find-packages-by-name) name version)))
          (filter (lambda (package)
                    (and (string=? name (package-name package))
                         (or (not version)
                             (version-prefix? version
                                              (package-version package)))))
                  (all-packages))))))
