;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Sources that are downloaded.  Same public interface as the module of this
;;; name in GNU Guix; which mirrors there are is another matter.

(define-module (guix download)
  #:use-module (guix gexp)
  #:use-module (guix store)
  #:use-module (guix monads)
  #:use-module (guix utils)
  #:use-module (guix derivations)
  #:use-module (guix packages)
  #:use-module (guix packages origin)
  #:use-module (srfi srfi-1)
  #:use-module (ice-9 match)
  #:export (%mirrors %mirror-files %download-methods
            url-fetch url-fetch* url-fetch/executable url-fetch/tarbomb
            url-fetch/zipbomb))

(define %mirrors
  ;; What mirror://NAME/ stands for.  "debian" is left to the downloader, which
  ;; asks the host's package manager.  This table is in the hash of every download
  ;; derivation, so servers are not added here, but to the downloader's own table
  ;; (crates/fruix-fetch/src/mirrors.rs), which it asks before this one.
  '((gnu
     "https://ftpmirror.gnu.org/gnu/"
     "https://ftp.gnu.org/pub/gnu/")
    (gcc
     "https://gcc.gnu.org/pub/gcc/"
     "https://ftpmirror.gnu.org/gnu/gcc/")
    (savannah
     "https://download.savannah.gnu.org/releases/"
     "https://download.savannah.nongnu.org/releases/")
    (sourceforge
     "https://downloads.sourceforge.net/project/")
    (kernel.org
     "https://www.kernel.org/pub/")
    (gnome
     "https://download.gnome.org/")
    (debian)))

(define %mirror-files
  ;; What the downloader is told by files: mirrors by name, mirrors by content,
  ;; and where to look for recipes of archives.
  (make-parameter
   (list (plain-file "mirrors" (object->string %mirrors))
         (plain-file "content-addressed-mirrors" "(list)")
         (plain-file "disarchive-mirrors" "()"))))

(define %download-methods
  (make-parameter #f))

(define (lower-file store file)
  (if (string? file)
      file
      (run-monadic (lower-object file) store)))

(define* (built-in-download file-name url #:key system hash-algo hash executable?)
  (lambda (store)
    (match (map (lambda (file) (lower-file store file)) (%mirror-files))
      ((mirrors content-addressed disarchive)
       (values
        (derivation store file-name "builtin:download" '()
                    #:system system
                    #:hash-algo hash-algo #:hash hash
                    #:recursive? executable?
                    #:sources (list mirrors content-addressed disarchive)
                    #:leaked-env-vars '("http_proxy" "https_proxy"
                                        "LC_ALL" "LC_MESSAGES" "LANG"
                                        "COLUMNS")
                    #:env-vars
                    `(("url" . ,(object->string url))
                      ("mirrors" . ,mirrors)
                      ("content-addressed-mirrors" . ,content-addressed)
                      ("disarchive-mirrors" . ,disarchive)
                      ,@(if executable? '(("executable" . "1")) '())
                      ,@(match (%download-methods)
                          (#f '())
                          (methods `(("download-methods"
                                      . ,(object->string methods))))))
                    #:local-build? #t)
        store)))))

(define (url-base-name url)
  (basename (if (pair? url) (car url) url)))

(define (local-url-file url)
  ;; The file of the host that URL stands for, or #f.
  (and (string? url)
       (cond ((string-prefix? "file://" url) (string-drop url 7))
             ((string-prefix? "/" url) url)
             (else #f))))

(define* (url-fetch* url hash-algo hash
                     #:optional name
                     #:key (system (%current-system)) guile executable?)
  "Yield the derivation that downloads URL, a string or a list of them, as NAME;
HASH, of HASH-ALGO, is what it must have."
  (let ((name (or name (url-base-name url)))
        (file (local-url-file url)))
    (if file
        (interned-file file name)
        (built-in-download name url #:system system #:hash-algo hash-algo
                           #:hash hash #:executable? executable?))))

(define url-fetch url-fetch*)

(define* (url-fetch/executable url hash-algo hash
                               #:optional name
                               #:key (system (%current-system)) guile)
  "Like `url-fetch', for a file that can be executed."
  (url-fetch* url hash-algo hash name #:system system #:executable? #t))

(define (tool name system)
  (match (assoc-ref ((module-ref (resolve-interface (%universe-module))
                                 'standard-patch-inputs)
                     system)
                    name)
    ((package . _) package)))

(define* (url-fetch/tarbomb url hash-algo hash
                            #:optional name
                            #:key (system (%current-system))
                            (guile (default-guile)))
  "Like `url-fetch', for an archive of several files, which are unpacked."
  (define file-name (or name (url-base-name url)))

  (mlet %store-monad ((drv (url-fetch* url hash-algo hash
                                       (string-append "tarbomb-" file-name)
                                       #:system system))
                      (guile (package->derivation guile system #:graft? #f)))
    (gexp->derivation file-name
                      (with-imported-modules '((guix build utils))
                        #~(begin
                            (use-modules (guix build utils))
                            (mkdir #$output)
                            (setenv "PATH"
                                    (string-append #+(tool "gzip" system)
                                                   "/bin"))
                            (chdir #$output)
                            (invoke (string-append #+(tool "tar" system)
                                                   "/bin/tar")
                                    "xf" #$drv)))
                      #:system system
                      #:guile-for-build guile
                      #:graft? #f
                      #:local-build? #t)))

(define* (url-fetch/zipbomb url hash-algo hash
                            #:optional name
                            #:key (system (%current-system))
                            (guile (default-guile)))
  "Like `url-fetch', for a zip file of several files, which are unpacked."
  (define file-name (or name (url-base-name url)))

  (mlet %store-monad ((drv (url-fetch* url hash-algo hash
                                       (string-append "zipbomb-" file-name)
                                       #:system system))
                      (guile (package->derivation guile system #:graft? #f)))
    (gexp->derivation file-name
                      (with-imported-modules '((guix build utils))
                        #~(begin
                            (use-modules (guix build utils))
                            (mkdir #$output)
                            (chdir #$output)
                            (invoke (string-append #+(tool "unzip" system)
                                                   "/bin/unzip")
                                    #$drv)))
                      #:system system
                      #:guile-for-build guile
                      #:graft? #f
                      #:local-build? #t)))
