;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Build a package with `gnu-build', all phases included, from an archive, with
;;; the tools of the machine as the only input.
;;;
;;; usage: guile -L MODULES gnu-build-hello.scm ARCHIVE OUTPUT [DEBUG-OUTPUT]
;;; The current directory and $NIX_BUILD_TOP are the build directory.  With
;;; $BREAK_TESTS set, the package says something else than its tests expect.
;;; `run-hello` compares what comes of it.

(use-modules (guix build gnu-build-system)
             (guix build gremlin)
             (guix build utils)
             (ice-9 match))

;; Hello has no libraries, so add some, and a program that finds them by its
;; RUNPATH.
(define* (add-library #:key outputs #:allow-other-keys)
  (define out (assoc-ref outputs "out"))
  (define lib (string-append out "/lib"))

  (define (write-file file text)
    (call-with-output-file file
      (lambda (port) (display text port))))

  (mkdir-p lib)
  (write-file "greet.c" "int greet (void) { return 42; }\n")
  (write-file "main.c" "int greet (void);
int main (void) { return greet () != 42; }\n")
  (invoke "gcc" "-g" "-shared" "-fPIC" "greet.c" "-Wl,-soname=libgreet.so.1"
          "-o" (string-append lib "/libgreet.so.1"))
  (symlink "libgreet.so.1" (string-append lib "/libgreet.so"))
  (invoke "gcc" "-g" "-c" "greet.c")
  (invoke "ar" "cr" (string-append lib "/libgreet.a") "greet.o")
  (invoke "gcc" "-g" "main.c" "-o" (string-append out "/bin/greet")
          (string-append "-L" lib) "-lgreet"
          (string-append "-Wl,--enable-new-dtags,-rpath=" lib ":/nowhere"))
  (invoke (string-append out "/bin/greet"))
  (strip-runpath (string-append out "/bin/greet")))

(define (build archive out . more)
  (gnu-build #:source archive
             #:outputs (cons (cons "out" out)
                             (match more
                               (() '())
                               ((debug) `(("debug" . ,debug)))))
             #:inputs `(("source" . ,archive) ("system" . "/usr"))
             #:native-search-paths #f
             #:search-paths '(("C_INCLUDE_PATH" ("include") ":" directory #f))
             #:configure-flags '("--disable-dependency-tracking")
             #:phases
             (modify-phases %standard-phases
               (add-after 'unpack 'greet-differently
                 (lambda _
                   (substitute* "src/hello.c"
                     (("(Hello), (world)!" _ hello world)
                      (string-append hello ", "
                                     (if (getenv "BREAK_TESTS") "moon" world)
                                     "!")))))
               (add-after 'install 'add-library add-library)
               (add-after 'install 'wrap
                 (lambda* (#:key outputs #:allow-other-keys)
                   (let ((out (assoc-ref outputs "out")))
                     (copy-file (string-append out "/bin/hello")
                                (string-append out "/bin/hallo"))
                     (wrap-program (string-append out "/bin/hallo")
                       `("HELLO_PATH" prefix (,out)))))))))

(apply build (cdr (command-line)))
