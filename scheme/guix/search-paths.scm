;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Search paths: environment variables that list directories, what packages
;;; say about them, and how they are set.  Used by the host and in builds of
;;; profiles.  Same public interface as the module of this name in GNU Guix.

(define-module (guix search-paths)
  #:use-module (guix records)
  #:use-module (guix build utils)
  #:use-module (srfi srfi-1)
  #:use-module (ice-9 match)
  #:export (<search-path-specification>
            search-path-specification search-path-specification?
            search-path-specification-variable
            search-path-specification-files
            search-path-specification-separator
            search-path-specification-file-type
            search-path-specification-file-pattern

            $CPLUS_INCLUDE_PATH $C_INCLUDE_PATH $OBJC_INCLUDE_PATH
            $OBJCPLUS_INCLUDE_PATH $LIBRARY_PATH $GUIX_EXTENSIONS_PATH $PATH
            $PKG_CONFIG_PATH $SSL_CERT_DIR $SSL_CERT_FILE $TZDIR
            $SGML_CATALOG_FILES $XDG_DATA_DIRS $XML_CATALOG_FILES
            %gcc-search-paths %libxslt-search-paths

            search-path-specification->sexp sexp->search-path-specification
            string-tokenize* evaluate-search-paths
            environment-variable-definition search-path-definition
            set-search-paths))


;;;
;;; Specifications.
;;;

(define-record-type* <search-path-specification>
  search-path-specification make-search-path-specification
  search-path-specification?
  (variable     search-path-specification-variable) ;string
  (files        search-path-specification-files)    ;list of relative names
  (separator    search-path-specification-separator ;string; #f: one entry
                (default ":"))
  (file-type    search-path-specification-file-type ;as from `stat:type'
                (default 'directory))
  (file-pattern search-path-specification-file-pattern ;regexp or #f
                (default #f)))

(define (directories-path name . directories)
  ;; The usual kind: DIRECTORIES, separated by colons.
  (search-path-specification (variable name) (files directories)))

(define (single-entry-path name file type)
  ;; One that has but one entry, the file FILE of that TYPE.
  (search-path-specification (variable name) (files (list file))
                             (separator #f) (file-type type)))

(define (catalog-path name directory between pattern)
  ;; One that lists the files below DIRECTORY that match PATTERN.
  (search-path-specification (variable name) (files (list directory))
                             (separator between) (file-type 'regular)
                             (file-pattern pattern)))

(define $C_INCLUDE_PATH
  (directories-path "C_INCLUDE_PATH" "include"))

(define $CPLUS_INCLUDE_PATH
  ;; GCC's <stdlib.h> has to come before that of libc, which it includes with
  ;; "#include_next".
  (directories-path "CPLUS_INCLUDE_PATH" "include/c++" "include"))

(define $OBJC_INCLUDE_PATH
  (directories-path "OBJC_INCLUDE_PATH" "include"))

(define $OBJCPLUS_INCLUDE_PATH
  (directories-path "OBJCPLUS_INCLUDE_PATH" "include/c++" "include"))

(define $LIBRARY_PATH
  (directories-path "LIBRARY_PATH" "lib" "lib64"))

(define %gcc-search-paths
  ;; One variable per language: they make system headers of what is found
  ;; there, that is without warnings, while "CPATH" would not.
  (list $C_INCLUDE_PATH $CPLUS_INCLUDE_PATH $OBJC_INCLUDE_PATH
        $OBJCPLUS_INCLUDE_PATH $LIBRARY_PATH))

(define $PATH
  (directories-path "PATH" "bin" "sbin"))

(define $GUIX_EXTENSIONS_PATH
  ;; Where Guix looks for more commands.
  (directories-path "GUIX_EXTENSIONS_PATH" "share/guix/extensions"))

(define $PKG_CONFIG_PATH
  (directories-path "PKG_CONFIG_PATH"
                    "lib/pkgconfig" "lib64/pkgconfig" "share/pkgconfig"))

(define $XDG_DATA_DIRS
  (directories-path "XDG_DATA_DIRS" "share"))

(define $SSL_CERT_DIR
  (single-entry-path "SSL_CERT_DIR" "etc/ssl/certs" 'directory))

(define $SSL_CERT_FILE
  (single-entry-path "SSL_CERT_FILE" "etc/ssl/certs/ca-certificates.crt"
                     'regular))

(define $TZDIR
  (single-entry-path "TZDIR" "share/zoneinfo" 'directory))

(define $SGML_CATALOG_FILES
  (catalog-path "SGML_CATALOG_FILES" "sgml" ":"
                "^catalog$|^CATALOG$|^.*\\.cat$"))

(define $XML_CATALOG_FILES
  (catalog-path "XML_CATALOG_FILES" "xml" " " "^catalog\\.xml$"))

(define %libxslt-search-paths
  (list $SGML_CATALOG_FILES $XML_CATALOG_FILES))

(define (search-path-specification->sexp spec)
  "Return SPEC as an s-expression: the arguments of
'set-path-environment-variable', as build systems and manifests have them."
  (list (search-path-specification-variable spec)
        (search-path-specification-files spec)
        (search-path-specification-separator spec)
        (search-path-specification-file-type spec)
        (search-path-specification-file-pattern spec)))

(define (sexp->search-path-specification sexp)
  "Return the specification that SEXP stands for."
  (match sexp
    ((name names between type pattern)
     (search-path-specification (variable name) (files names)
                                (separator between) (file-type type)
                                (file-pattern pattern)))))


;;;
;;; Evaluation.
;;;

(define (string-tokenize* string separator)
  "Return the list of the parts of STRING between occurrences of SEPARATOR, a
string."
  (let loop ((start 0) (parts '()))
    (match (string-contains string separator start)
      (#f
       (reverse (cons (substring string start) parts)))
      (end
       (loop (+ end (string-length separator))
             (cons (substring string start end) parts))))))

(define (specification-files spec directories)
  ;; Return the files that SPEC finds in DIRECTORIES, in silence about those
  ;; that do not exist.
  (with-error-to-port (%make-void-port "w")
    (lambda ()
      (search-path-as-list (search-path-specification-files spec) directories
                           #:type (search-path-specification-file-type spec)
                           #:pattern
                           (search-path-specification-file-pattern spec)))))

(define* (evaluate-search-paths search-paths directories
                                #:optional (getenv (const #f)))
  "Return the list of (SPECIFICATION . VALUE) pairs for SEARCH-PATHS, a list of
specifications, applied to DIRECTORIES.  Leave out those to which what GETENV
returns for the variable has nothing to add."
  (define (evaluate spec)
    (let ((separator (search-path-specification-separator spec))
          (current   (getenv (search-path-specification-variable spec)))
          (files     (specification-files spec directories)))
      (define (pair-unless done? value)
        (and (not done?) (cons spec value)))

      (cond ((null? files)
             #f)
            (separator
             (let ((present (if current
                                (string-tokenize* current separator)
                                '())))
               (pair-unless (every (lambda (file) (member file present))
                                   files)
                            (string-join files separator))))
            (else
             (pair-unless (equal? current (first files)) (first files))))))

  (filter-map evaluate search-paths))

(define* (environment-variable-definition variable value
                                          #:key (kind 'exact)
                                          (separator ":"))
  "Return the shell command that sets VARIABLE to VALUE, or if KIND is 'prefix
or 'suffix rather than 'exact, that puts VALUE and SEPARATOR before or after its
current value.  KIND is ignored if SEPARATOR is #f."
  (define glue
    ;; A separator only if there is something to separate.
    (string-append "${" variable ":+" (or separator "") "}"))
  (define current (string-append "$" variable))

  (string-append "export " variable "=\""
                 (match (if separator kind 'exact)
                   ('exact  value)
                   ('prefix (string-append value glue current))
                   ('suffix (string-append current glue value)))
                 "\""))

(define* (search-path-definition search-path value #:key (kind 'exact))
  "Return the shell command that sets the variable of SEARCH-PATH, a
specification, to VALUE; KIND is as for 'environment-variable-definition'."
  (environment-variable-definition
   (search-path-specification-variable search-path) value
   #:kind kind
   #:separator (search-path-specification-separator search-path)))

(define* (set-search-paths search-paths directories #:key (setenv setenv))
  "Set, with SETENV, the variables of SEARCH-PATHS according to DIRECTORIES."
  (for-each (match-lambda
              ((spec . value)
               (setenv (search-path-specification-variable spec) value)))
            (evaluate-search-paths search-paths directories)))
