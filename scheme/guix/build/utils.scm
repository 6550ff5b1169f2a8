;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The builder's toolbox: file trees, search paths, phases, running programs,
;;; rewriting text and wrapping executables.  Same public interface as the
;;; module of this name in GNU Guix.
;;;
;;; Build-side expressions often import this file alone, so it may use nothing
;;; but Guile's own library; and since it is read from source inside every
;;; build, it stays away from the heavy parts of that library.

(define-module (guix build utils)
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 ftw)
  #:use-module (ice-9 match)
  #:use-module (ice-9 rdelim)
  #:use-module (ice-9 regex)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-34)
  #:use-module (srfi srfi-35)
  #:use-module (rnrs bytevectors)
  #:autoload   (ice-9 threads) (current-processor-count)
  ;; `delete' is a literal of `modify-phases', so whoever uses that macro has
  ;; to see the same binding that we see here.
  #:re-export (alist-cons alist-delete delete)
  #:export (%store-directory %store-hash-string-length store-file-name?
            strip-store-file-name package-name->name+version
            parallel-job-count

            compressor tarball? %xz-parallel-args

            directory-exists? executable-file? symbolic-link? switch-symlinks
            call-with-temporary-output-file call-with-ascii-input-file
            file-header-match png-file? elf-file? ar-file? gzip-file?
            reset-gzip-timestamp with-directory-excursion mkdir-p
            install-file make-file-writable copy-recursively
            delete-file-recursively file-name-predicate find-files
            false-if-file-not-found

            search-path-as-list set-path-environment-variable
            search-path-as-string->list list->search-path-as-string which
            search-input-file search-input-directory search-error?
            search-error-path search-error-file

            define-constant

            every* alist-cons-before alist-cons-after alist-replace
            modify-phases

            with-atomic-file-replacement substitute substitute* dump-port
            set-file-time patch-shebang patch-makefile-SHELL
            patch-/usr/bin/file fold-port-matches remove-store-references
            wrapped-program? wrap-program wrap-script wrap-error?
            wrap-error-program wrap-error-type

            invoke invoke/quiet invoke-error? invoke-error-program
            invoke-error-arguments invoke-error-exit-status
            invoke-error-term-signal invoke-error-stop-signal
            report-invoke-error

            make-desktop-entry-file locale-category->string))


;;;
;;; Small helpers.
;;;

(define-syntax-rule (define-constant name value)
  "Make NAME another way to write the expression VALUE."
  (define-syntax name (identifier-syntax value)))

(define (say port template . args)
  ;; `simple-format' is what we need of `format', without its module.
  (apply simple-format port template args))

(define (warn-user template . args)
  (apply simple-format (current-error-port) template args))

(define (cleanup-on-error thunk cleanup)
  "Return what THUNK returns.  If it throws, call CLEANUP with the key and the
arguments before the stack is unwound, and let the exception go on."
  (with-throw-handler #t thunk cleanup))

(define-syntax-rule (catch-errno (errno handler) body ...)
  ;; Evaluate BODY; on a system error call HANDLER with its number, and with a
  ;; thunk that throws the same again.
  (catch 'system-error
    (lambda () body ...)
    (lambda args
      (let ((errno (system-error-errno args)))
        (handler errno (lambda () (apply throw args)))))))


;;;
;;; Names.
;;;

(define (compressor file-name)
  "Return the name of the program that compresses and decompresses FILE-NAME,
judging by its extension, or #f."
  (any (match-lambda
         ((suffix . program)
          (and (string-suffix? suffix file-name) program)))
       '(("gz" . "gzip") ("Z" . "gzip") ("bz2" . "bzip2") ("lz" . "lzip")
         ("zip" . "unzip") ("xz" . "xz") ("zst" . "zstd"))))

(define (tarball? file-name)
  "Return true if FILE-NAME is named like a tar archive."
  (string-match "\\.(tar(\\..*)?|tgz|tbz)$" file-name))

(define (%xz-parallel-args)
  "Return the arguments that make xz use several threads and yet always yield
the same bytes (one thread would use another format)."
  (list "--memlimit=20%"
        (string-append "--threads="
                       (number->string (max 2 (parallel-job-count))))))

(define (%store-directory)
  "Return where the store is, as the daemon tells builds; without one, the usual
place."
  (or (getenv "NIX_STORE_DIR") (getenv "NIX_STORE") "/gnu/store"))

(define-constant %store-hash-string-length 32)

(define (store-file-name? file)
  "Tell whether the name FILE starts like those in the store."
  (string-prefix? (%store-directory) file))

(define (strip-store-file-name file)
  "Return FILE, a store file name, without store directory and hash: the rest
usually reads \"PACKAGE-VERSION\"."
  (string-drop file (+ (string-length (%store-directory))
                       (string-length "/")
                       %store-hash-string-length
                       (string-length "-"))))

(define (package-name->name+version name)
  "Split NAME, such as \"foo-0.9.1b\", in front of the first hyphen that a
digit follows, and return \"foo\" and \"0.9.1b\"; without such a hyphen, return
NAME and #f."
  (let loop ((start 0))
    (match (string-index name #\- start)
      (#f (values name #f))
      (dash
       (let ((version (+ dash 1)))
         (if (and (< version (string-length name))
                  (char-set-contains? char-set:digit
                                      (string-ref name version)))
             (values (substring name 0 dash) (substring name version))
             (loop version)))))))

(define parallel-job-count
  ;; How many jobs a build may run at once, as told by the daemon.
  (make-parameter
   (let ((cores (getenv "NIX_BUILD_CORES")))
     (cond ((not cores) 1)
           ((string=? cores "0") (current-processor-count))
           (else (or (string->number cores) 1))))))


;;;
;;; Files.
;;;

(define (directory-exists? dir)
  "Tell whether there is a directory DIR; links are followed."
  (let ((st (stat dir #f)))
    (and st (eq? 'directory (stat:type st)))))

(define (executable-file? file)
  "Return #t if FILE exists and its owner may execute it."
  (let ((st (stat file #f)))
    (and st (logtest #o100 (stat:mode st)))))

(define (symbolic-link? file)
  "Return #t if FILE is a symbolic link."
  (eq? 'symlink (stat:type (lstat file))))

(define (switch-symlinks link target)
  "Make LINK a symbolic link to TARGET, atomically, whether or not LINK exists
already."
  (let ((next (string-append link ".new")))
    (let retry ()
      (catch-errno (errno (lambda (errno rethrow)
                            (unless (= errno EEXIST) (rethrow))
                            ;; Left behind by one that was interrupted.
                            (delete-file next)
                            (retry)))
        (symlink target next)))
    (rename-file next link)))

(define (call-with-temporary-output-file proc)
  "Call PROC with the name of a new temporary file and a port to write to it.
The file is gone when PROC is left."
  (let* ((name (string-append (or (getenv "TMPDIR") "/tmp")
                              "/guix-file.XXXXXX"))
         (port (mkstemp! name)))
    (dynamic-wind
      (lambda () #t)
      (lambda () (proc name port))
      (lambda ()
        (false-if-exception (close-port port))
        (false-if-exception (delete-file name))))))

(define (call-with-ascii-input-file file proc)
  "Call PROC with a port that reads FILE one byte per character, and close the
port when PROC is left."
  (let ((port (with-fluids ((%default-port-encoding #f))
                ;; Binary, so that `coding:' cookies have no effect.
                (open-file file "rb"))))
    (dynamic-wind
      (lambda () #t)
      (lambda () (proc port))
      (lambda () (close-port port)))))

(define (file-header-match header)
  "Return a predicate that tells whether the file it is given starts with the
bytes of HEADER, a bytevector."
  (lambda (file)
    (catch-errno (errno (lambda (errno rethrow)
                          ;; A directory starts with nothing.
                          (if (= errno EISDIR) #f (rethrow))))
      (call-with-input-file file
        (lambda (port)
          (equal? header
                  (get-bytevector-n port (bytevector-length header))))
        #:binary #t))))

(define png-file?
  (file-header-match #vu8(#x89 #x50 #x4e #x47 #x0d #x0a #x1a #x0a)))

(define elf-file?
  (file-header-match #vu8(#x7f #x45 #x4c #x46)))

(define ar-file?
  (file-header-match (string->utf8 "!<arch>\n")))

(define gzip-file?
  ;; Two bytes only: beware of false positives.
  (file-header-match #vu8(#x1f #x8b)))

(define* (reset-gzip-timestamp file #:key (keep-mtime? #t))
  "If FILE is a gzip file, zero the time stamp in its header and return true;
otherwise return #f.  When KEEP-MTIME? is true, preserve FILE's modification
time."
  (and (gzip-file? file)
       (let ((st   (stat file))
             (port (open file O_RDWR)))
         (dynamic-wind
           (lambda () #t)
           (lambda ()
             (seek port 4 SEEK_SET)     ;MTIME is the second word
             (put-bytevector port #vu8(0 0 0 0)))
           (lambda ()
             (close-port port)
             (when keep-mtime?
               (set-file-time file st))))
         #t)))

(define-syntax-rule (with-directory-excursion dir body ...)
  "Evaluate BODY with DIR as the process's current directory."
  (let ((here (getcwd)))
    (dynamic-wind
      (lambda () (chdir dir))
      (lambda () body ...)
      (lambda () (chdir here)))))

(define (mkdir-p dir)
  "Make sure that there is a directory DIR, creating it and what is above it
where need be."
  (let loop ((names  (remove string-null? (string-split dir #\/)))
             (parent (if (string-prefix? "/" dir) "" ".")))
    (match names
      (() #t)
      ((name . rest)
       (let ((child (string-append parent "/" name)))
         (catch-errno (errno (lambda (errno rethrow)
                               (unless (= errno EEXIST) (rethrow))))
           (mkdir child))
         (loop rest child))))))

(define (install-file file directory)
  "Copy FILE into DIRECTORY under the same name; create DIRECTORY if needed."
  (mkdir-p directory)
  (copy-file file (string-append directory "/" (basename file))))

(define (make-file-writable file)
  "Let the owner of FILE read and write it."
  (chmod file (logior #o600 (stat:perms (lstat file)))))

(define (set-file-time file stat)
  "Give FILE, which may be a symbolic link, the access and modification times
of STAT."
  (utime file
         (stat:atime stat) (stat:mtime stat)
         (stat:atimensec stat) (stat:mtimensec stat)
         AT_SYMLINK_NOFOLLOW))

(define* (copy-recursively source destination
                           #:key
                           (log (current-output-port))
                           (follow-symlinks? #f)
                           (copy-file copy-file)
                           keep-mtime? keep-permissions?
                           (select? (const #t)))
  "Copy the file or directory SOURCE to DESTINATION.  Regular files are copied
with COPY-FILE.  Symbolic links are copied as such unless FOLLOW-SYMLINKS? is
true.  KEEP-MTIME? and KEEP-PERMISSIONS? say whether to copy modification times
and permissions.  Each file is mentioned on LOG.  Entries for which (SELECT?
FILE STAT) returns false are left out; FILE starts with SOURCE, and STAT comes
from 'lstat', or 'stat' if FOLLOW-SYMLINKS? is true."
  (define (copy-of file)
    (string-append destination
                   (string-drop file (string-length source))))

  (define (copy-leaf file st)
    (let ((copy (copy-of file)))
      (say log "`~a' -> `~a'~%" file copy)
      (cond ((eq? 'symlink (stat:type st))
             (symlink (readlink file) copy))
            (else
             (copy-file file copy)
             (when keep-permissions?
               (chmod copy (stat:perms st)))))
      (when keep-mtime?
        (set-file-time copy st))))

  (define (finish-directory dir st)
    ;; Its contents are there: what we set now stays.
    (let ((copy (copy-of dir)))
      (when keep-mtime?
        (set-file-time copy st))
      (when keep-permissions?
        (chmod copy (stat:perms st)))))

  (file-system-fold (lambda (dir st result) (select? dir st))
                    (lambda (file st result)
                      (when (select? file st)
                        (copy-leaf file st)))
                    (lambda (dir st result) (mkdir-p (copy-of dir)))
                    (lambda (dir st result) (finish-directory dir st))
                    (const #t)
                    (lambda (file st errno result)
                      (warn-user "i/o error: ~a: ~a~%" file (strerror errno))
                      #f)
                    #t source
                    (if follow-symlinks? stat lstat)))

(define* (delete-file-recursively dir #:key follow-mounts?)
  "Delete DIR and what is in it, without following symbolic links, nor mount
points unless FOLLOW-MOUNTS? is true.  Errors are reported and ignored."
  (define device (stat:dev (lstat dir)))

  (define (report file errno)
    (warn-user "warning: failed to delete ~a: ~a~%" file (strerror errno)))

  (define (deleter delete)
    (lambda (file st result)
      (catch-errno (errno (lambda (errno rethrow) (report file errno)))
        (delete file))))

  (file-system-fold (lambda (dir st result)
                      (or follow-mounts? (= device (stat:dev st))))
                    (deleter delete-file)
                    (const #t)
                    (deleter rmdir)
                    (const #t)
                    (lambda (file st errno result) (report file errno))
                    #t dir lstat))

(define (file-name-predicate regexp)
  "Return a procedure that takes a file name and its stat buffer, and returns
true if the file's base name matches REGEXP, a string or compiled regexp."
  (let ((rx (if (regexp? regexp) regexp (make-regexp regexp))))
    (lambda (file stat)
      (regexp-exec rx (basename file)))))

(define* (find-files dir #:optional (pred (const #t))
                     #:key (stat lstat) directories? fail-on-error?)
  "Return the sorted list of files below DIR that satisfy PRED: a procedure of
file name and stat buffer, or a regexp for base names.  STAT gets at the stat
buffers; the default does not follow symbolic links.  DIRECTORIES? says whether
to consider directories as well.  Errors are reported on the error port; when
FAIL-ON-ERROR? is true, they are also raised."
  (define wanted?
    (if (procedure? pred) pred (file-name-predicate pred)))

  (define (collect file st result)
    (if (wanted? file st) (cons file result) result))

  (define (pass file st result) result)

  (sort (file-system-fold (const #t)
                          collect
                          (if directories? collect pass)
                          pass
                          pass
                          (lambda (file st errno result)
                            (warn-user "find-files: ~a: ~a~%"
                                       file (strerror errno))
                            (when fail-on-error?
                              (error "find-files failed"))
                            result)
                          '() dir stat)
        string<?))

(define-syntax-rule (false-if-file-not-found exp)
  "Evaluate EXP, but return #f if it fails because a file does not exist."
  (catch 'system-error
    (lambda () exp)
    (lambda args
      (and (not (= ENOENT (system-error-errno args)))
           (apply throw args)))))


;;;
;;; Search paths.
;;;

(define* (search-path-as-list files input-dirs
                              #:key (type 'directory) pattern)
  "Return the names that FILES, relative names, have below each of INPUT-DIRS
where a file of the given TYPE (a symbol as from 'stat:type') is there.  When
PATTERN, a regexp, is true, return the files of that type below them whose base
name matches it."
  (define (type-matches? st)
    (and st (eq? type (stat:type st))))

  (define (candidates file)
    (cond (pattern
           (let ((match? (file-name-predicate pattern)))
             (find-files file
                         (lambda (file st)
                           (and (type-matches? st) (match? file st)))
                         #:stat stat #:directories? #t)))
          ((type-matches? (stat file #f)) (list file))
          (else '())))

  (append-map (lambda (input)
                (append-map (lambda (file)
                              (candidates (string-append input "/" file)))
                            files))
              (delete-duplicates input-dirs)))

(define (list->search-path-as-string lst separator)
  "Return LST joined by SEPARATOR, or its first element if SEPARATOR is #f."
  (cond (separator (string-join lst separator))
        ((null? lst) "")
        (else (first lst))))

(define* (search-path-as-string->list path #:optional (separator #\:))
  "Return the non-empty parts of PATH between SEPARATOR, a character; or the
list of PATH alone if SEPARATOR is #f."
  (if separator
      (remove string-null? (string-split path separator))
      (list path)))

(define* (set-path-environment-variable env-var files input-dirs
                                        #:key (separator ":")
                                        (type 'directory) pattern)
  "Set ENV-VAR to what 'search-path-as-list' finds for FILES, INPUT-DIRS, TYPE
and PATTERN, joined by SEPARATOR; unset it if nothing is found."
  (let ((value (list->search-path-as-string
                (search-path-as-list files input-dirs
                                     #:type type #:pattern pattern)
                separator)))
    (cond ((string-null? value)
           ;; Many programs take an empty value for the current directory.
           (unsetenv env-var)
           (say #t "environment variable `~a' unset~%" env-var))
          (else
           (setenv env-var value)
           (say #t "environment variable `~a' set to `~a'~%"
                env-var value)))))

(define (which program)
  "Return the complete file name of PROGRAM as found in $PATH, or #f."
  (search-path (search-path-as-string->list (getenv "PATH")) program))

(define-condition-type &search-error &error
  search-error?
  (path search-error-path)
  (file search-error-file))

(define (search-inputs inputs file lookup)
  ;; Return what LOOKUP finds for FILE in the directories of the alist INPUTS.
  (let ((directories (map cdr inputs)))
    (or (lookup directories file)
        (raise (condition (&search-error (path directories)
                                         (file file)))))))

(define (search-input-file inputs file)
  "Return the absolute name of FILE, a name like \"bin/sh\" or \"/bin/sh\",
below the first of INPUTS, an alist of labels and directories, that has it.
Raise a search error if none has."
  (search-inputs inputs (string-trim file #\/) search-path))

(define (search-input-directory inputs directory)
  "Return the absolute name of DIRECTORY below the first of INPUTS, an alist of
labels and directories, that has it.  Raise a search error if none has."
  (search-inputs inputs directory
                 (lambda (parents directory)
                   (find directory-exists?
                         (map (lambda (parent)
                                (string-append parent "/" directory))
                              parents)))))


;;;
;;; Phases: lists of name/procedure pairs, and how to edit them.
;;;

(define (every* pred lst)
  "Like 'every', but call PRED on all elements of LST whatever it returns."
  (fold (lambda (element result)
          (let ((this (pred element)))
            (and this result)))
        #t lst))

(define (edit-at-key who reference key=? alist edit)
  ;; Replace the first pair of ALIST whose key is REFERENCE by the list that
  ;; EDIT returns for it.
  (let loop ((before '()) (rest alist))
    (match rest
      (() (error (string-append who ": no entry with this key:") reference))
      ((pair . after)
       (if (key=? (car pair) reference)
           (append-reverse before (append (edit pair) after))
           (loop (cons pair before) after))))))

(define* (alist-cons-before reference key value alist
                            #:optional (key=? equal?))
  "Insert the pair KEY/VALUE in ALIST before the first pair whose key is
REFERENCE according to KEY=?.  It is an error if there is none."
  (edit-at-key "alist-cons-before" reference key=? alist
               (lambda (pair) (list (cons key value) pair))))

(define* (alist-cons-after reference key value alist
                           #:optional (key=? equal?))
  "Insert the pair KEY/VALUE in ALIST after the first pair whose key is
REFERENCE according to KEY=?.  It is an error if there is none."
  (edit-at-key "alist-cons-after" reference key=? alist
               (lambda (pair) (list pair (cons key value)))))

(define* (alist-replace key value alist #:optional (key=? equal?))
  "Replace the first pair of ALIST whose key is KEY according to KEY=? by the
pair KEY/VALUE.  It is an error if there is none."
  (edit-at-key "alist-replace" key key=? alist
               (lambda (pair) (list (cons key value)))))

(define-syntax modify-phases
  (syntax-rules ()
    "Return PHASES with each MOD-SPEC applied, in order.  A MOD-SPEC is one of

  (delete NAME)
  (replace NAME PROCEDURE)
  (add-before NAME NEW-NAME PROCEDURE)
  (add-after NAME NEW-NAME PROCEDURE)

where the names are expressions that yield symbols."
    ((_ phases)
     phases)
    ((_ phases mod-spec rest ...)
     (modify-phases (%modify-phases phases mod-spec) rest ...))))

(define-syntax %modify-phases
  (syntax-rules (delete replace add-before add-after)
    ((_ phases (delete name))
     (alist-delete name phases))
    ((_ phases (replace name procedure))
     (alist-replace name procedure phases))
    ((_ phases (add-before name new-name procedure))
     (alist-cons-before name new-name procedure phases))
    ((_ phases (add-after name new-name procedure))
     (alist-cons-after name new-name procedure phases))))


;;;
;;; Running programs.
;;;

(define-condition-type &invoke-error &error
  invoke-error?
  (program     invoke-error-program)
  (arguments   invoke-error-arguments)
  (exit-status invoke-error-exit-status)
  (term-signal invoke-error-term-signal)
  (stop-signal invoke-error-stop-signal))

(define (invoke program . args)
  "Run PROGRAM with ARGS.  Return #t if it succeeds, else raise an invoke
error."
  (let ((status (apply system* program args)))
    (or (zero? status)
        (raise (condition
                (&invoke-error
                 (program program)
                 (arguments args)
                 (exit-status (status:exit-val status))
                 (term-signal (status:term-sig status))
                 (stop-signal (status:stop-sig status))))))))

(define* (report-invoke-error c #:optional (port (current-error-port)))
  "Tell on PORT, in words, what the invoke error C is about."
  (let ((status (invoke-error-exit-status c)))
    (display "command" port)
    (for-each (lambda (word) (say port " ~s" word))
              (cons (invoke-error-program c) (invoke-error-arguments c)))
    (say port " failed with ~a ~a~%"
         (if status "status" "signal")
         (or status
             (invoke-error-term-signal c)
             (invoke-error-stop-signal c)))))

(define (open-output-pipe-of program args)
  ;; Return a port that reads what PROGRAM, run with ARGS, prints to standard
  ;; output and standard error, and its process ID.
  (define ends (pipe))

  (define (become-program)
    (close-port (car ends))
    (for-each (lambda (descriptor)
                (dup2 (fileno (cdr ends)) descriptor))
              '(1 2))
    (apply execlp program (cons program args)))

  (let ((pid (primitive-fork)))
    (when (zero? pid)
      ;; Whatever goes wrong, the child must not go on as a second builder.
      (catch #t become-program (const #f))
      (primitive-exit 127))
    (close-port (cdr ends))
    (values (car ends) pid)))

(define (invoke/quiet program . args)
  "Run PROGRAM with ARGS and keep quiet about it if it succeeds; otherwise
raise a message condition with its status and what it printed."
  (define (failure status lines)
    (string-append "'" (string-join (cons program args)) "' exited with status "
                   (number->string (or (status:exit-val status) status))
                   "; output follows:\n\n"
                   (string-concatenate
                    (map (lambda (line) (string-append "  " line "\n"))
                         lines))))

  (call-with-values
      (lambda () (open-output-pipe-of program args))
    (lambda (port pid)
      (let loop ((lines '()))
        (let ((line (read-line port)))
          (if (eof-object? line)
              (let ((status (begin
                              (close-port port)
                              (cdr (waitpid pid)))))
                (unless (zero? status)
                  (raise (condition
                          (&message
                           (message (failure status (reverse lines))))))))
              (loop (cons line lines))))))))


;;;
;;; Rewriting text.
;;;

(define (with-atomic-file-replacement file proc)
  "Call PROC with a port that reads FILE and a port that writes what shall take
its place.  If PROC returns, replace FILE atomically and return what PROC
returned."
  (let* ((new (string-append file ".XXXXXX"))
         (out (mkstemp! new)))
    (cleanup-on-error
     (lambda ()
       (let ((result (call-with-input-file file
                       (lambda (in) (proc in out)))))
         (close-port out)
         (chmod new (stat:mode (stat file)))
         (rename-file new file)
         result))
     (lambda _
       (false-if-exception (delete-file new))))))

(define (stand-in-for-nul line)
  ;; Return a character that LINE does not have and that may stand for NUL,
  ;; which the C library's regexp matcher takes for the end; #f if LINE needs
  ;; none.  The private use areas of Unicode are large enough.
  (and (string-index line #\nul)
       (let loop ((code #xe000))
         (cond ((> code #x10fffd) #f)
               ((= code #xf900) (loop #xf0000))
               ((string-index line (integer->char code))
                (loop (+ code 1)))
               (else (integer->char code))))))

(define (swap-char old new str)
  (string-map (lambda (c) (if (char=? c old) new c)) str))

(define (substitute file pattern+procs)
  "Rewrite FILE line by line.  PATTERN+PROCS is a list of pairs of a regexp (a
string or a compiled regexp) and a procedure; for each that matches the line,
in turn, (PROC LINE MATCHES) must return the new line.  Lines include their
newline character, in front of which '$' does not match."
  (define rules
    (map (match-lambda
           ((pattern . proc)
            (cons (if (regexp? pattern)
                      pattern
                      (make-regexp pattern regexp/extended))
                  proc)))
         pattern+procs))

  (define (rewrite line)
    (fold (lambda (rule line)
            (match (list-matches (car rule) line)
              (() line)
              (matches ((cdr rule) line matches))))
          line rules))

  (define (rewrite/nul line)
    (match (stand-in-for-nul line)
      (#f (rewrite line))
      (char (swap-char char #\nul
                       (rewrite (swap-char #\nul char line))))))

  (with-atomic-file-replacement file
    (lambda (in out)
      (let loop ()
        (let ((line (read-line in 'concat)))
          (or (eof-object? line)
              (begin
                (display (rewrite/nul line) out)
                (loop))))))))

(define (replace-matches line matches replacement)
  ;; Return LINE with each of MATCHES replaced by what REPLACEMENT returns.
  (let loop ((matches matches) (start 0) (parts '()))
    (match matches
      (()
       (string-concatenate-reverse (cons (substring line start) parts)))
      ((m . rest)
       (let ((new (replacement m)))
         (loop rest (match:end m)
               (cons* new
                      (substring line start (match:start m))
                      parts)))))))

(define (substitute-in-files file-or-files rules)
  (match file-or-files
    ((files ...)
     (for-each (lambda (file) (substitute file (rules))) files))
    ((? string? file)
     (substitute file (rules)))))

(define-syntax let-matches
  ;; Bind the variables to the groups of MATCH from number INDEX on; `_' skips
  ;; one.
  (syntax-rules (_)
    ((let-matches index match () body ...)
     (begin body ...))
    ((let-matches index match (_ rest ...) body ...)
     (let-matches (+ index 1) match (rest ...) body ...))
    ((let-matches index match (var rest ...) body ...)
     (let ((var (match:substring match index)))
       (let-matches (+ index 1) match (rest ...) body ...)))))

(define-syntax substitute*
  (syntax-rules ()
    "Replace what matches REGEXP in FILE, a file name or a list of them, by the
string that BODY yields.  In BODY the variables MATCH-VAR stand for the whole
match and for the groups of REGEXP; `_' skips one.  For example:

  (substitute* \"config.mk\"
    ((\"/bin/sh\") \"/bin/bash\")
    ((\"^(CC|CXX) = (.*)$\" _ name value)
     (string-append name \" = ccache \" value)))

Lines include their newline character, in front of which '$' does not match."
    ((_ file ((regexp match-var ...) body ...) ...)
     (substitute-in-files
      file
      ;; A thunk: the regexps are expressions, evaluated for each file.
      (lambda ()
        (list (cons regexp
                    (lambda (line matches)
                      (replace-matches
                       line matches
                       (lambda (m)
                         (let-matches 0 m (match-var ...) body ...)))))
              ...))))))

(define* (dump-port in out #:optional len
                    #:key (buffer-size 16384)
                    (progress (lambda (total continue) (continue))))
  "Copy LEN bytes from port IN to port OUT, or all there is if LEN is #f, in
pieces of BUFFER-SIZE bytes.  At the start and after each piece call PROGRESS
with the number of bytes copied and a thunk that continues."
  (define buffer (make-bytevector buffer-size))

  (let loop ((total 0))
    (progress total
              (lambda ()
                (let* ((wanted (if len
                                   (min buffer-size (- len total))
                                   buffer-size))
                       (count  (if (zero? wanted)
                                   0
                                   (get-bytevector-n! in buffer 0 wanted))))
                  (or (eof-object? count)
                      (and len (= total len))
                      (begin
                        (put-bytevector out buffer 0 count)
                        (loop (+ total count)))))))))


;;;
;;; Shebangs and other absolute names in sources.
;;;

(define (prepend-to-file file header in keep-mtime? who on-error)
  ;; Replace FILE by HEADER and what is left to read from IN, keeping its mode.
  (let* ((st  (stat file))
         (new (string-append file ".XXXXXX"))
         (out (mkstemp! new)))
    (cleanup-on-error
     (lambda ()
       (display header out)
       (dump-port in out)
       (close-port out)
       (chmod new (stat:mode st))
       (rename-file new file)
       (when keep-mtime?
         (set-file-time file st))
       #t)
     (lambda (key . args)
       (warn-user "~a: ~a: error: ~a ~s~%" who file key args)
       (false-if-exception (delete-file new))
       (on-error key)))))

(define patch-shebang
  (let ((shebang-rx (make-regexp "^[[:blank:]]*(/[[:graph:]]+)[[:blank:]]*\
([[:graph:]]*)(.*)$" regexp/extended)))
    (lambda* (file
              #:optional
              (path (search-path-as-string->list (getenv "PATH")))
              #:key (keep-mtime? #t))
      "If FILE starts with a shebang, replace the interpreter in it by the
program of that name found in PATH, and return #t if FILE was changed, #f
otherwise.  When KEEP-MTIME? is true, keep FILE's access and modification
times."
      (define (retarget port old new rest)
        (warn-user "patch-shebang: ~a: changing `~a' to `~a'~%" file old new)
        (prepend-to-file file (string-append "#!" new rest "\n") port
                         keep-mtime? "patch-shebang" (const #f)))

      (define (patch port m)
        (let* ((interpreter (match:substring m 1))
               (argument    (match:substring m 2))
               (rest        (match:substring m 3))
               (env?        (string-suffix? "/env" interpreter))
               (command     (if env? argument (basename interpreter)))
               (program     (search-path path command)))
          (cond ((not program)
                 (warn-user "patch-shebang: ~a: warning: no binary for \
interpreter `~a' found in $PATH~%"
                            file (basename command))
                 #f)
                ((string=? program interpreter)
                 #f)
                (env?
                 (retarget port (string-append interpreter " " argument)
                           program rest))
                (else
                 (retarget port interpreter program
                           (if (string-null? argument)
                               ""
                               (string-append " " argument rest)))))))

      (call-with-ascii-input-file file
        (lambda (port)
          (and (equal? #vu8(#x23 #x21) (get-bytevector-n port 2))
               (let* ((line (false-if-exception (read-line port)))
                      (m    (and (string? line)
                                 (regexp-exec shebang-rx line))))
                 (and m (patch port m)))))))))

(define-syntax-rule (preserving-file-time keep? file body ...)
  (let ((st (stat file)))
    body ...
    (when keep?
      (set-file-time file st))))

(define* (patch-makefile-SHELL file #:key (keep-mtime? #t))
  "Replace the value of the 'SHELL' variable in FILE, a makefile, by the shell
of that name in $PATH.  When KEEP-MTIME? is true, keep FILE's access and
modification times."
  (define (replacement old name)
    (let ((new (which name)))
      (cond ((not new)
             (warn-user "patch-makefile-SHELL: warning: no binary for shell \
`~a' found in $PATH~%" name)
             old)
            (else
             (unless (string=? new old)
               (warn-user "patch-makefile-SHELL: ~a: changing `SHELL' from \
`~a' to `~a'~%" file old new))
             new))))

  (preserving-file-time keep-mtime? file
    ;; An 8-bit encoding decodes anything.
    (with-fluids ((%default-port-encoding #f))
      (substitute* file
        (("^ *SHELL[[:blank:]]*:?=[[:blank:]]*([[:graph:]]*/)([[:graph:]]+)\
(.*)$" _ dir shell args)
         (string-append "SHELL = "
                        (replacement (string-append dir shell) shell)
                        args))))))

(define* (patch-/usr/bin/file file
                              #:key (file-command (which "file"))
                              (keep-mtime? #t))
  "Replace \"/usr/bin/file\" in FILE by FILE-COMMAND.  When KEEP-MTIME? is true,
keep FILE's access and modification times."
  (if file-command
      (preserving-file-time keep-mtime? file
        (with-fluids ((%default-port-encoding #f))
          (substitute* file
            (("/usr/bin/file" all)
             (warn-user "patch-/usr/bin/file: ~a: changing `~a' to `~a'~%"
                        file all file-command)
             file-command))))
      (warn-user "patch-/usr/bin/file: warning: no replacement 'file' command, \
doing nothing~%")))


;;;
;;; Store references.
;;;

(define* (fold-port-matches proc init pattern port
                            #:optional (unmatched (lambda (char result)
                                                    result)))
  "Read PORT byte by byte, each taken for a character.  For each match of
PATTERN, a string or a list of character sets, call (PROC MATCH RESULT), and
for each character outside of matches (UNMATCHED CHAR RESULT).  RESULT is INIT
at first, then what the last call returned; return the last."
  (define sets
    (if (string? pattern)
        (map char-set (string->list pattern))
        pattern))

  (define (next-char)
    (let ((byte (get-u8 port)))
      (if (eof-object? byte) byte (integer->char byte))))

  ;; PENDING is what to look at before PORT; MATCHED, latest first, is what
  ;; matched the sets in front of EXPECTED.
  (let loop ((pending '()) (expected sets) (matched '()) (result init))
    (if (null? expected)
        (loop pending sets '() (proc (reverse-list->string matched) result))
        (let ((char (if (null? pending) (next-char) (car pending)))
              (rest (if (null? pending) '() (cdr pending))))
          (cond ((eof-object? char)
                 (fold-right unmatched result matched))
                ((char-set-contains? (car expected) char)
                 (loop rest (cdr expected) (cons char matched) result))
                ((null? matched)
                 (loop rest sets '() (unmatched char result)))
                (else
                 ;; Not a match from here: start over one character later.
                 (let ((seen (reverse matched)))
                   (loop (append (cdr seen) (cons char rest)) sets '()
                         (unmatched (car seen) result)))))))))

(define* (remove-store-references file #:optional (store (%store-directory)))
  "Replace the hash part of names in STORE that occur in FILE by a run of 'e';
return #t if there was one, #f otherwise."
  (define prefix (string->utf8 (string-append store "/")))
  (define prefix-length (bytevector-length prefix))
  (define match-length (+ prefix-length %store-hash-string-length 1))

  (define (prefix-at? bytes start)
    (let loop ((i 0))
      (or (= i prefix-length)
          (and (= (bytevector-u8-ref bytes (+ start i))
                  (bytevector-u8-ref prefix i))
               (loop (+ i 1))))))

  (define (base32? byte)
    (let ((char (integer->char byte)))
      (or (char<=? #\0 char #\9)
          (and (char<=? #\a char #\z)
               (not (memv char '(#\e #\o #\t #\u)))))))

  (define (hash-at? bytes start)
    (let ((end (+ start %store-hash-string-length)))
      (let loop ((i start))
        (if (= i end)
            (= (bytevector-u8-ref bytes i) (char->integer #\-))
            (and (base32? (bytevector-u8-ref bytes i))
                 (loop (+ i 1)))))))

  (define (erase-references! bytes)
    (define last (- (bytevector-length bytes) match-length))
    (let loop ((i 0) (found? #f))
      (cond ((> i last) found?)
            ((and (prefix-at? bytes i) (hash-at? bytes (+ i prefix-length)))
             (let ((hash (+ i prefix-length)))
               (do ((j 0 (+ j 1)))
                   ((= j %store-hash-string-length))
                 (bytevector-u8-set! bytes (+ hash j) (char->integer #\e))))
             (loop (+ i match-length) #t))
            (else
             (loop (+ i 1) found?)))))

  (with-fluids ((%default-port-encoding #f))
    (with-atomic-file-replacement file
      (lambda (in out)
        (say #t "removing store references from `~a'...~%" file)
        (let ((bytes (get-bytevector-all in)))
          (and (bytevector? bytes)
               (let ((found? (erase-references! bytes)))
                 (put-bytevector out bytes)
                 found?)))))))


;;;
;;; Wrappers.
;;;

(define-condition-type &wrap-error &error
  wrap-error?
  (program wrap-error-program)
  (type    wrap-error-type))

(define (wrapped-program? prog)
  "Return #t if PROG exists and is named like a program that 'wrap-program'
moved out of the way."
  (and (file-exists? prog)
       (string-prefix? "." (basename prog))
       (string-suffix? "-real" (basename prog))))

(define (wrapper-variable spec)
  ;; Return the four parts of SPEC: variable, separator or #f if it does not
  ;; name one, position, and value.
  (match spec
    ((var separator (and position (or '= 'prefix 'suffix)) items)
     (list var separator position (string-join items separator)))
    ((var (and position (or '= 'prefix 'suffix)) items)
     (list var #f position (string-join items ":")))))

(define (export-statement spec)
  ;; Return the line of shell code for SPEC.
  (match (wrapper-variable spec)
    ((var separator position value)
     (define current (string-append "$" var))
     ;; "${VAR:+:}" is a separator only if there is something to separate.
     ;; For a suffix with a separator of its own the test is "+", not ":+".
     (define (glue test)
       (string-append "${" var test (or separator ":") "}"))
     (string-append
      "export " var "=\""
      (match position
        ('=      value)
        ('prefix (string-append value (glue ":+") current))
        ('suffix (string-append current (glue (if separator "+" ":+"))
                                value)))
      "\""))))

(define (drop-keyword keyword args)
  (match args
    (((? (lambda (first) (eq? first keyword))) _ . rest) rest)
    (_ args)))

(define (insert-before-last-line file lines)
  ;; Insert LINES, a list of strings, before the last line of FILE.
  (define bytes
    (call-with-input-file file get-bytevector-all #:binary #t))
  (define start
    (let loop ((i (- (bytevector-length bytes) 2)))
      (cond ((< i 0) 0)
            ((= (bytevector-u8-ref bytes i) (char->integer #\newline))
             (+ i 1))
            (else (loop (- i 1))))))

  (let ((port (open-file file "r+")))
    (seek port start SEEK_SET)
    (for-each (lambda (line)
                (display line port)
                (newline port))
              lines)
    (put-bytevector port bytes start (- (bytevector-length bytes) start))
    (close-port port)))

(define* (wrap-program prog #:key (sh (which "bash")) #:rest vars)
  "Move PROG to '.PROG-real' and put a script for the shell SH in its place,
which sets environment variables and runs the former.  Each of VARS is a list

  (VARIABLE DELIMITER POSITION LIST-OF-DIRECTORIES)

where DELIMITER may be left out and is \":\" then, and POSITION is '=', 'prefix'
or 'suffix'.  If PROG is such a script already, extend it."
  (define directory (dirname prog))
  (define real-file
    (string-append directory "/." (basename prog) "-real"))
  (define exports
    (map export-statement (drop-keyword #:sh vars)))

  (when (wrapped-program? prog)
    (error (string-append prog " is a wrapper. Refusing to wrap.")))

  (if (file-exists? real-file)
      (insert-before-last-line prog exports)
      (let ((script (string-append real-file "-tmp")))
        (link prog real-file)
        (call-with-output-file script
          (lambda (port)
            (say port "#!~a~%~a~%exec -a \"${0##*/}\" \"~a\" \"$@\"~%"
                 sh (string-join exports "\n")
                 (canonicalize-path real-file))))
        (chmod script #o755)
        (rename-file script prog))))

(define (setenv-expression spec)
  ;; Return the Scheme expression that sets the variable of SPEC.
  (match (wrapper-variable spec)
    ((var separator '= value)
     `(setenv ,var ,value))
    ((var separator position value)
     (let ((separator (or separator ":")))
       `(let ((current (getenv ,var)))
          (setenv ,var
                  (if current
                      ,(if (eq? position 'prefix)
                           `(string-append ,value ,separator current)
                           `(string-append current ,separator ,value))
                      ,value)))))))

(define wrap-script
  (let ((interpreter-rx
         (make-regexp "^#! ?(/[^ ]+/bin/(python[^ ]*|Rscript|perl|ruby|bash|sh)\
)( ?.*)"))
        (coding-rx
         (make-regexp ".*#.*coding[=:][[:space:]]*([-a-zA-Z_0-9.]+)")))
    (lambda* (prog #:key (guile (which "guile")) #:rest vars)
      "Make the script PROG set VARS, given as for 'wrap-program', before it
runs: put a script for GUILE in front of it, which its own interpreter takes
for comments.  Comments that state an encoding stay on the second line.  Only
for scripts in a language where '#' starts a comment, and once per script."
      (define (failure type)
        (raise (condition (&wrap-error (program prog) (type type)))))

      (define (match-next-line rx port)
        (false-if-exception (regexp-exec rx (read-line port))))

      (define (header interpreter arguments coding)
        (define (line prefix datum)
          (string-append prefix (object->string datum) "\n"))
        (string-append
         "#!" guile " --no-auto-compile\n"
         "#!#; " (or coding "Guix wrapper") "\n"
         (line "#\\-"
               `(begin
                  ,@(map setenv-expression (drop-keyword #:guile vars))))
         (line "#\\-"
               `(let ((cl (command-line)))
                  (apply execl ,interpreter
                         (car cl)
                         (append ',(string-tokenize arguments
                                                    char-set:graphic)
                                 cl))))))

      (define (header-for-script)
        (call-with-ascii-input-file prog
          (lambda (port)
            (let* ((first  (match-next-line interpreter-rx port))
                   (second (match-next-line coding-rx port)))
              (and first
                   (header (match:substring first 1)
                           (match:substring first 3)
                           (and second (match:substring second 0))))))))

      (let ((header (or (header-for-script)
                        (failure 'no-interpreter-found))))
        (call-with-ascii-input-file prog
          (lambda (port)
            (prepend-to-file prog header port #t "wrap-script" failure)))))))


;;;
;;; Desktop entries.
;;;

(define (desktop-entry-value value)
  ;; Return VALUE as it is written in a desktop entry.
  (define (escape str)
    (string-join (string-split str #\;) "\\;"))

  (match value
    (#t "true")
    (#f "false")
    ((? number? n) (number->string n))
    ((? string? str) (escape str))
    (((? string? items) ...) (string-join (map escape items) ";"))
    ((_ ...) (error "List arguments can only contain strings:" value))
    (_ (error "Value must be a boolean, number, string or list of strings"
              value))))

(define (desktop-entry-key keyword)
  ;; Return the key that KEYWORD stands for: #:generic-name is "GenericName".
  (string-concatenate
   (map string-titlecase
        (string-split (symbol->string (keyword->symbol keyword)) #\-))))

(define* (make-desktop-entry-file destination #:key
                                  (type "Application") (version "1.1") name
                                  (generic-name name) (no-display #f)
                                  comment icon (hidden #f) only-show-in
                                  not-show-in (d-bus-activatable #f) try-exec
                                  exec path (terminal #f) actions mime-type
                                  (categories "Application") implements
                                  keywords (startup-notify #t)
                                  startup-w-m-class
                                  #:rest all-args)
  "Write a desktop entry, as freedesktop.org specifies them, to the file
DESTINATION; NAME is mandatory.  Only the arguments that are given are written,
and TYPE, in order.  Values are booleans, numbers, strings, lists of strings,
or alists from locale (#f for the default) to one of those."
  (define (write-entry key value)
    (simple-format #t "~a=~a~%" key (desktop-entry-value value)))

  (define (write-argument keyword value)
    (let ((key (desktop-entry-key keyword)))
      (match value
        (((_ . _) . _)
         (for-each (match-lambda
                     ((locale . value)
                      (write-entry (if locale
                                       (string-append key "[" locale "]")
                                       key)
                                   (match value
                                     ((only) only)
                                     (_ value)))))
                   value))
        (_ (write-entry key value)))))

  (unless name
    (error "Missing NAME key argument"))
  (mkdir-p (dirname destination))
  (with-output-to-file destination
    (lambda ()
      (display "[Desktop Entry]\n")
      (let loop ((args (if (memq #:type all-args)
                           all-args
                           (cons* #:type type all-args))))
        (match args
          (() #t)
          (((? keyword? keyword) value . rest)
           (write-argument keyword value)
           (loop rest))
          (_ (error "This procedure only takes key arguments beside \
DESTINATION")))))))


;;;
;;; Locales.
;;;

(define (locale-category->string category)
  "Return the name of the locale category CATEGORY, one of the LC_ constants,
or its number if it is none of them."
  (define (is-category? name)
    ;; Not every system has all of them.
    (let ((variable (module-variable the-root-module name)))
      (and variable (= category (variable-ref variable)))))

  (match (find is-category?
               '(LC_ADDRESS LC_ALL LC_COLLATE LC_CTYPE LC_IDENTIFICATION
                 LC_MEASUREMENT LC_MESSAGES LC_MONETARY LC_NAME LC_NUMERIC
                 LC_PAPER LC_TELEPHONE LC_TIME))
    (#f (number->string category))
    (name (symbol->string name))))
