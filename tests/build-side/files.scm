;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Names, predicates on files, and operations on file trees.

(load "harness.scm")
(use-modules (guix build utils))

;; Names.
(for-each (lambda (name)
            (show name (compressor name))
            (show name (truth (tarball? name)))
            (show name (package-name->name+version name)))
          '("foo.tar.gz" "foo.tgz" "foo.tbz" "foo.Z" "x.tar.bz2" "x.lz" "x.zip"
            "x.xz" "x.zst" "x" "foo-0.9.1b" "foo-bar" "foo-bar-1" "gcc-4-bla-2"
            "" "-" "-1" "foo-" "foo--1" "a-1-2"))
(setenv "NIX_STORE" #f)
(show "store" (%store-directory))
(setenv "NIX_STORE" "/a/b")
(show "store" (%store-directory))
(setenv "NIX_STORE_DIR" "/c")
(show "store" (%store-directory))
(show "length" %store-hash-string-length)
(show "in store" (map store-file-name? '("/c/x" "/d" "c" "/cx")))
(show "strip" (strip-store-file-name
               "/c/00000000000000000000000000000000-foo-1.2"))
(show "strip short" (strip-store-file-name "/c/000"))
(show "jobs" (parallel-job-count))
(show "xz" (parameterize ((parallel-job-count 1)) (%xz-parallel-args)))
(show "xz" (parameterize ((parallel-job-count 7)) (%xz-parallel-args)))
(show "locale" (map locale-category->string
                    (list LC_ALL LC_CTYPE LC_TIME LC_COLLATE LC_MESSAGES
                          LC_MONETARY LC_NUMERIC LC_NAME LC_PAPER 1234)))
(define-constant forty-two (+ 40 2))
(show "constant" forty-two)

;; Directories.
(show "mkdir-p" (mkdir-p "a/b/c"))
(show "mkdir-p" (mkdir-p "a/b//d/"))
(show "mkdir-p" (mkdir-p (string-append scratch "/a/e/f")))
(show "mkdir-p" (mkdir-p "."))
(write-file "file" "text")
(show "mkdir-p through a file" (mkdir-p "file/x"))
(install-file "file" "a/new/dir")
(show-tree "a")
(show "excursion" (list (with-directory-excursion "a/b" (getcwd)) (getcwd)))
(show "excursion, error" (with-directory-excursion "a/b" (error "no")))
(show "cwd" (getcwd))
(show "excursion, nowhere" (with-directory-excursion "nowhere" 1))

;; Predicates.
(symlink "file" "link")
(symlink "a" "dirlink")
(symlink "nowhere" "dangling")
(write-file "exec" "")
(chmod "exec" #o500)
(for-each (lambda (file)
            (show file (directory-exists? file))
            (show file (executable-file? file))
            (show file (symbolic-link? file)))
          '("file" "link" "a" "dirlink" "dangling" "exec" "missing"))

;; Magic numbers.
(define (write-bytes file . bytes)
  (let ((port (open-file file "wb")))
    (for-each (lambda (byte) (write-char (integer->char byte) port)) bytes)
    (close-port port)))
(write-bytes "png" 137 80 78 71 13 10 26 10 0)
(write-bytes "elf" 127 69 76 70)
(write-bytes "short" 127 69 76)
(write-bytes "empty")
(write-file "ar" "!<arch>\nfoo")
(apply write-bytes "gz.gz" #x1f #x8b 8 0 1 2 3 4 0 3 (iota 20))
(for-each (lambda (file)
            (show file (map (lambda (test?)
                              (catch 'system-error
                                (lambda () (truth (test? file)))
                                (const 'system-error)))
                            (list png-file? elf-file? ar-file? gzip-file?
                                  (file-header-match #vu8(0))))))
          '("png" "elf" "short" "empty" "ar" "gz.gz" "a" "missing" "/bin/ls"))
(utime "gz.gz" 1000 2000 3000 4000)
(show "reset gzip" (truth (reset-gzip-timestamp "gz.gz")))
(show-tree "gz.gz")

;; Trees.
(define (make-tree root)
  (mkdir-p (string-append root "/sub/deep"))
  (mkdir-p (string-append root "/void"))
  (write-file (string-append root "/z") "z")
  (write-file (string-append root "/A") "A")
  (write-file (string-append root "/sub/b.txt") "bee")
  (write-file (string-append root "/sub/deep/c.txt") "sea")
  (symlink "../z" (string-append root "/sub/link"))
  (symlink "nowhere" (string-append root "/sub/dangling"))
  (symlink "sub" (string-append root "/dirlink"))
  (chmod (string-append root "/z") #o751)
  (chmod (string-append root "/sub") #o500)
  (for-each (lambda (name)
              (utime (string-append root "/" name) 1 2 3 4
                     AT_SYMLINK_NOFOLLOW))
            '("z" "A" "sub/b.txt" "sub/link" "void" "sub")))
(make-tree "tree")
(copy-recursively "tree" "copy1")
(show-tree "copy1")
(copy-recursively "tree" "copy2" #:keep-mtime? #t #:keep-permissions? #t
                  #:log (%make-void-port "w"))
(show-tree "copy2")
(copy-recursively "tree" "copy3" #:follow-symlinks? #t)
(show-tree "copy3")
(copy-recursively "tree" "copy4"
                  #:select? (lambda (file st)
                              (and (not (string-suffix? "/b.txt" file))
                                   (not (string-suffix? "deep" file))))
                  #:copy-file (lambda (a b) (write-file b (string-upcase a))))
(show-tree "copy4")
(show "copy nothing" (copy-recursively "missing" "copy5"))
(copy-recursively "tree/z" "copy6")
(show-tree "copy6")
(make-file-writable "exec")
(show-tree "exec")

;; Searching.
(show "find" (find-files "tree"))
(show "find ." (with-directory-excursion "tree" (find-files ".")))
(show "find rx" (find-files "tree" "\\.txt$"))
(show "find compiled" (find-files "tree" (make-regexp "^[bz]")))
(show "find dirs" (find-files "tree" #:directories? #t))
(show "find dirs" (find-files "tree" "^(sub|deep|z)$" #:directories? #t))
(show "find stat" (find-files "tree" (const #t) #:stat stat))
(show "find pred" (find-files "tree" (lambda (file st)
                                       (eq? 'symlink (stat:type st)))))
(show "find missing" (find-files "missing"))
(show "find missing" (find-files "missing" #:fail-on-error? #t))
(show "find file" (find-files "file"))
(show "predicate" (truth ((file-name-predicate "^z") "/a/z" #f)))
(show "predicate" (truth ((file-name-predicate "^a") "/a/z" #f)))

;; Deleting.
(delete-file-recursively "copy1")
(show "gone" (file-exists? "copy1"))
(show "kept" (file-exists? "tree/z"))
(delete-file-recursively "dirlink")
(show "links" (list (false-if-file-not-found (lstat "dirlink"))
                    (file-exists? "a")))
(show "delete missing" (delete-file-recursively "missing"))
(show "not found" (false-if-file-not-found (open-input-file "missing")))
(show "found" (false-if-file-not-found 'found))
(show "other error" (false-if-file-not-found (mkdir "a")))

;; Links and temporary files.
(switch-symlinks "current" "one")
(switch-symlinks "current" "two")
(symlink "left-behind" "current.new")
(switch-symlinks "current" "three")
(show "switch" (list (readlink "current") (file-exists? "current.new")))
(setenv "TMPDIR" scratch)
(define temporary #f)
(show "temporary"
      (call-with-temporary-output-file
       (lambda (file port)
         (set! temporary file)
         (display "hi" port)
         (close-port port)
         (list (string-prefix? (string-append scratch "/guix-file.") file)
               (read-file file)))))
(show "temporary gone" (file-exists? temporary))
(write-bytes "latin" 228 10)
(show "ascii" (call-with-ascii-input-file "latin"
                (lambda (port) (map char->integer
                                    (string->list (get-string-all port))))))

;; Copying data.
(write-file "data" (make-string 100 #\d))
(define (dump . args)
  (let ((log '()))
    (define out (call-with-output-string
                  (lambda (out)
                    (call-with-input-file "data"
                      (lambda (in)
                        (set! log
                              (cons (apply dump-port in out args) log)))))))
    (list (string-length out) log)))
(show "dump" (dump))
(show "dump" (dump 30))
(show "dump" (dump 0))
(show "dump" (dump 1000))
(show "dump" (dump 64 #:buffer-size 16))
(define steps '())
(show "dump, progress"
      (dump #f #:buffer-size 40
            #:progress (lambda (total continue)
                         (set! steps (cons total steps))
                         (continue))))
(show "steps" steps)

;; Desktop entries.
(make-desktop-entry-file "apps/x.desktop"
                         #:name '((#f "I; love") ("fr" . "J'aime")
                                  ("de" "a" "b"))
                         #:generic-name "Thing" #:no-display #t #:terminal #f
                         #:categories '("A" "B;C") #:startup-w-m-class 3)
(show-file "apps/x.desktop")
(make-desktop-entry-file "apps/y.desktop" #:name "y" #:type "Link")
(show-file "apps/y.desktop")
(show "no name" (make-desktop-entry-file "apps/z.desktop" #:exec "z"))
(show "bad value" (make-desktop-entry-file "apps/z.desktop" #:name 'z))
