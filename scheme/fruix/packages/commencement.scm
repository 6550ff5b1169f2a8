;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; How it begins: the shell and Make, built from source with the seed.  All
;;; other builds have these two as implicit inputs, and nothing of the seed that
;;; goes by their names.

(define-module (fruix packages commencement)
  #:use-module (fruix packages seed)
  #:use-module (guix build-system gnu)
  #:use-module (guix download)
  #:use-module (guix gexp)
  #:use-module (guix licenses)
  #:use-module (guix packages)
  #:use-module (srfi srfi-1))

(define (%boot-inputs)
  ;; What of the seed it takes; the order is that of `%final-inputs'.
  (append (map (lambda (name) (list name (seed-package name)))
               '("tar" "gzip" "diffutils" "findutils" "gawk" "sed" "grep" "xz"
                 "coreutils" "make" "bash" "ld-wrapper" "binutils" "gcc"))
          (list (list "libc" (seed-package "glibc")))))

;; The parts of Bash's test suite that ask for nothing of the host (no terminal,
;; no locale of a country, no program at a fixed place), use nothing that is
;; left out below, and do not sleep.
(define %bash-tests
  '("appendop" "arith" "arith-for" "array" "array2" "assoc" "attr" "braces"
    "case" "casemod" "comsub" "comsub-eof" "cond" "cprint" "dbg-support"
    "dbg-support2" "dollars" "dynvar" "exp-tests" "extglob" "extglob2"
    "extglob3" "getopts" "globstar" "heredoc" "ifs" "input-test" "invert"
    "iquote" "lastpipe" "mapfile" "more-exp" "nameref" "nquote" "nquote1"
    "nquote2" "nquote3" "nquote4" "nquote5" "parser" "posixexp" "posixexp2"
    "posixpat" "posixpipe" "precedence" "procsub" "quote" "quotearray"
    "rhs-exp" "set-e" "set-x" "strip" "tilde2"))

(define-public bash-minimal
  (package
    (name "bash-minimal")
    (version "5.2.37")
    (source (origin
              (method url-fetch)
              ;; Debian's archive: GNU's release with its patches applied.
              (uri (string-append "mirror://debian/pool/main/b/bash/bash_"
                                  version ".orig.tar.xz"))
              (file-name (string-append "bash-" version ".tar.xz"))
              (sha256
               (base32
                "0snkhma5r247pbv9qsc7v04zmddr7gj5b47igl5hdx2rr34h81rp"))))
    (build-system gnu-build-system)
    (native-inputs (%boot-inputs))
    (arguments
     (list #:implicit-inputs? #f
           #:configure-flags
           #~(list "--without-bash-malloc"
                   "--disable-nls"
                   "--disable-readline"
                   "--disable-history"
                   "--disable-help-builtin"
                   "--disable-net-redirections"
                   ;; No `enable -f', and so no search path for it.
                   "ac_cv_func_dlopen=no")
           #:phases
           #~(modify-phases %standard-phases
               (add-after 'unpack 'forget-the-host
                 (lambda _
                   ;; Without PATH no program is found, as anywhere here.
                   (substitute* "config-top.h"
                     (("\"(/[a-z]+)+:/.*\"") "\"/no-such-path\""))
                   ;; The shell of somebody who has no account; as a variable,
                   ;; since GCC cuts constants into immediate operands, where
                   ;; references are not found.
                   (substitute* "shell.c"
                     (("savestring \\(\"/bin/sh\"\\)")
                      "savestring (own_file_name)")
                     (("^struct user_info current_user =" definition)
                      (string-append "char own_file_name[] = \"" #$output
                                     "/bin/sh\";\n" definition)))
                   (substitute* "lib/sh/tmpfile.c"
                     (("\"/usr/tmp\"") "\"/tmp\""))))
               (replace 'check
                 (lambda* (#:key tests? #:allow-other-keys)
                   (define top (getcwd))

                   (define (run-test name)
                     ;; Its status is that of `diff'.
                     (format #t "test `~a'~%" name)
                     (invoke "../bash" (string-append "run-" name)))

                   (when tests?
                     (invoke "make" "recho" "zecho" "printenv" "xcase")
                     (setenv "THIS_SH" (string-append top "/bash"))
                     (setenv "BUILD_DIR" top)
                     (setenv "BASH_TSTOUT" (string-append top "/tests/output"))
                     (setenv "PATH" (string-append top ":" (getenv "PATH")))
                     (with-directory-excursion "tests"
                       (for-each run-test '#$%bash-tests)))))
               (add-after 'install 'install-sh
                 (lambda _
                   (with-directory-excursion (string-append #$output "/bin")
                     (symlink "bash" "sh"))))
               (add-after 'install 'delete-what-names-the-host
                 (lambda _
                   ;; A script that mails bug reports, and pages which tell
                   ;; where things are elsewhere.
                   (delete-file (string-append #$output "/bin/bashbug"))
                   (delete-file (string-append #$output
                                               "/share/man/man1/bashbug.1"))
                   (delete-file-recursively
                    (string-append #$output "/share/doc")))))))
    (synopsis "Shell of the GNU system, for scripts")
    (description "Bash is the shell of the GNU system: it runs commands that
are typed or that stand in files.  This is the variant that programs start: it
has no line editing, no history and no translations.")
    (home-page "https://www.gnu.org/software/bash/")
    (license gpl3+)))

(define-public gnu-make
  (package
    (name "make")
    (version "4.4.1")
    (source (origin
              (method url-fetch)
              ;; Debian's archive, from which the manual has been taken out.
              (uri (string-append
                    "mirror://debian/pool/main/m/make-dfsg/make-dfsg_"
                    version ".orig.tar.xz"))
              (file-name (string-append "make-" version ".tar.xz"))
              (sha256
               (base32
                "1zmhmnh0h8y4lcyh0qm8qsgj8360gkzp3g3b17wgk6h7l47b05iv"))))
    (build-system gnu-build-system)
    (inputs `(("bash" ,bash-minimal)))
    (native-inputs (fold alist-delete (%boot-inputs) '("bash" "make")))
    (arguments
     (list #:implicit-inputs? #f
           #:configure-flags #~(list "--disable-nls"
                   "--without-guile"
                   ;; Which needs a Make to be set up.
                   "--disable-dependency-tracking")
           #:tests? #f                  ;they are written in Perl; see `build'
           #:phases
           #~(modify-phases %standard-phases
               (add-after 'unpack 'do-without-manual
                 (lambda _
                   (substitute* "configure"
                     ((" doc/Makefile ") " "))
                   (substitute* "Makefile.in"
                     (("^SUBDIRS = lib po doc") "SUBDIRS = lib po")
                     (("^man_MANS = .*") "man_MANS =\n"))))
               (add-after 'unpack 'forget-the-host
                 (lambda _
                   (substitute* "src/job.c"
                     (("default_shell = \"/bin/sh\"")
                      (string-append "default_shell = \""
                                     #$(file-append bash-minimal "/bin/sh")
                                     "\"")))
                   ;; Where `include' and `-lNAME' look.
                   (substitute* "src/read.c"
                     (("^ *\"/usr/.*include\",") ""))
                   (substitute* "src/remake.c"
                     (("^ *\"(/usr)?/lib\",") ""))))
               (replace 'build
                 (lambda* (#:key parallel-build? #:allow-other-keys)
                   ;; Twice: by its script, which needs no Make, and by itself,
                   ;; which tests it.
                   (invoke "bash" "./build.sh")
                   (copy-file "make" "../make")
                   (invoke "../make" "clean")
                   (invoke "../make" "-j"
                           (if parallel-build?
                               (number->string (parallel-job-count))
                               "1"))))
               (replace 'install
                 (lambda _
                   (invoke "../make" "install"))))))
    (synopsis "Tool that brings files up to date")
    (description "Make builds programs and other files from those they are
made of.  What is made of what, and how, it reads in a makefile; then it does
what is needed and nothing else.")
    (home-page "https://www.gnu.org/software/make/")
    (license gpl3+)))
