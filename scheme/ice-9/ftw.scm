;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Walks through directories.

(define-module (ice-9 ftw)
  #:use-module ((ice-9 i18n) #:select (string-locale<?))
  #:export (ftw nftw file-system-fold file-system-tree scandir))

(define-syntax-rule (or-errno expr)
  ;; The value of EXPR, or the number of the system error that it raises.
  (catch 'system-error
    (lambda () expr)
    (lambda args (system-error-errno args))))

(define (read-entries dir)
  ;; The names in the open directory DIR, in the order read; close it.
  (let loop ((names '()))
    (let ((name (readdir dir)))
      (cond ((eof-object? name)
             (closedir dir)
             (reverse! names))
            ((or (string=? name ".") (string=? name "..")) (loop names))
            (else (loop (cons name names)))))))

(define (under directory name)
  (if (string-null? directory)
      name
      (string-append directory "/" name)))

(define* (file-system-fold enter? leaf down up skip error init file-name
                           #:optional (stat lstat))
  "Walk through the directory FILE-NAME.  ENTER? says whether to enter a directory; DOWN and UP are called on entering and
leaving one, SKIP instead of entering, LEAF for other files, ERROR (with an errno) on failures.  Each
gets the name, what STAT says of it, and the result so far, and returns the next."
  (define visited (make-hash-table))
  (define (key name st)
    (cons (stat:dev st)
          (if (zero? (stat:ino st)) (string-hash name) (stat:ino st))))
  (define (walk name st result)
    (cond ((integer? st) (error name #f st result))
          ((hash-ref visited (key name st)) result)
          ((not (eq? (stat:type st) 'directory)) (leaf name st result))
          ((enter? name st result)
           (let ((dir (or-errno (opendir name))))
             (hash-set! visited (key name st) #t)
             (if (integer? dir)
                 (error name st dir result)
                 (entries name st dir (down name st result)))))
          (else
           (hash-set! visited (key name st) #t)
           (skip name st result))))
  (define (entries name st dir result)
    ;; Files as they come; then directories, the last one first.
    (let loop ((names (read-entries dir)) (result result) (directories '()))
      (if (null? names)
          (let each ((l directories) (result result))
            (if (null? l)
                (up name st result)
                (each (cdr l) (walk (caar l) (cdar l) result))))
          (let* ((child (string-append name "/" (car names)))
                 (child-st (or-errno (stat child))))
            (cond ((integer? child-st)
                   (loop (cdr names) (error child #f child-st result) directories))
                  ((eq? (stat:type child-st) 'directory)
                   (loop (cdr names) result (acons child child-st directories)))
                  (else
                   (loop (cdr names) (leaf child child-st result) directories)))))))
  (walk file-name (or-errno (stat file-name)) init))

(define* (file-system-tree file-name #:optional (enter? (lambda (n s) #t)) (stat lstat))
  "Return the tree (NAME STAT CHILD ...) of FILE-NAME, #f if it cannot be read."
  (define (leaf name st result)
    (cons (cons (list (basename name) st) (car result)) (cdr result)))
  (let ((result
         (file-system-fold
          (lambda (name st result) (enter? name st))
          leaf
          (lambda (name st result) (cons '() result))
          (lambda (name st result)
            (cons (cons (cons* (basename name) st (car result)) (cadr result))
                  (cddr result)))
          leaf
          (lambda (name st errno result)
            (if (string=? name file-name) result (leaf name st result)))
          '(()) file-name stat)))
    (and (pair? (car result))
         (caar result))))

(define* (scandir name #:optional (select? (const #t)) (entry<? string-locale<?))
  "Return the sorted list of the names in the directory NAME that satisfy SELECT?, or #f."
  (let ((dir (or-errno (opendir name))))
    (and (not (integer? dir))
         (let loop ((files '()))
           (let ((entry (readdir dir)))
             (cond ((eof-object? entry)
                    (closedir dir)
                    (sort files entry<?))
                   (else
                    (loop (if (select? entry) (cons entry files) files)))))))))

(define (classify name follow?)
  ;; What STAT says of NAME or #f, and the flag for the callbacks.
  (let ((st (or-errno (if follow? (stat name) (lstat name)))))
    (cond ((integer? st)
           (let ((link (or-errno (lstat name))))
             (if (integer? link)
                 (values #f 'invalid-stat)
                 (values link 'stale-symlink))))
          ((eq? (stat:type st) 'directory)
           (values st (if (access? name R_OK) 'directory 'directory-not-readable)))
          ((eq? (stat:type st) 'symlink) (values st 'symlink))
          (else (values st 'regular)))))

(define (file-id st) (cons (stat:dev st) (stat:ino st)))

(define (ftw file-name proc . options)
  "Apply PROC to the name, stat and kind of FILE-NAME and of every file below it, until it returns other than #t."
  (let ((seen (make-hash-table)))
    (let walk ((name file-name))
      (call-with-values (lambda () (classify name #t))
        (lambda (st flag)
          (cond ((and st (hash-ref seen (file-id st))) #t)
                (else
                 (when st (hash-set! seen (file-id st) #t))
                 (let ((result (proc name st flag)))
                   (cond ((not (eq? result #t)) result)
                         ((eq? flag 'directory)
                          (let loop ((names (sort (read-entries (opendir name)) string<?)))
                            (if (null? names)
                                #t
                                (let ((result (walk (under name (car names)))))
                                  (if (eq? result #t) (loop (cdr names)) result)))))
                         (else #t))))))))))

(define (nftw file-name proc . flags)
  "Like ftw, with the flags mount, chdir, depth, hash and physical; PROC also gets the start of the base name and the level."
  (define physical? (memq 'physical flags))
  (define depth? (memq 'depth flags))
  (define mount-device (and (memq 'mount flags) (stat:dev (lstat file-name))))
  (define seen (make-hash-table))
  (define (base name)
    (let ((slash (string-rindex name #\/)))
      (if slash (+ slash 1) 0)))
  (let walk ((name file-name) (level 0))
    (call-with-values (lambda () (classify name (not physical?)))
      (lambda (st flag)
        (define (visit)
          (proc name st
                (if (and depth? (eq? flag 'directory)) 'directory-processed flag)
                (if (zero? level) 0 (base name)) level))
        (define (children)
          (if (eq? flag 'directory)
              (let loop ((names (sort (read-entries (opendir name)) string<?)))
                (if (null? names)
                    #t
                    (let ((result (walk (under name (car names)) (+ level 1))))
                      (if (eq? result #t) (loop (cdr names)) result))))
              #t))
        (cond ((and st (or (hash-ref seen (file-id st))
                           (and mount-device (not (= mount-device (stat:dev st))))))
               #t)
              (else
               (when (and st (not physical?))
                 (hash-set! seen (file-id st) #t))
               (if depth?
                   (let ((result (children)))
                     (if (eq? result #t) (visit) result))
                   (let ((result (visit)))
                     (if (eq? result #t) (children) result)))))))))
