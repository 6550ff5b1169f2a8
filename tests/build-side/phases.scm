;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Lists of phases, `gnu-build', and the standard phases that can run on their
;;; own, over file trees made to be awkward.

(load "harness.scm")
(use-modules (guix build utils)
             (guix build gnu-build-system))

(setenv "PATH" "/usr/bin:/bin")
(setenv "NIX_BUILD_TOP" scratch)
(setenv "NIX_STORE" (string-append scratch "/store"))

;; Lists.
(define phases '((a . 1) (b . 2) (c . 3) (b . 4)))
(show "replace" (modify-phases phases (replace 'b 'new)))
(show "delete" (modify-phases phases (delete 'b)))
(show "delete none" (modify-phases phases (delete 'x)))
(show "before" (modify-phases phases (add-before 'b 'x 'new)))
(show "after" (modify-phases phases (add-after 'b 'x 'new)))
(show "none" (modify-phases phases))
(show "several" (modify-phases phases
                  (add-after 'a 'x 1)
                  (delete 'b)
                  (replace 'x (string->symbol "y"))
                  (add-before (if #t 'x 'y) 'z (lambda* (#:key x) x))
                  (delete 'z)))
(show "no such" (modify-phases phases (replace 'x 1)))
(show "no such" (modify-phases phases (add-before 'x 'y 1)))
(show "no such" (modify-phases phases (add-after 'x 'y 1)))
(show "before" (alist-cons-before "B" 'x 1 '(("a" . 1) ("b" . 2))
                                  string-ci=?))
(show "after" (alist-cons-after "b" 'x 1 '(("a" . 1) ("b" . 2))))
(show "replace" (alist-replace "b" 1 '(("a" . 1) ("b" . 2)) string=?))
(show "every*" (every* (lambda (x) (display x) (odd? x)) '(1 2 3)))
(show "every*" (every* (lambda (x) (display x) x) '(1 2 3)))
(show "every*" (every* odd? '()))
(show "names" (map car %standard-phases))
(show "licenses" %license-file-regexp)
(show "scripts" %bootstrap-scripts)

;; One phase at a time.
(define (phase name . args)
  (show name
        (begin
          (apply (assq-ref %standard-phases name) args)
          'done)))

(define-syntax-rule (in-directory name body ...)
  (begin
    (mkdir-p name)
    (with-directory-excursion name body ...)))

(phase 'separate-from-pid1)
(phase 'separate-from-pid1 #:separate-from-pid1? #f)
(phase 'set-SOURCE-DATE-EPOCH)
(show "epoch" (getenv "SOURCE_DATE_EPOCH"))
(phase 'install-locale)
(show "locale" (list (getenv "LC_ALL") (setlocale LC_ALL)))
(phase 'install-locale #:locale "xx_XX" #:locale-category LC_TIME)

;; Paths.
(for-each mkdir-p '("i1/bin" "i1/include" "i2/bin" "i2/lib" "src/bin"
                    "n1/bin" "n1/sbin" "n1/include"))
(define inputs '(("source" . "src") ("i1" . "i1") ("i2" . "i2")))
(define native-inputs '(("source" . "src") ("n1" . "n1")))
(define specs '(("INC" ("include") ":" directory #f)
                ("LIB" ("lib") #f directory #f)
                ("NONE" ("none") ":" directory #f)))
(define (show-paths)
  (show "paths" (map getenv '("PATH" "INC" "LIB" "NONE" "NINC"
                              "GUIX_LD_WRAPPER_ALLOW_IMPURITIES"))))
(phase 'set-paths #:inputs inputs #:search-paths specs
       #:native-search-paths #f)
(show-paths)
(phase 'set-paths #:target "t" #:inputs inputs #:native-inputs native-inputs
       #:search-paths specs
       #:native-search-paths '(("NINC" ("include") ":" directory #f)))
(show-paths)
(phase 'set-paths #:inputs inputs #:native-inputs native-inputs)
(show-paths)
(setenv "PATH" "/usr/bin:/bin")

;; Unpacking.
(define hash (make-string 32 #\0))
(define (store-file name)
  (string-append scratch "/store/" hash "-" name))
(mkdir-p "store")
(for-each mkdir-p '("make/b-1/sub" "make/a-dir"))
(write-file "make/b-1/x" "x")
(write-file "make/b-1/configure" "#!/usr/bin/env sh\nF=/usr/bin/file\n")
(utime "make/b-1/x" 7 7 0 0)
(chmod "make/b-1/x" #o444)
(in-directory "make"
  (invoke "tar" "cf" (store-file "x.tar.gz") "--gzip" "b-1" "a-dir")
  (invoke "tar" "cf" (store-file "y.tar") "b-1"))
(write-file (store-file "single.c") "int main;")
(for-each (lambda (source)
            (in-directory (string-append "unpack-" (basename source))
              (phase 'unpack #:source source)
              (show "cwd" (getcwd)))
            (show-tree (string-append "unpack-" (basename source))))
          (list (store-file "y.tar") (store-file "x.tar.gz")
                (store-file "single.c")
                (string-append scratch "/make/b-1")))
(in-directory "unpack-missing" (phase 'unpack #:source "/missing"))

;; Bootstrapping.
(in-directory "boot1" (phase 'bootstrap))
(in-directory "boot2"
  (write-file "configure" "")
  (phase 'bootstrap))
(in-directory "boot3"
  (mkdir-p "build-aux")
  (write-file "build-aux/git-version-gen" "#!/opt/bin/sh\n")
  (write-file "autogen.sh"
              "#!/opt/bin/sh\necho boot $NOCONFIGURE; touch configure\n")
  (phase 'bootstrap)
  (show "unset" (getenv "NOCONFIGURE")))
(in-directory "boot4"
  (mkdir-p "bootstrap")
  (write-file "bootstrap.sh" "#!/opt/bin/sh\necho $0 $NOCONFIGURE; exit 4\n")
  (chmod "bootstrap.sh" #o755)
  (phase 'bootstrap))
(in-directory "boot5"
  (write-file "mine" "#!/opt/bin/sh\necho mine\n")
  (phase 'bootstrap #:bootstrap-scripts '("nope" "mine")))
(for-each show-tree '("boot3" "boot4" "boot5"))

;; Patching sources.
(define (make-sources)
  (mkdir-p "sub")
  (write-file "configure" "#!/x/sh\nF=/usr/bin/file\n")
  (write-file "sub/configure" "F=/usr/bin/file\n")
  (write-file "script.in" "#!/x/env sh -e\n")
  (write-file "sub/exec" "#!/x/sh\n")
  (write-file "Makefile" "SHELL = /x/sh\n")
  (write-file "sub/GNUmakefile" "SHELL=/x/sh -e\n")
  (write-file "sub/Makefile.in" "SHELL=/x/sh\n")
  (symlink "script.in" "link")
  (chmod "configure" #o755)
  (chmod "sub/exec" #o755))
(for-each (lambda (name)
            (define directory (symbol->string name))
            (in-directory directory
              (make-sources)
              (phase name))
            (show-tree directory))
          '(patch-usr-bin-file patch-source-shebangs
            patch-generated-file-shebangs))
(in-directory "patch-usr-bin-file"
  (phase 'patch-usr-bin-file #:patch-/usr/bin/file? #f))

;; Configuring, building.
(define (out . names)
  (map (lambda (name) (cons name (store-file (string-append "foo-bar-1.0-"
                                                            name))))
       names))
(for-each
 (lambda (args)
   (in-directory "conf/src"
     (write-file "configure" "for i; do echo \"$0: $i\"; done; pwd\n")
     (apply phase 'configure args)))
 (list
 (list #:outputs (out "out") #:inputs '())
 (list #:outputs `(("out" . ,(store-file "foo-bar-1.0")))
       #:inputs '(("bash" . "/usr")) #:build "b" #:target "t"
       #:configure-flags '("--x" "Y=1 2"))
 (list #:outputs (out "out" "bin" "lib" "doc") #:native-inputs '()
       #:inputs '(("bash" . "/usr")) #:build "b" #:out-of-source? #t)
 (list #:outputs (out "out" "include" "lib" "debug") #:inputs '())
 (list #:outputs (out "out" "include") #:inputs '())
 (list #:outputs '() #:inputs '())
 (list #:outputs `(("out" . "/x-foo") ("doc" . "/y")) #:inputs '())))
(mkdir-p "fake")
(write-file "fake/make" "#!/bin/sh\necho make \"$@\"\n[ $1 != bad ]\n")
(chmod "fake/make" #o755)
(setenv "PATH" (string-append scratch "/fake:/usr/bin:/bin"))
(in-directory "made"
  (write-file "test-suite.log" "it failed\n")
  (write-file "testsuite.log" "indeed\n")
  (write-file "test-suite.log.old" "not this\n")
  (phase 'build #:make-flags '("A=1" "B=2"))
  (phase 'build #:parallel-build? #f)
  (phase 'check #:make-flags '("A=1"))
  (phase 'check #:target "t")
  (phase 'check #:target "t" #:tests? #t #:parallel-tests? #f)
  (phase 'check #:tests? #f)
  (phase 'check #:test-target "bad")
  (phase 'check #:test-target "bad" #:test-suite-log-regexp "old$")
  (phase 'install #:make-flags '("A=1"))
  (dump-file-contents "." "log$" (current-output-port))
  (mkdir-p (make-string 100 #\l))
  (write-file (string-append (make-string 100 #\l) "/test-suite.log") "long\n")
  (dump-file-contents "." "log$" (current-output-port)))

;; What was installed.
(define outputs
  `(("out" . ,(store-file "pkg-1.0")) ("doc" . ,(store-file "pkg-1.0-doc"))))
(define output (assoc-ref outputs "out"))
(define doc (assoc-ref outputs "doc"))
(define (out/ file) (string-append output "/" file))
(define (doc/ file) (string-append doc "/" file))
(for-each mkdir-p (list (out/ "bin") (out/ "sbin") (out/ "libexec/sub")
                        (out/ "lib") (out/ "man/man1") (out/ "share/info")
                        (out/ "share/applications") (out/ "share/gz")
                        (doc/ "info") (doc/ "share/man/man3")))
(for-each (lambda (file)
            (write-file file "#!/x/tool\n")
            (chmod file #o755))
          (list (out/ "bin/tool") (out/ "sbin/t2") (out/ "libexec/t3")
                (out/ "libexec/sub/t4") (out/ "lib/t5")))
(symlink "tool" (out/ "bin/alias"))
(phase 'patch-shebangs #:inputs inputs #:outputs outputs
       #:patch-shebangs? #f)
(phase 'patch-shebangs #:inputs inputs #:outputs outputs)

(write-file (out/ "lib/liba.a") "!<arch>\nbroken")
(copy-file "/bin/true" (out/ "bin/true"))
(write-file "fake/strip" "#!/bin/sh\necho strip \"$@\"\n
case $# in 3) case $3 in *.a) exit 1;; esac;; esac\n")
(write-file "fake/objcopy" "#!/bin/sh\necho objcopy \"$@\"\n")
(for-each (lambda (file) (chmod file #o755)) '("fake/strip" "fake/objcopy"))
(copy-file "fake/strip" "fake/t-strip")
(chmod (out/ "bin/true") #o555)
(phase 'strip #:outputs outputs)
(phase 'strip #:outputs outputs #:strip-binaries? #f)
(phase 'strip #:outputs outputs #:target "t" #:strip-flags '("-x")
       #:strip-directories '("bin"))
(phase 'strip #:outputs `(("debug" . ,(string-append scratch "/debug"))
                          ,@outputs)
       #:strip-directories '("bin" "lib"))
(show "debug" (find-files "debug"))
(phase 'validate-runpath #:outputs outputs)
(copy-file "/bin/ls" (out/ "bin/ls"))
(link (out/ "bin/ls") (out/ "bin/ls2"))
(phase 'validate-runpath #:outputs outputs)
(phase 'validate-runpath #:outputs outputs #:validate-runpath? #f)
(phase 'validate-runpath #:outputs outputs #:elf-directories '("sbin"))
(phase 'validate-runpath #:outputs `(("debug" . ,output)))
(for-each (lambda (name) (delete-file (out/ name)))
          '("bin/ls" "bin/ls2" "bin/true"))

(write-file (out/ "man/man1/tool.1") "manual\n")
(write-file (doc/ "info/pkg.info") "info\n")
(phase 'validate-documentation-location #:outputs outputs)
(write-file (out/ "share/info/dir") "dir\n")
(phase 'delete-info-dir-file #:outputs outputs)
(write-file (out/ "share/applications/a.desktop")
            "[Entry]\nExec=tool %f\nTryExec=tool\nExec=/abs x\nExec=gone -x
Name=grün\n Exec=tool\nExec=t2\nTryExec=gone\n")
(write-file (out/ "share/applications/other") "Exec=tool\n")
(phase 'patch-dot-desktop-files #:outputs outputs #:inputs inputs)
(phase 'make-dynamic-linker-cache #:outputs outputs)
(phase 'make-dynamic-linker-cache #:outputs outputs
       #:make-dynamic-linker-cache? #f)

;; Licenses.
(in-directory "lic/pkg-src"
  (for-each (lambda (name) (write-file name name))
            '("COPYING" "COPYING.LIB" "LICENSE" "license.txt" "Copyright"
              "Copyright.md" "XCOPYING" "README" "LICENCE-2"))
  (mkdir "LICENSES")
  (write-file "LICENSES/mit" "mit")
  (phase 'install-license-files #:outputs outputs)
  (phase 'install-license-files #:outputs (list (last outputs))
         #:license-file-regexp "^README$"))
(in-directory "lic/build"
  (phase 'install-license-files #:outputs outputs #:out-of-source? #t)
  (mkdir "../more")
  (phase 'install-license-files #:outputs outputs #:out-of-source? #t)
  (rename-file "../pkg-src" "../another")
  (phase 'install-license-files #:outputs outputs #:out-of-source? #t)
  (invoke "rm" "-r" "../another" "../more")
  (phase 'install-license-files #:outputs outputs #:out-of-source? #t))

;; Compression.
(write-file (out/ "share/gz/a") "data")
(write-file (out/ "share/gz/no.gz") "no gzip")
(invoke "gzip" (out/ "share/gz/a"))
(copy-file (out/ "share/gz/a.gz") (out/ "share/gz/b.tgz"))
(copy-file (out/ "share/gz/a.gz") (out/ "share/gz/c"))
(for-each (lambda (name)
            (let ((file (out/ name)))
              (chmod file #o444)
              (utime file 5 5 0 0)))
          '("share/gz/a.gz" "share/gz/b.tgz"))
(phase 'reset-gzip-timestamps #:outputs outputs)
;; The name and time in the header of this one differ each time.
(delete-file (out/ "share/gz/c"))
(define (man name) (out/ (string-append "share/man/man1/" name)))
(for-each (lambda (name) (write-file (man name) name))
          '("one.1" "two.1x" "hard.1" "README" "n.10"))
(link (man "hard.1") (man "hard2.1"))
(symlink "one.1" (man "sym.1"))
(symlink (man "one.1") (man "abs.1"))
(symlink "sym.1" (man "symsym.1"))
(symlink "gone.1" (man "dangling.1"))
(symlink "README" (man "read.1"))
(for-each (lambda (name) (write-file (out/ (string-append "share/info/" name))
                                     name))
          '("a.info" "a.info-1" "b.inf" "a.info-x"))
(phase 'compress-documentation #:outputs outputs
       #:compress-documentation? #f)
(phase 'compress-documentation #:outputs outputs
       #:man-compressor "gzip" #:man-compressor-flags '("-n" "-9")
       #:man-compressor-file-extension ".gz")
(show-tree output)
(show-tree doc)

;; The driver.
(define (run phases . args)
  ;; In a child, as `gnu-build' may exit.
  (match (primitive-fork)
    (0
     (dynamic-wind
       (const #t)
       (lambda ()
         (catch #t
           (lambda ()
             (apply gnu-build #:phases phases args)
             (primitive-exit 0))
           (lambda (key . args)
             (if (eq? key 'quit)
                 (primitive-exit (car args))
                 (begin
                   (simple-format #t "escaped: ~s ~s~%" key args)
                   (primitive-exit 99))))))
       (lambda () (primitive-exit 98))))
    (pid
     (show "status" (status:exit-val (cdr (waitpid pid)))))))

(run `((one . ,(lambda _ (display "1\n")))
       (two . ,(lambda* (#:key source extra (more 5) #:allow-other-keys)
                 (write (list source extra more))
                 (newline)
                 #f)))
     #:source "s" #:extra 'e #:outputs '())
(show "dump" (file-exists? "environment-variables"))
(run `((fails . ,(lambda _ (invoke "sh" "-c" "exit 3")))
       (never . ,(lambda _ (display "never\n")))))
(run `((fails . ,(lambda _ (error "something" 'is "wrong")))))
(run `((fails . ,(lambda _ (throw 'my-key 1 "two")))))
(run `((fails . ,(lambda _ (mkdir scratch)))))
(run `((handled . ,(lambda _ (false-if-exception (error "no"))))))
(run '())
