;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The cases: gexps, files, origins and packages.  (case-of NAME EXP)

;;; Plain gexps.

(case-of "touch" (build "touch" #~(mkdir #$output)))
(case-of "constants"
         (build "constants"
                #~(list #$output 1 -2 "a\"b\\c\n" #\a #\space #t #f 'sym '() #:key
                        '(a . b) #(1 2 "x") #vu8(1 2 3) "é∀" '|odd symbol|)))
(case-of "quasiquotes"
         (build "quasiquotes"
                #~(begin #$output `(a ,(+ 1 2) ,@(list 3 4)) 'q (quote (quote r)))))
(case-of "package-reference" (build "reference" #~(list #$output #$zlib)))
(case-of "output-reference" (build "outputs" #~(list #$output #$zlib:static #$glib:bin)))
(case-of "native-reference" (build "native" #~(list #$output #+zlib #+zlib:static)))
(case-of "store-item" (build "item" #~(symlink #$item #$output)))
(case-of "below-store-item" (build "below" #~(symlink #$(file-append zlib "/lib") #$output)))
(case-of "two-outputs" (build "two" #~(begin (mkdir #$output) (mkdir #$output:lib))))
(case-of "only-other-output" (build "other" #~(mkdir #$output:doc)))
(case-of "three-outputs" (build "three" #~(for-each mkdir (list #$output:z #$output #$output:a))))
(case-of "splice-list" (build "splice" #~(list #$output #$@(list 1 "two" 'three zlib))))
(case-of "splice-native" (build "splice-native" #~(list #$output #+@(list zlib gcc))))
(case-of "splice-empty" (build "splice-empty" #~(list #$output #$@'() 1)))
(case-of "splice-middle" (build "splice-middle" #~(list #$output #$@(list 1 2) end)))
(case-of "nested-gexp" (build "nested" #~(begin #$output #$#~(list #$zlib #$(+ 1 2)))))
(case-of "deep-gexp"
         (build "deep" (let loop ((n 8) (exp #~(mkdir #$output)))
                         (if (zero? n) exp (loop (- n 1) #~(begin #$exp #$n #$zlib))))))
(case-of "list-in-gexp"
         (build "list" #~(list #$output '#$(list zlib (list gcc "x" 1)  (list #~(a #$libffi))))))
(case-of "same-twice" (build "twice" #~(list #$output #$zlib #$zlib #+zlib #$zlib:static)))
(case-of "dotted" (build "dotted" #~(begin #$output '(a . #$zlib))))
(case-of "gexp-input"
         (build "input" #~(list #$output #$(gexp-input zlib "static") #$(gexp-input gcc))))
(case-of "gexp-input-native"
         (build "input-native" #~(list #$output #$(gexp-input zlib #:native? #t))))
(case-of "string-append"
         (build "append" #~(string-append #$(file-append zlib "/lib" "/libz.a") #$output)))
(case-of "file-append-nested"
         (build "append2" #~(list #$output #$(file-append (file-append gcc "/bin") "/gcc"))))
(case-of "let-system"
         (build "system" #~(list #$output #$(let-system system (string-append "on-" system)))))
(case-of "let-system-target"
         (build "target" #~(list #$output #$(let-system (system target) (or target "none")))))
(case-of "let-system-package"
         (build "system-package"
                #~(list #$output #$(let-system system
                                     (if (string-prefix? "x86_64" system) zlib gcc)))))
(case-of "with-parameters"
         (build "parameters"
                #~(list #$output #$(with-parameters ((%current-system "i686-linux")) zlib))))
(case-of "raw-derivation-file" (build "raw" #~(list #$output #$(raw-derivation-file zlib))))
(case-of "sexp->gexp" (build "sexp" #~(begin #$output #$(sexp->gexp '(a (b "c") d)))))
(case-of "booleans" (build "booleans" #~(list #$output #$#t #$#f #$'sym #$1.5)))
(case-of "unicode" (build "unicode" #~(list #$output "λx→y «ü»" "\x07;")))
(case-of "long-string" (build "long" #~(list #$output #$(make-string 3000 #\x))))
(case-of "comments-in-strings" (build "semi" #~(list #$output "; not a comment" "#| nor |#")))

;;; Options of gexp->derivation.

(case-of "script-name" (build "x" #~(mkdir #$output) #:script-name "my-script"))
(case-of "env-vars" (build "env" #~(mkdir #$output) #:env-vars '(("B" . "2") ("A" . "1\n\t\"q\""))))
(case-of "system-option" (build "sys" #~(list #$output #$zlib) #:system "i686-linux"))
(case-of "local-build" (build "local" #~(mkdir #$output) #:local-build? #t))
(case-of "not-substitutable" (build "nosub" #~(mkdir #$output) #:substitutable? #f))
(case-of "properties" (build "prop" #~(mkdir #$output) #:properties '((type . test) (n . 3))))
(case-of "allowed-references"
         (build "allowed" #~(list #$output #$zlib) #:allowed-references (list zlib "out")))
(case-of "allowed-outputs"
         (build "allowed2" #~(mkdir #$output)
                #:allowed-references (list (gexp-input zlib "static") libffi)))
(case-of "disallowed-references"
         (build "disallowed" #~(mkdir #$output) #:disallowed-references (list gcc)))
(case-of "references-graphs"
         (build "graphs" #~(mkdir #$output)
                #:references-graphs `(("one" ,zlib) ("two" ,zlib "static") ("three" ,item))))
(case-of "references-graphs-input"
         (build "graphs2" #~(mkdir #$output)
                #:references-graphs `(("g" ,(gexp-input gcc "lib")))))
(case-of "fixed-flat"
         (build "fixed" #~(mkdir #$output) #:hash some-hash #:hash-algo 'sha256))
(case-of "fixed-recursive"
         (build "fixedr" #~(mkdir #$output) #:hash some-hash #:hash-algo 'sha256 #:recursive? #t))
(case-of "leaked-variables"
         (build "leaked" #~(mkdir #$output) #:hash some-hash #:hash-algo 'sha256
                #:leaked-env-vars '("http_proxy" "LANG")))

;;; Files.

(case-of "plain-file" (plain-file "greeting" "Hello, world!\n"))
(case-of "plain-file-bytes" (plain-file "bytes" #vu8(0 1 255)))
(case-of "plain-file-empty" (plain-file "empty" ""))
(case-of "plain-file-unicode" (plain-file "u" "naïve λ\n"))
(case-of "local-file" (local-file "files/note.txt"))
(case-of "local-file-renamed" (local-file "files/note.txt" "renamed"))
(case-of "local-file-recursive" (local-file "files/script.sh" #:recursive? #t))
(case-of "local-directory" (local-file "files/tree" #:recursive? #t))
(case-of "local-directory-selected"
         (local-file "files/tree" "picked" #:recursive? #t
                     #:select? (lambda (file stat) (not (string-suffix? ".me" file)))))
(case-of "local-file-in-gexp" (build "local" #~(copy-file #$(local-file "files/note.txt") #$output)))
(case-of "plain-file-in-gexp" (build "plain" #~(copy-file #$(plain-file "p" "x") #$output)))
(case-of "computed-file" (computed-file "c" #~(mkdir #$output) #:guile guile))
(case-of "computed-file-options"
         (computed-file "c2" #~(mkdir #$output) #:guile guile #:local-build? #f
                        #:options '(#:env-vars (("x" . "y")))))
(case-of "computed-file-chain"
         (computed-file "c3" #~(symlink #$(computed-file "inner" #~(list #$output #$zlib) #:guile guile)
                                        #$output)
                        #:guile guile))
(case-of "program-file" (program-file "prog" #~(begin (display "hi") #$zlib) #:guile guile))
(case-of "scheme-file" (scheme-file "s.scm" #~(define x #$zlib) #:guile guile))
(case-of "scheme-file-splice"
         (scheme-file "s2.scm" #~((define x 1) (define y #$gcc)) #:splice? #t #:guile guile))
(case-of "gexp->file" (gexp->file "f.scm" #~(list #$gcc) #:guile guile))
(case-of "gexp->script" (gexp->script "run" #~(execl #$(file-append zlib "/bin/x")) #:guile guile))
(case-of "mixed-text-file"
         (mixed-text-file "mix" #:guile guile "PATH=" zlib "/bin:" gcc "/bin\n"))
(case-of "mixed-text-outputs"
         (mixed-text-file "mix2" #:guile guile (file-append glib "/x") " " (plain-file "q" "q")))
(case-of "directory-of-one" (directory-union "one" (list zlib)))
(case-of "references-file" (references-file zlib "refs" #:guile guile))
(case-of "interned-tree" (interned-file-tree `("tree" directory ("a" regular (data "A"))
                                               ("d" directory ("b" regular (data "B"))))))
(case-of "text-file" (text-file "t" "text" (list item)))
(case-of "raw-derivation"
         (mlet %store-monad ((drv (package->derivation zlib)))
           (raw-derivation "raw" "/bin/sh" '("-c" "x \"y\"")
                           #:inputs (list (derivation-input drv '("static"))
                                          (derivation-input drv '("out")))
                           #:sources (list item)
                           #:outputs '("out" "b" "a")
                           #:env-vars '(("b" . "") ("k" . "v")))))
(case-of "sha512-output"
         (raw-derivation "h" "builtin:x" '() #:hash-algo 'sha512
                         #:hash (make-bytevector 64 7)))
(case-of "sha1-output"
         (raw-derivation "h1" "builtin:x" '() #:hash-algo 'sha1 #:recursive? #t
                         #:hash (make-bytevector 20 9)))

;;; With modules.

(case-of "modules"
         (build "modules" (with-imported-modules '((guix build utils))
                            #~(begin (use-modules (guix build utils)) (mkdir-p #$output)))))
(case-of "module-closure"
         (build "closure" (with-imported-modules
                              (source-module-closure '((guix build gnu-build-system)))
                            #~(mkdir #$output))))
(case-of "modules-of-two"
         (build "union-modules"
                #~(begin
                    #$(with-imported-modules '((guix build union)) #~(list #$output))
                    #$(with-imported-modules '((guix build utils)) #~(list 2)))))
(case-of "mapped-module"
         (build "mapped" (with-imported-modules
                             `(((my config) => ,(plain-file "config.scm" "(define-module (my config))"))
                               (guix build utils))
                           #~(mkdir #$output))))
(define config-module
  (scheme-file "config.scm" #~(define-module (guix config)) #:guile guile))
(case-of "mapped-scheme-file"
         (build "mapped2" (with-imported-modules `(((guix config) => ,config-module))
                            #~(mkdir #$output))))
(case-of "extensions"
         (build "extensions" (with-extensions (list guile-json) #~(list #$output))))
(case-of "modules-option" (build "mo" #~(mkdir #$output) #:modules '((guix build utils))))
(case-of "file-union"
         (file-union "etc" `(("hosts" ,(plain-file "hosts" "x"))
                             ("a/b" ,(file-append zlib "/b")))
                     #:guile guile))
(case-of "program-with-modules"
         (program-file "pm" (with-imported-modules '((guix build utils))
                              #~(begin (use-modules (guix build utils)) #$zlib))
                       #:guile guile))

;;; Origins.

(case-of "origin" (tarball "hello-1.0.tar.gz"))
(case-of "origin-mirrors"
         (origin (method url-fetch)
                 (uri (list "mirror://gnu/hello/hello-2.10.tar.gz" "https://example.org/h"))
                 (sha256 some-hash)))
(case-of "origin-file-name"
         (origin (method url-fetch) (uri "https://example.org/x?y=z") (file-name "x.tar.xz")
                 (hash (content-hash (make-bytevector 64 3) sha512))))
(case-of "origin-executable"
         (origin (method url-fetch/executable) (uri "https://example.org/tool") (sha256 some-hash)))
(case-of "origin-snippet"
         (origin (inherit (tarball "s-1.tar.gz")) (snippet '(begin (delete-file "x") #t))
                 (modules '((guix build utils)))))
(case-of "origin-snippet-gexp"
         (origin (inherit (tarball "s-2.tar.xz"))
                 (snippet #~(symlink #$zlib "z"))))
(case-of "origin-patches"
         (origin (inherit (tarball "p-1.0.tar.bz2"))
                 (patches (list (local-file "files/fix.patch")))
                 (patch-flags '("-p0"))))
(case-of "origin-patch-origin"
         (origin (inherit (tarball "p-2.tgz"))
                 (patches (list (origin (method url-fetch) (uri "https://example.org/f.patch")
                                        (sha256 some-hash))))))

;;; Packages.

(case-of "package-trivial"
         (package
           (name "triv") (version "0") (source #f) (build-system trivial-build-system)
           (arguments (list #:guile guile #:builder #~(begin (mkdir #$output) #$zlib)))
           (inputs (list gcc `(,zlib "static")))
           (synopsis "") (description "") (home-page #f) (license license:expat)))
(case-of "package-trivial-sexp"
         (package
           (name "triv2") (version "0") (source (plain-file "src" "x"))
           (build-system trivial-build-system)
           (arguments `(#:guile ,guile #:builder (begin (mkdir %output) (list %build-inputs))))
           (native-inputs `(("label" ,gcc "lib")))
           (synopsis "") (description "") (home-page #f) (license license:expat)))
(case-of "package-gnu" (gnu-package "g1" #:source* (tarball "g1-1.0.tar.gz")
                                    #:inputs* (list zlib) #:native* (list perl gcc)))
(case-of "package-gnu-arguments"
         (gnu-package "g2" #:inputs* (list glib `(,zlib "static"))
                      #:outputs* '("out" "doc")
                      #:arguments*
                      `(#:configure-flags (list "--x" (string-append "--p=" (assoc-ref %outputs "out")))
                        #:make-flags '("V=1") #:tests? #f #:parallel-build? #f
                        #:phases (modify-phases %standard-phases (delete 'check)))))
(case-of "package-gnu-gexps"
         (gnu-package "g3" #:native* (list gcc)
                      #:arguments*
                      (list #:configure-flags #~(list (string-append "--with=" #$zlib))
                            #:phases #~(modify-phases %standard-phases
                                         (add-after 'install 'link
                                           (lambda* (#:key inputs #:allow-other-keys)
                                             (symlink #$(file-append gcc "/x") #$output)))))))
(case-of "package-propagated"
         (gnu-package "g4" #:inputs* (list glib)
                      #:propagated* (list (leaf "prop" #:propagated (list glib perl)))
                      #:native* (list (leaf "n" #:propagated (list perl)))))
(case-of "package-inherit"
         (package (inherit (gnu-package "g5" #:inputs* (list zlib gcc)))
                  (version "2.0")
                  (inputs (modify-inputs (list (list "zlib" zlib) (list "gcc" gcc))
                            (delete "gcc") (prepend perl) (append libffi)
                            (replace "zlib" glib)))))
(case-of "package-rewriting"
         ((package-input-rewriting `((,zlib . ,libffi)))
          (gnu-package "g6" #:inputs* (list zlib (gnu-package "dep" #:inputs* (list zlib))))))
(case-of "copy-build"
         (copy-build "cp-1" `(("source" ,(gexp-input (tarball "cp-1.tar.gz"))) ("gcc" ,(gexp-input gcc)))
                     #:source (tarball "cp-1.tar.gz") #:guile guile
                     #:search-paths (list (path "PATH" "bin"))
                     #:install-plan #~'(("a" "share/"))))
(case-of "package-output-in-gexp"
         (build "uses" #~(list #$output #$(gnu-package "g7" #:outputs* '("out" "lib")) )))
(case-of "package-this-input"
         (package (inherit (gnu-package "g8"))
                  (inputs (list zlib))
                  (arguments (list #:implicit-inputs? #f #:guile guile
                                   #:configure-flags
                                   #~(list (string-append "--z=" #$(this-package-input "zlib")))))))
(case-of "package-file" (package-file zlib "lib/libz.a" #:output "static"))
