;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The tools of the default universe, and GNU's most famous package.

(define-module (fruix packages base)
  #:use-module (fruix packages commencement)
  #:use-module (fruix packages seed)
  #:use-module (guix build-system gnu)
  #:use-module (guix download)
  #:use-module (guix gexp)
  #:use-module (guix licenses)
  #:use-module (guix packages)
  #:use-module (ice-9 match)
  #:export (default-guile standard-patch-inputs %final-inputs)
  #:re-export (bash-minimal gnu-make))

(define default-guile
  ;; What runs builders.
  seed-builder)

(define final-seed-package
  ;; The tools of the seed start no other shell than the one built here.
  (seed-packages-with `(("bash" . ,bash-minimal))))

(define-syntax-rule (define-seed-packages (variable name) ...)
  (begin
    (define-public variable (final-seed-package name)) ...))

(define-seed-packages
  (tar "tar") (gzip "gzip") (bzip2 "bzip2") (file "file")
  (diffutils "diffutils") (patch "patch") (findutils "findutils")
  (gawk "gawk") (zstd "zstd") (sed "sed") (grep "grep") (xz "xz")
  (coreutils "coreutils") (ld-wrapper "ld-wrapper") (binutils "binutils")
  (gcc "gcc") (glibc "glibc"))

(define (%final-inputs system)
  "The implicit inputs of the GNU build system."
  `(("tar" ,tar)
    ("gzip" ,gzip)
    ("bzip2" ,bzip2)
    ("file" ,file)
    ("diffutils" ,diffutils)
    ("patch" ,patch)
    ("findutils" ,findutils)
    ("gawk" ,gawk)
    ("zstd" ,zstd)
    ("sed" ,sed)
    ("grep" ,grep)
    ("xz" ,xz)
    ("coreutils" ,coreutils)
    ("make" ,gnu-make)
    ("bash" ,bash-minimal)
    ("ld-wrapper" ,ld-wrapper)
    ("binutils" ,binutils)
    ("gcc" ,gcc)
    ("libc" ,glibc)
    ("libc:static" ,glibc "static")))

(define (standard-patch-inputs system)
  "What sources are patched with."
  `(("tar" ,tar)
    ("xz" ,xz)
    ("zstd" ,zstd)
    ("bzip2" ,bzip2)
    ("gzip" ,gzip)
    ("patch" ,patch)))

(define-public hello
  (package
    (name "hello")
    (version "2.10")
    (source (origin
              (method url-fetch)
              (uri (string-append "mirror://gnu/hello/hello-" version ".tar.gz"))
              (sha256
               (base32
                "0ssi1wpaf7plaswqqjwigppsg5fyh99vdlb9kzl7c9lng89ndq1i"))))
    (build-system gnu-build-system)
    (synopsis "Example GNU package")
    (description "GNU Hello prints \"Hello, world!\" and then exits.  It shows how
a program is written that follows the GNU coding standards, options,
translations and manual included.")
    (home-page "https://www.gnu.org/software/hello/")
    (license gpl3+)))

(define-public hello-2.12
  ;; Newer than what the distribution's archive has the source of, so `hello'
  ;; does not mean this one.
  (package
    (inherit hello)
    (version "2.12.3")
    (properties '((hidden? . #t)))
    (source (origin
              (method url-fetch)
              (uri (string-append "mirror://gnu/hello/hello-" version ".tar.gz"))
              (sha256
               (base32
                "183a6rxnhixiyykd7qis0y9g9cfqhpkk872a245y3zl28can0pqd"))))))

(define-public which
  (package
    (name "which")
    (version "2.21")
    (source (origin
              (method url-fetch)
              ;; Debian's archive, from which the manual has been taken out.
              (uri (string-append "mirror://debian/pool/main/g/gnu-which/gnu-which_"
                                  version "+dfsg.orig.tar.gz"))
              (file-name (string-append "gnu-which-" version ".tar.gz"))
              (sha256
               (base32
                "1axxikapi8kncx23prlcjhv5fq659jf5qy3d00jb0q55k7dgng0d"))))
    (build-system gnu-build-system)
    (arguments
     (list #:make-flags #~'("INFO_DEPS=")))       ;there is no manual
    (synopsis "Find the full names of commands")
    (description "GNU which says which file would be run if its arguments were
given as commands to the shell: it looks them up along PATH.")
    (home-page "https://savannah.gnu.org/projects/which/")
    (license gpl3+)))
