;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Origins: where sources come from, and what is done to them before they are
;;; built.  All of this is exported by (guix packages).

(define-module (guix packages origin)
  #:use-module (guix utils)
  #:use-module (guix records)
  #:use-module (guix store)
  #:use-module (guix monads)
  #:use-module (guix gexp)
  #:use-module (guix base32)
  #:use-module (guix base64)
  #:use-module (guix derivations)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:use-module (srfi srfi-9 gnu)
  #:use-module (srfi srfi-26)
  #:use-module (rnrs bytevectors)
  #:use-module (ice-9 match)
  #:export (<origin> origin origin? this-origin origin-uri origin-method
            origin-hash origin-sha256 origin-file-name origin-actual-file-name
            origin-patches origin-patch-flags origin-patch-inputs
            origin-patch-guile origin-snippet origin-modules
            base32 base64
            content-hash content-hash? content-hash-algorithm
            content-hash-value
            %universe-module default-guile guile-for-grafts
            default-guile-derivation
            origin->derivation patch-and-repack))

(define-syntax-rule (define-decoder name decode)
  ;; Literals are decoded at expansion time.
  (define-syntax name
    (lambda (s)
      (syntax-case s ()
        ((_ text)
         (string? (syntax->datum #'text))
         (with-syntax ((bytes (datum->syntax
                               s (decode (syntax->datum #'text)))))
           #''bytes))
        ((_ text)
         #'(decode text))))))

(define-decoder base32 nix-base32-string->bytevector)
(define-decoder base64 base64-decode)


;;;
;;; Hashes of contents.
;;;

(define-record-type <content-hash>
  (make-content-hash algorithm value)
  content-hash?
  (algorithm content-hash-algorithm)              ;symbol
  (value     content-hash-value))                 ;bytevector

(set-record-type-printer! <content-hash>
  (lambda (hash port)
    (simple-format port "#<content-hash ~a:~a>"
                   (content-hash-algorithm hash)
                   (and=> (content-hash-value hash)
                          bytevector->nix-base32-string))))

(eval-when (expand load eval)
  (define %hash-sizes
    '((sha256 . 32) (sha512 . 64) (sha3-256 . 32) (sha3-512 . 64)
      (blake2s-256 . 32))))

(define (checked-hash algorithm value)
  (unless (or (not value)
              (and (bytevector? value)
                   (= (bytevector-length value)
                      (assq-ref %hash-sizes algorithm))))
    (error "invalid content hash length" algorithm value))
  (make-content-hash algorithm value))

(define-syntax content-hash
  (lambda (s)
    "The hash VALUE, a bytevector or a base-32 literal, of ALGORITHM."
    (syntax-case s ()
      ((_ value)
       #'(content-hash value sha256))
      ((_ text algorithm)
       (string? (syntax->datum #'text))
       #'(content-hash (base32 text) algorithm))
      ((_ value algorithm)
       (assq (syntax->datum #'algorithm) %hash-sizes)
       #'(checked-hash 'algorithm value))
      ((_ value algorithm)
       (syntax-violation 'content-hash "unknown hash algorithm" s
                         #'algorithm)))))


;;;
;;; Origins.
;;;

(define %default-patch-flags
  #~("-p1"))

(define-record-type* <origin> %origin make-origin
  origin?
  this-origin
  (uri          origin-uri)                       ;what METHOD takes
  (method       origin-method)                    ;procedure
  (hash         origin-hash)                      ;<content-hash>
  (file-name    origin-file-name (default #f))
  (patches      origin-patches (default '()) (delayed))
  (snippet      origin-snippet (default #f))      ;sexp or gexp
  (patch-flags  origin-patch-flags (default %default-patch-flags))
  (patch-inputs origin-patch-inputs (default #f))
  (modules      origin-modules (default '()))     ;for the snippet
  (patch-guile  origin-patch-guile (default #f)))

(define-syntax origin
  (lambda (s)
    "An <origin>; the field `sha256' is short for a `hash' of that kind."
    (syntax-case s ()
      ((_ field ...)
       (with-syntax (((field ...)
                      (map (lambda (field)
                             (syntax-case field ()
                               ((name value)
                                (eq? 'sha256 (syntax->datum #'name))
                                (with-syntax ((hash (datum->syntax #'name 'hash)))
                                  #'(hash (content-hash value sha256))))
                               (_ field)))
                           #'(field ...))))
         #'(%origin field ...))))))

(define (origin-sha256 origin)
  "The SHA-256 of ORIGIN."
  (let ((hash (origin-hash origin)))
    (and (eq? 'sha256 (content-hash-algorithm hash))
         (content-hash-value hash))))

(set-record-type-printer! <origin>
  (lambda (origin port)
    (simple-format port "#<origin ~s ~a>"
                   (origin-uri origin) (origin-hash origin))))

(define (origin-actual-file-name origin)
  "The file name of ORIGIN: what it says, or what its URI ends with."
  (define (uri-base-name uri)
    (let ((end (string-index uri (cut memv <> '(#\? #\#)))))
      (basename (if end (string-take uri end) uri))))

  (or (origin-file-name origin)
      (match (origin-uri origin)
        ((? string? uri) (uri-base-name uri))
        (((? string? uri) . _) (uri-base-name uri))
        (_ #f))))


;;;
;;; What the default universe gives.
;;;

(define %universe-module
  ;; The module that defines 'default-guile' and 'standard-patch-inputs'.
  (make-parameter '(fruix packages base)))

(define (universe name)
  (module-ref (resolve-interface (%universe-module)) name))

(define (default-guile)
  "What runs builders unless something else is asked for."
  (universe 'default-guile))

(define (guile-for-grafts)
  (default-guile))

(define* (default-guile-derivation #:optional (system (%current-system)))
  "Yield the derivation or store item of what runs builders."
  (lower-object (default-guile) system #:target #f))


;;;
;;; Lowering.
;;;

(define %compressors
  ;; Ends of file names and labels of patch inputs.
  '(("gz" . "gzip") ("Z" . "gzip") ("bz2" . "bzip2") ("lz" . "lzip")
    ("zip" . "unzip") ("xz" . "xz") ("zst" . "zstd")))

(define (compressor-name file)
  ;; The label of the patch input that decompresses FILE, or #f.
  (any (match-lambda
         ((suffix . label) (and (string-suffix? suffix file) label)))
       %compressors))

(define (repacked-file-name file extension)
  ;; What FILE is called once it has been patched.
  (define extension* (file-extension file))

  (define (numeric? text)
    (and text (string-every char-set:hex-digit text)))

  (if (or (string-suffix? "-checkout" file)
          (not (compressor-name file)))
      file
      (let ((base (if (numeric? extension*) file (file-sans-extension file))))
        (string-append base
                       (if (equal? (file-extension base) "tar") "." ".tar.")
                       extension))))

(define* (patch-and-repack source patches
                           #:key inputs (snippet #f)
                           (flags %default-patch-flags) (modules '())
                           (guile-for-build (%guile-for-build))
                           (system (%current-system)))
  "Yield the derivation that unpacks SOURCE, applies PATCHES, evaluates SNIPPET
with MODULES, and packs the result again.  INPUTS are the tools for that."
  (define tools
    (or inputs ((universe 'standard-patch-inputs) system)))

  (define (tool name)
    (match (assoc-ref tools name)
      ((package) package)
      (#f #f)))

  (define (patch-file patch)
    (if (string? patch)
        (local-file (assume-valid-file-name patch) #:recursive? #t)
        patch))

  (let* ((source-file-name (if (derivation? source)
                               (derivation->output-path source)
                               source))
         (original-file-name (strip-store-file-name source-file-name))
         (zstd (tool "zstd")))
    (gexp->derivation (repacked-file-name original-file-name
                                          (if zstd "zst" "xz"))
                      (repacking-gexp source (map patch-file patches)
                                      snippet flags modules
                                      #:tar (tool "tar") #:xz (tool "xz")
                                      #:zstd zstd #:patch (tool "patch")
                                      #:comp (and=> (compressor-name
                                                     source-file-name)
                                                    tool))
                      #:graft? #f
                      #:system system
                      #:guile-for-build guile-for-build
                      #:properties `((type . origin)
                                     (patches . ,(length patches))))))

;; The program of the build is part of every patched source's identity, hence
;; of Guix's: it cannot be put differently.
(define* (repacking-gexp source patches snippet flags modules
                         #:key tar xz zstd patch comp)
  (with-imported-modules '((guix build utils))
    #~(begin
        (use-modules (ice-9 ftw)
                     (ice-9 match)
                     (ice-9 regex)
                     (srfi srfi-1)
                     (srfi srfi-26)
                     (srfi srfi-34)
                     (srfi srfi-35)
                     (guix build utils))

        (define tar-supports-sort?
          (guard (c ((message-condition? c) #f))
            (invoke/quiet (string-append #+tar "/bin/tar")
                          "cf" "/dev/null" "--files-from=/dev/null"
                          "--sort=name")
            #t))

        (define (apply-patch patch)
          (format (current-error-port) "applying '~a'...~%" patch)
          (invoke (string-append #+patch "/bin/patch")
                  "--force" "--no-backup-if-mismatch"
                  #+@flags "--input" patch))

        (define (first-file directory)
          (car (scandir directory
                        (lambda (name)
                          (not (member name '("." "..")))))))

        (define (repack directory output)
          (unless tar-supports-sort?
            (call-with-output-file ".file_list"
              (lambda (port)
                (for-each (lambda (name)
                            (format port "~a~%" name))
                          (find-files directory
                                      #:directories? #t
                                      #:fail-on-error? #t)))))
          (apply invoke #+(file-append tar "/bin/tar")
                 "cvfa" output
                 "--mtime=@1"
                 "--owner=root:0" "--group=root:0"
                 (if tar-supports-sort?
                     `("--sort=name" ,directory)
                     '("--no-recursion"
                       "--files-from=.file_list"))))

        (let ((line (cond-expand (guile-2.0 _IOLBF)
                                 (else 'line))))
          (setvbuf (current-output-port) line)
          (setvbuf (current-error-port) line))

        (fluid-set! %default-port-conversion-strategy 'error)

        (let ((locale "C.UTF-8"))
          (catch 'system-error
            (lambda ()
              (setlocale LC_ALL locale))
            (lambda args
              (format (current-error-port)
                      "failed to install '~a' locale: ~a~%"
                      locale (system-error-errno args)))))

        (setenv "PATH"
                (string-join
                 (map (cut string-append <> "/bin")
                      (delete-duplicates
                       (filter-map identity (list #+zstd #+xz #+comp))))
                 ":"))

        (setenv "ZSTD_NBTHREADS" (number->string (parallel-job-count)))

        (let ((name (strip-store-file-name #+source))
              (command (and=> #+comp (cut string-append <> "/bin/"
                                          (compressor #+source)))))
          (if (file-is-directory? #+source)
              (copy-recursively #+source name)
              (cond
               ((tarball? #+source)
                (invoke (string-append #+tar "/bin/tar") "xvf" #+source))
               ((and=> (compressor #+source) (cut string= "unzip" <>))
                (invoke "unzip" #+source))
               (else
                (copy-file #+source name)
                (when command
                  (invoke command "--decompress" name))))))

        (let* ((file (first-file "."))
               (directory (if (file-is-directory? file)
                              file
                              ".")))
          (format (current-error-port) "source is at '~a'~%" file)

          (with-directory-excursion directory

            (for-each apply-patch '#+patches)

            #+(if snippet
                  #~(let ((module (make-fresh-user-module)))
                      (module-use-interfaces!
                       module
                       (map resolve-interface '#+modules))
                      ((@ (system base compile) compile)
                       '#+(if (pair? snippet)
                              (sexp->gexp snippet)
                              snippet)
                       #:to 'value
                       #:opts %auto-compilation-options
                       #:env module))
                  #~#t))

          (cond
           ((file-is-directory? #+source)
            (copy-recursively directory #$output
                              #:log (%make-void-port "w")))
           ((or #+comp (tarball? #+source))
            (repack directory #$output))
           (else
            (copy-file file #$output)))))))

(define (lower-guile guile system)
  (lower-object (or guile (default-guile)) system #:target #f))

(define* (origin->derivation origin #:optional (system (%current-system)))
  "Yield the derivation of ORIGIN."
  (let* ((hash (origin-hash origin))
         (patches (origin-patches origin))
         (snippet (origin-snippet origin))
         (source ((origin-method origin) (origin-uri origin)
                  (content-hash-algorithm hash) (content-hash-value hash)
                  (origin-file-name origin) #:system system)))
    (if (and (null? patches) (not snippet))
        source
        (mlet %store-monad ((source source)
                            (guile (lower-guile (origin-patch-guile origin)
                                                system)))
          (patch-and-repack source patches
                            #:inputs (origin-patch-inputs origin)
                            #:snippet snippet
                            #:flags (origin-patch-flags origin)
                            #:system system
                            #:modules (origin-modules origin)
                            #:guile-for-build guile)))))

(define-gexp-compiler (origin-compiler (origin <origin>) system target)
  (origin->derivation origin system))
