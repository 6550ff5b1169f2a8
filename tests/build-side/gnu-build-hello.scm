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
             (guix build utils)
             (ice-9 match))

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
               (add-after 'install 'wrap
                 (lambda* (#:key outputs #:allow-other-keys)
                   (let ((out (assoc-ref outputs "out")))
                     (copy-file (string-append out "/bin/hello")
                                (string-append out "/bin/hallo"))
                     (wrap-program (string-append out "/bin/hallo")
                       `("HELLO_PATH" prefix (,out)))))))))

(apply build (cdr (command-line)))
