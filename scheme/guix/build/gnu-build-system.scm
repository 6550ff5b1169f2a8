;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; How a package that follows the GNU conventions is built, phase by phase:
;;; "./configure && make && make check && make install" and what has to happen
;;; around it.  Same public interface, phases and messages as the module of
;;; this name in GNU Guix.

(define-module (guix build gnu-build-system)
  #:use-module (guix build utils)
  #:use-module (guix build gremlin)
  #:use-module (ice-9 ftw)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-34)
  #:autoload   (ice-9 threads) (total-processor-count)
  #:export (%standard-phases %license-file-regexp %bootstrap-scripts
            dump-file-contents gnu-build))


;;;
;;; Helpers.
;;;

(define (say template . args)
  (apply simple-format #t template args))

(define (warn template . args)
  (apply simple-format (current-error-port) template args))

(define (directories-of outputs)
  ;; Return the directories of OUTPUTS (or inputs), an alist of labels and
  ;; directories.
  (map cdr outputs))

(define (existing-subdirectories directories names)
  ;; Return those of NAMES below each of DIRECTORIES that are directories.
  (filter directory-exists?
          (append-map (lambda (directory)
                        (map (lambda (name)
                               (string-append directory "/" name))
                             names))
                      directories)))

(define (regular? file stat)
  (eq? 'regular (stat:type stat)))

(define %binary-directories
  '("lib" "lib64" "libexec" "bin" "sbin"))


;;;
;;; Before the build.
;;;

(define* (separate-from-pid1 #:key (separate-from-pid1? #t)
                             #:allow-other-keys)
  "When running as PID 1 and SEPARATE-FROM-PID1? is true, go on in a child
process, while this one waits for all the orphans that fall to PID 1."
  (define (reap-until builder)
    (match (waitpid WAIT_ANY)
      ((pid . status)
       (cond ((not (= pid builder))
              (reap-until builder))
             ((zero? status)
              (primitive-exit 0))
             (else
              (warn "build process ~a exited with status ~a~%" pid status)
              (primitive-exit 1))))))

  (cond ((not separate-from-pid1?)
         (warn "build process running as PID ~a; not forking~%" (getpid)))
        ((not (= 1 (getpid)))
         (warn "not running as PID 1 (PID: ~a)~%" (getpid)))
        (else
         (let ((pid (primitive-fork)))
           (unless (zero? pid)
             (warn "build process now running as PID ~a~%" pid)
             (reap-until pid))))))

(define* (set-SOURCE-DATE-EPOCH #:rest _)
  "Set 'SOURCE_DATE_EPOCH', which tells tools that write time stamps which one
to write."
  (setenv "SOURCE_DATE_EPOCH" "1"))

(define* (set-paths #:key target inputs native-inputs
                    (search-paths '()) (native-search-paths '())
                    #:allow-other-keys)
  "Set 'PATH' and the variables of SEARCH-PATHS according to INPUTS; when
cross-compiling for TARGET, 'PATH' and NATIVE-SEARCH-PATHS according to
NATIVE-INPUTS."
  ;; A source may be a directory, but it is none to search.
  (define (input-directories inputs)
    (directories-of (alist-delete "source" (or inputs '()))))
  (define directories (input-directories inputs))
  (define native-directories (input-directories native-inputs))

  (define (set-variables search-paths directories)
    (for-each (match-lambda
                ((variable (files ...) separator type pattern)
                 (set-path-environment-variable variable files directories
                                                #:separator separator
                                                #:type type
                                                #:pattern pattern)))
              (or search-paths '())))

  ;; The linker wrapper is to refuse libraries from outside the store.
  (setenv "GUIX_LD_WRAPPER_ALLOW_IMPURITIES" "no")

  ;; We cannot run what is built for another target.
  (set-path-environment-variable "PATH" '("bin" "sbin")
                                 (append native-directories
                                         (if target '() directories)))
  (set-variables search-paths directories)
  (set-variables native-search-paths native-directories))

(define* (install-locale #:key (locale "C.UTF-8") (locale-category LC_ALL)
                         #:allow-other-keys)
  "Use LOCALE for LOCALE-CATEGORY, here and in child processes, so that file
names are taken for UTF-8; warn if there is no such locale."
  (define category-name (locale-category->string locale-category))

  (catch 'system-error
    (lambda ()
      (setlocale locale-category locale)
      (setenv category-name locale)
      (warn "using '~a' locale for category ~s~%" locale category-name))
    (lambda args
      (warn "warning: failed to install '~a' locale: ~a~%"
            locale (strerror (system-error-errno args))))))

(define (copy-source-directory source)
  (mkdir "source")
  (chdir "source")
  ;; Keep time stamps: make compares them.
  (copy-recursively source "." #:keep-mtime? #t)
  (for-each (lambda (file)
              (false-if-exception (make-file-writable file)))
            (find-files ".")))

(define (copy-source-file source)
  ;; Copy SOURCE, a single file, and decompress it if need be.
  (let ((name    (strip-store-file-name source))
        (program (compressor source)))
    (copy-file source name)
    (when program
      (invoke program "--decompress" name))))

(define (enter-first-subdirectory)
  (match (scandir "." (lambda (file)
                        (and (not (member file '("." "..")))
                             (file-is-directory? file))))
    ((first . _) (chdir first))
    (_ #f)))

(define* (unpack #:key source #:allow-other-keys)
  "Unpack SOURCE, an archive, directory or file, in the current directory, and
enter the directory that it holds."
  (if (file-is-directory? source)
      (copy-source-directory source)
      (begin
        (cond ((string-suffix? ".zip" source) (invoke "unzip" source))
              ((tarball? source) (invoke "tar" "xvf" source))
              (else (copy-source-file source)))
        (enter-first-subdirectory))))

(define %bootstrap-scripts
  ;; How scripts that make "configure" are commonly called.
  '("bootstrap" "bootstrap.sh" "autogen.sh"))

(define (run-bootstrap-script script)
  (setenv "NOCONFIGURE" "true")
  (say "running '~a'~%" script)
  (if (executable-file? script)
      (begin
        (patch-shebang script)
        (invoke script))
      (invoke "sh" script))
  (unsetenv "NOCONFIGURE"))

(define* (bootstrap #:key (bootstrap-scripts %bootstrap-scripts)
                    #:allow-other-keys)
  "Unless there is a \"configure\", run the first of BOOTSTRAP-SCRIPTS that
exists, or else \"autoreconf\" if the package uses Autoconf."
  ;; This comes early so that what it generates gets its shebangs patched.
  (define (script? file)
    (and (file-exists? file)
         (not (file-is-directory? file))))

  (define (generate-configure)
    ;; Many GNU packages run this script from 'configure.ac'.
    (false-if-file-not-found
     (patch-shebang "build-aux/git-version-gen"))
    (let ((script (find script? bootstrap-scripts)))
      (cond (script
             (run-bootstrap-script (string-append "./" script)))
            ((any file-exists? '("configure.ac" "configure.in"))
             (invoke "autoreconf" "-vif"))
            (else
             (say "no 'configure.ac' or anything like that, \
doing nothing~%")))))

  (if (script? "configure")
      (say "GNU build system bootstrapping not needed~%")
      (generate-configure)))

(define* (patch-usr-bin-file #:key (patch-/usr/bin/file? #t)
                             #:allow-other-keys)
  "When PATCH-/USR/BIN/FILE? is true, replace \"/usr/bin/file\", which Libtool's
macros have, in all the \"configure\" scripts."
  (when patch-/usr/bin/file?
    (for-each patch-/usr/bin/file
              (filter executable-file? (find-files "." "^configure$")))))

(define* (patch-source-shebangs #:rest _)
  "Patch the shebangs of all the source files, executable or not: templates
become scripts later."
  (for-each patch-shebang (find-files "." regular?)))

(define* (patch-generated-file-shebangs #:rest _)
  "Patch the shebangs of executable files, of which some may be new, and the
'SHELL' variable in makefiles."
  (for-each patch-shebang
            (find-files "." (lambda (file stat)
                              (and (regular? file stat)
                                   (logtest #o100 (stat:mode stat))))))
  (for-each patch-makefile-SHELL
            (find-files "." "^(GNU)?[mM]akefile$")))


;;;
;;; The build.
;;;

(define (name-in-store-file-name file)
  ;; Return the part of FILE's base name between the hash and the last hyphen:
  ;; that is the package name if there is a version and no hyphen in it.
  (let* ((base (basename file))
         (end  (or (string-rindex base #\-) (string-length base))))
    (string-drop (substring base 0 end)
                 (+ 1 (string-index base #\-)))))

(define (standard-configure-flags build target outputs bash)
  ;; Return the flags that GNU "configure" scripts are given, for programs to
  ;; run on TARGET (or here if it is #f), with BASH as the shell.
  (define (output name)
    (assoc-ref outputs name))

  (define (flag-if value option . rest)
    ;; A list of one flag, or none if VALUE is false.
    (if value
        (list (string-concatenate (cons* option value rest)))
        '()))

  (append
   (if target '("CC_FOR_BUILD=gcc") '())
   (list (string-append "CONFIG_SHELL=" bash)
         (string-append "SHELL=" bash)
         (string-append "--prefix=" (output "out"))
         "--enable-fast-install")       ;for Libtool
   (flag-if (output "bin") "--bindir=" "/bin")
   (flag-if (output "lib") "--libdir=" "/lib")
   (flag-if (or (output "include") (output "lib")) "--includedir=" "/include")
   (if (output "doc")
       (flag-if (output "doc") "--docdir=" "/share/doc/"
                (name-in-store-file-name (output "out")))
       '())
   (flag-if build "--build=")
   (flag-if target "--host=")))

(define* (configure #:key build target native-inputs inputs outputs
                    (configure-flags '()) out-of-source?
                    #:allow-other-keys)
  "Run \"configure\" with the standard flags for BUILD, TARGET and OUTPUTS, and
with CONFIGURE-FLAGS; in a directory of its own if OUT-OF-SOURCE? is true.  The
shell is that of NATIVE-INPUTS or INPUTS."
  ;; There may be no /bin/sh, or one that is not up to it.
  (define bash
    (or (false-if-exception
         (search-input-file (or native-inputs inputs) "bin/bash"))
        "/bin/sh"))
  (define flags
    (append (standard-configure-flags build target outputs bash)
            configure-flags))
  (define source (getcwd))
  ;; Packages such as GCC record the name by which "configure" was called; an
  ;; absolute one would have the hash of the derivation in it.
  (define relative-source
    (if out-of-source?
        (string-append "../" (basename source))
        "."))

  (say "source directory: ~s (relative from build: ~s)~%"
       source relative-source)
  (when out-of-source?
    (mkdir "../build")
    (chdir "../build"))
  (say "build directory: ~s~%" (getcwd))
  (say "configure flags: ~s~%" flags)
  (apply invoke bash (string-append relative-source "/configure") flags))

(define (parallel-make-flags parallel?)
  (if parallel?
      (list "-j" (number->string (parallel-job-count))
            (string-append "--max-load="
                           (number->string (total-processor-count))))
      '()))

(define* (build #:key (make-flags '()) (parallel-build? #t)
                #:allow-other-keys)
  "Run \"make\" with MAKE-FLAGS, with several jobs if PARALLEL-BUILD? is true."
  (apply invoke "make"
         (append (parallel-make-flags parallel-build?) make-flags)))

(define* (dump-file-contents directory file-regexp
                             #:optional (port (current-error-port)))
  "Show on PORT the contents of the files in DIRECTORY whose base name matches
FILE-REGEXP."
  (define (rule file)
    ;; A line of at least 78 characters that has the name in it.
    (let ((start (string-append "--- " file " ")))
      (string-append start
                     (make-string (max 0 (- 77 (string-length start))) #\-))))

  (for-each (lambda (file)
              (display (string-append "\n" (rule file) "\n\n") port)
              (call-with-input-file file
                (lambda (log)
                  (dump-port log port)))
              (newline port))
            (find-files directory file-regexp)))

(define %test-suite-log-regexp
  ;; The logs of test suites that Automake and CMake generate.
  "^(test-?suite\\.log|LastTestFailed\\.log)$")

(define* (check #:key target (make-flags '()) (tests? (not target))
                (test-target "check") (parallel-tests? #t)
                (test-suite-log-regexp %test-suite-log-regexp)
                #:allow-other-keys)
  "When TESTS? is true, run \"make TEST-TARGET\" with MAKE-FLAGS, with several
jobs if PARALLEL-TESTS? is true; if that fails, show the files whose base name
matches TEST-SUITE-LOG-REGEXP.  By default there are tests unless we build for
another TARGET."
  (if tests?
      (guard (c ((invoke-error? c)
                 (warn "~%Test suite failed, dumping logs.~%")
                 (dump-file-contents "." test-suite-log-regexp)
                 (raise c)))
        (apply invoke "make" test-target
               (append (parallel-make-flags parallel-tests?) make-flags)))
      (say "test suite not run~%")))

(define* (install #:key (make-flags '()) #:allow-other-keys)
  "Run \"make install\" with MAKE-FLAGS."
  (apply invoke "make" "install" make-flags))


;;;
;;; After the build: what was installed.
;;;

(define* (patch-shebangs #:key inputs outputs (patch-shebangs? #t)
                         #:allow-other-keys)
  "When PATCH-SHEBANGS? is true, make the shebangs of the programs in OUTPUTS
refer to OUTPUTS and INPUTS.  Native inputs would not run on the target."
  (define (program-directories packages)
    (append-map (lambda (directory)
                  (map (lambda (name)
                         (string-append directory "/" name))
                       '("bin" "sbin" "libexec")))
                (directories-of packages)))

  (define (regular-files directory)
    (filter (lambda (file)
              (regular? file (lstat file)))
            (map (lambda (name) (string-append directory "/" name))
                 (or (scandir directory) '()))))

  (when patch-shebangs?
    (let* ((directories (program-directories outputs))
           (path        (append directories (program-directories inputs))))
      (for-each (lambda (file)
                  (patch-shebang file path))
                (append-map regular-files directories)))))

(define* (strip #:key target outputs (strip-binaries? #t)
                (strip-command (if target
                                   (string-append target "-strip")
                                   "strip"))
                (objcopy-command (if target
                                     (string-append target "-objcopy")
                                     "objcopy"))
                (strip-flags '("--strip-unneeded"
                               "--enable-deterministic-archives"))
                (strip-directories %binary-directories)
                #:allow-other-keys)
  "When STRIP-BINARIES? is true, run STRIP-COMMAND with STRIP-FLAGS on the ELF
files and archives in STRIP-DIRECTORIES of OUTPUTS.  If there is an output
called \"debug\", the debugging information goes there, and OBJCOPY-COMMAND adds
a reference to it.  The commands are those for TARGET."
  (define debug-output (assoc-ref outputs "debug"))

  (define (debug-file file)
    ;; Where GDB looks for it in a profile.
    (string-append debug-output "/lib/debug/" file ".debug"))

  (define (save-debug-info file)
    (define copy (debug-file file))
    (mkdir-p (dirname copy))
    (copy-file file copy)
    (invoke strip-command "--only-keep-debug" copy)
    (chmod copy #o400))

  (define (link-to-debug-info file)
    ;; The base name and checksum of the debug file go into FILE.
    (invoke objcopy-command "--enable-deterministic-archives"
            (string-append "--add-gnu-debuglink=" (debug-file file))
            file))

  (define (strip-file file)
    ;; One file that the command cannot cope with is no reason to give up.
    (guard (c ((invoke-error? c)
               (let ((status (invoke-error-exit-status c))
                     (signal (invoke-error-term-signal c)))
                 (warn "warning: ~a: program ~s exited~a~a~%"
                       file (invoke-error-program c)
                       (if status
                           (simple-format
                            #f " with non-zero exit status ~a" status)
                           "")
                       (if signal
                           (simple-format #f " terminated by signal ~a"
                                          signal)
                           "")))))
      (when debug-output
        (save-debug-info file))
      (make-file-writable file)
      (apply invoke strip-command (append strip-flags (list file)))
      (when debug-output
        (link-to-debug-info file))))

  (define (strip-directory directory)
    (say "stripping binaries in ~s with ~s and flags ~s~%"
         directory strip-command strip-flags)
    (when debug-output
      (say "debugging output written to ~s using ~s~%"
           debug-output objcopy-command))
    (for-each (lambda (file)
                (when (or (elf-file? file) (ar-file? file))
                  (strip-file file)))
              (find-files directory regular?)))

  (when strip-binaries?
    (for-each strip-directory
              (existing-subdirectories (directories-of outputs)
                                       strip-directories))))

(define* (validate-runpath #:key (validate-runpath? #t)
                           (elf-directories %binary-directories)
                           outputs #:allow-other-keys)
  "When VALIDATE-RUNPATH? is true, check that for all the ELF files in
ELF-DIRECTORIES of OUTPUTS, the libraries that they need are in their RUNPATH.
This is to come after stripping, as it has whole files in memory."
  (define (distinct-elf-files directory)
    ;; Libraries have several names, most of them symbolic links.
    (define seen (make-hash-table))
    (filter (lambda (file)
              (let ((inode (stat:ino (stat file))))
                (and (not (hashv-ref seen inode))
                     (hashv-set! seen inode #t))))
            (find-files directory (lambda (file stat)
                                    (elf-file? file)))))

  (define (valid? directory)
    (let ((files (distinct-elf-files directory)))
      (warn "validating RUNPATH of ~a binaries in ~s...~%"
            (length files) directory)
      (every* validate-needed-in-runpath files)))

  (cond ((not validate-runpath?)
         (warn "skipping RUNPATH validation~%"))
        ((not (every* valid?
                      (existing-subdirectories
                       ;; "debug" is full of mere shadows of ELF files.
                       (directories-of (alist-delete "debug" outputs))
                       elf-directories)))
         (error "RUNPATH validation failed"))))

(define* (validate-documentation-location #:key outputs #:allow-other-keys)
  "Move \"man\" and \"info\" in OUTPUTS to \"share\", where they belong."
  (define (move-to-share directory)
    (let ((target (string-append (dirname directory) "/share/"
                                 (basename directory))))
      (say "moving '~a' to '~a'~%" directory target)
      (mkdir-p (dirname target))
      (rename-file directory target)))

  (for-each move-to-share
            (existing-subdirectories (directories-of outputs)
                                     '("man" "info"))))

(define* (delete-info-dir-file #:key outputs #:allow-other-keys)
  "Delete 'share/info/dir' from OUTPUTS: profiles make one of their own."
  (for-each (lambda (directory)
              (let ((file (string-append directory "/share/info/dir")))
                (when (file-exists? file)
                  (delete-file file))))
            (directories-of outputs)))

(define* (patch-dot-desktop-files #:key outputs #:allow-other-keys)
  "Make '.desktop' files in OUTPUTS refer to programs in OUTPUTS by their
absolute file names."
  (define program-directories
    (append-map (lambda (directory)
                  (list (string-append directory "/bin")
                        (string-append directory "/sbin")))
                (directories-of outputs)))

  (define (absolute program)
    (or (search-path program-directories program)
        (begin
          (warn "warning: '.desktop' file refers to '~a', \
which cannot be found~%" program)
          program)))

  (define (patch-applications directory)
    (let ((files (find-files directory "\\.desktop$")))
      (say "adjusting ~a '.desktop' files in ~s~%" (length files) directory)
      ;; Whatever the locale, that is what they are encoded in.
      (with-fluids ((%default-port-encoding "UTF-8"))
        (substitute* files
          (("^(Exec|TryExec)=([^/[:blank:]\r\n]+)(.*)$" _ key program rest)
           (string-append key "=" (absolute program) rest))))))

  (for-each patch-applications
            (existing-subdirectories (directories-of outputs)
                                     '("share/applications"))))

(define* (make-dynamic-linker-cache #:key outputs
                                    (make-dynamic-linker-cache? #t)
                                    #:allow-other-keys)
  "When MAKE-DYNAMIC-LINKER-CACHE? is true, have \"ldconfig\" make
'etc/ld.so.cache' in each of OUTPUTS, so that programs find their libraries
without searching all of their RUNPATH."
  (define (programs directory)
    (append-map (lambda (directory)
                  (find-files directory
                              (lambda (file stat)
                                (and (executable-file? file)
                                     (elf-file? file)))))
                (existing-subdirectories (list directory)
                                         '("bin" "sbin" "libexec"))))

  (define (library-directories directory)
    (delete-duplicates
     (append-map (lambda (program)
                   (map dirname (file-needed/recursive program)))
                 (programs directory))))

  (define (write-configuration file directories)
    (call-with-output-file file
      (lambda (port)
        (for-each (lambda (directory)
                    (display directory port)
                    (newline port))
                  directories))))

  (define (make-cache output)
    (define cache (string-append output "/etc/ld.so.cache"))
    (define configuration
      (string-append (or (getenv "TMPDIR") "/tmp") "/ld.so.conf"))
    (define directories (library-directories output))

    (unless (null? directories)
      (mkdir-p (dirname cache))
      (guard (c ((invoke-error? c)
                 ;; Things work without.
                 (warn "warning: 'ldconfig' failed:~%")
                 (report-invoke-error c)))
        (write-configuration configuration directories)
        (invoke "ldconfig" "-f" configuration "-C" cache)
        (say "created '~a' from ~a library search path entries~%"
             cache (length directories)))))

  (if make-dynamic-linker-cache?
      (for-each make-cache (directories-of outputs))
      (say "ld.so cache not built~%")))

(define %license-file-regexp
  ;; How files with licenses are commonly called.
  "^(COPYING.*|LICEN[CS]E.*|[Ll]icen[cs]e.*|Copy[Rr]ight(\\.(txt|md))?)$")

(define (guess-source-directory package)
  ;; After a build out of the source tree of PACKAGE, return the name of that
  ;; tree: the only one there is or one that starts with PACKAGE, such as GCC's
  ;; for libstdc++; or #f.
  (match (scandir ".." (lambda (file)
                         (and (not (member file '("." ".." "build")))
                              (file-is-directory?
                               (string-append "../" file)))))
    (() #f)
    ((only) (string-append "../" only))
    (several
     (and=> (find (lambda (name) (string-prefix? package name)) several)
            (lambda (name) (string-append "../" name))))))

(define* (install-license-files #:key outputs
                                (license-file-regexp %license-file-regexp)
                                out-of-source?
                                #:allow-other-keys)
  "Install the files of the source that match LICENSE-FILE-REGEXP to
'share/doc' of OUTPUTS.  If OUT-OF-SOURCE? is true, guess where the source is."
  (define package
    (strip-store-file-name (or (assoc-ref outputs "out")
                               (first (directories-of outputs)))))
  (define source
    (if out-of-source?
        (guess-source-directory (package-name->name+version package))
        "."))
  (define files
    (and source
         (let ((rx (make-regexp license-file-regexp)))
           (scandir source (lambda (file) (regexp-exec rx file))))))

  (define (install-to directory)
    (lambda (name)
      (let ((file (string-append source "/" name)))
        (if (file-is-directory? file)
            (copy-recursively file directory)
            (install-file file directory)))))

  (cond (files
         (say "installing ~a license files from '~a'~%"
              (length files) source)
         (for-each (lambda (output)
                     (for-each (install-to (string-append
                                            output "/share/doc/" package))
                               files))
                   (directories-of outputs)))
        (else
         (warn "failed to find license files~%"))))

(define* (reset-gzip-timestamps #:key outputs #:allow-other-keys)
  "Reset the time stamps in the headers of the gzip files in OUTPUTS."
  (define (gzip? file stat)
    (and (regular? file stat)
         (or (string-suffix? ".gz" file) (string-suffix? ".tgz" file))
         (gzip-file? file)))

  (for-each (lambda (file)
              (make-file-writable file)
              (reset-gzip-timestamp file))
            (append-map (lambda (directory) (find-files directory gzip?))
                        (directories-of outputs))))

(define (points-to-symlink? link)
  ;; Return true if LINK points to another symbolic link, or to nothing.
  (let* ((text   (readlink link))
         (target (if (string-prefix? "/" text)
                     text
                     (string-append (dirname link) "/" text))))
    (match (false-if-file-not-found (lstat target))
      (#f
       (warn "The symbolic link '~a' target is missing: '~a'~%" link target)
       ;; To be left as it is, like a link to a link.
       #t)
      (st (eq? 'symlink (stat:type st))))))

(define (compress-files directory regexp program flags extension)
  ;; Run PROGRAM with FLAGS on the files in DIRECTORY that match REGEXP, and
  ;; make symbolic links to them follow; PROGRAM appends EXTENSION to names.
  (define (retarget link)
    (define (extended name) (string-append name extension))
    (symlink (extended (readlink link)) (extended link))
    (delete-file link))

  (define (hard-linked? file)
    ;; gzip would refuse.
    (> (stat:nlink (lstat file)) 1))

  (define (compress files)
    (say "compressing documentation in '~a' with ~s and flags ~s~%"
         directory program flags)
    (call-with-values
        (lambda () (partition symbolic-link? files))
      (lambda (links files)
        ;; A link to a link still finds that one, which keeps its name.
        (for-each retarget
                  (filter (lambda (link)
                            (and (not (points-to-symlink? link))
                                 (string-match regexp link)))
                          links))
        (apply invoke program
               (append flags (remove hard-linked? files))))))

  (match (find-files directory regexp)
    (() #t)
    (files (compress files))))

(define* (compress-documentation #:key outputs (compress-documentation? #t)
                                 (info-compressor "gzip")
                                 (info-compressor-flags
                                  '("--best" "--no-name"))
                                 (info-compressor-file-extension ".gz")
                                 (man-compressor (if (which "zstd")
                                                     "zstd"
                                                     info-compressor))
                                 (man-compressor-flags
                                  (if (which "zstd")
                                      (list "-19" "--rm" "--threads"
                                            (number->string
                                             (parallel-job-count)))
                                      info-compressor-flags))
                                 (man-compressor-file-extension
                                  (if (which "zstd")
                                      ".zst"
                                      info-compressor-file-extension))
                                 #:allow-other-keys)
  "When COMPRESS-DOCUMENTATION? is true, compress the manuals in OUTPUTS: Info
files with INFO-COMPRESSOR and INFO-COMPRESSOR-FLAGS, man pages with
MAN-COMPRESSOR and MAN-COMPRESSOR-FLAGS; the names of compressed files end in
INFO-COMPRESSOR-FILE-EXTENSION and MAN-COMPRESSOR-FILE-EXTENSION."
  (define (compress output)
    (for-each (match-lambda
                ((name regexp program flags extension)
                 (let ((directory (string-append output name)))
                   (when (directory-exists? directory)
                     (compress-files directory regexp
                                     program flags extension)))))
              `(("/share/man" "\\.[0-9]+[:alpha:]*$" ,man-compressor
                 ,man-compressor-flags ,man-compressor-file-extension)
                ("/share/info" "\\.info(-[0-9]+)?$" ,info-compressor
                 ,info-compressor-flags ,info-compressor-file-extension))))

  (if compress-documentation?
      (for-each compress (directories-of outputs))
      (say "not compressing documentation~%")))


;;;
;;; All together.
;;;

(define-syntax-rule (named-phases name ...)
  (list (cons 'name name) ...))

(define %standard-phases
  ;; The phases in order, as a list of name/procedure pairs.
  (named-phases separate-from-pid1
                set-SOURCE-DATE-EPOCH
                set-paths
                install-locale
                unpack
                bootstrap
                patch-usr-bin-file
                patch-source-shebangs
                configure
                patch-generated-file-shebangs
                build
                check
                install
                patch-shebangs
                strip
                validate-runpath
                validate-documentation-location
                delete-info-dir-file
                patch-dot-desktop-files
                make-dynamic-linker-cache
                install-license-files
                reset-gzip-timestamps
                compress-documentation))

(define (seconds-since start)
  ;; Return the seconds since START, a value of `get-internal-real-time', as
  ;; text with one decimal.
  (let* ((elapsed (- (get-internal-real-time) start))
         (tenths  (quotient (+ (* 10 elapsed)
                               (quotient internal-time-units-per-second 2))
                            internal-time-units-per-second)))
    (string-append (number->string (quotient tenths 10)) "."
                   (number->string (remainder tenths 10)))))

(define (run-phase name proc args)
  ;; Call PROC, the phase called NAME, with ARGS, and tell how it went.
  (define start (get-internal-real-time))

  (define (end-of-phase outcome)
    (say "phase `~a' ~a after ~a seconds~%"
         name outcome (seconds-since start))
    ;; For those who look into the build directory of a failed build.
    (system "export > $NIX_BUILD_TOP/environment-variables"))

  (say "starting phase `~a'~%" name)
  (with-throw-handler #t
    (lambda ()
      (apply proc args)
      (end-of-phase "succeeded"))
    (lambda exception
      ;; Before the stack is unwound: the exception goes on from here with its
      ;; backtrace.
      (warn "error: in phase '~a': uncaught exception:~%" name)
      (for-each (lambda (item) (warn "~s " item)) exception)
      (warn "~%")
      (end-of-phase "failed"))))

(define* (gnu-build #:key (source #f) (outputs #f) (inputs #f)
                    (phases %standard-phases)
                    #:allow-other-keys
                    #:rest args)
  "Build from SOURCE to OUTPUTS, using INPUTS: call the procedures of PHASES, in
order, with all of the arguments.  Each picks those it cares for.  If a program
that they run fails, say so and exit."
  (setvbuf (current-output-port) 'line)
  (setvbuf (current-error-port) 'line)

  ;; Garbage in text is an error, not a question mark.
  (fluid-set! %default-port-conversion-strategy 'error)

  (guard (c ((invoke-error? c)
             (report-invoke-error c)
             (exit 1)))
    (for-each (match-lambda
                ((name . proc) (run-phase name proc args)))
              phases)))
