;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Search paths: those of build phases and those of profiles.

(load "harness.scm")
(use-modules (guix build utils)
             (guix search-paths))

(for-each mkdir-p '("a/bin" "a/lib/pkgconfig" "b/bin" "b/sbin" "b/xml/dtd/db"
                    "c/include/c++" "c/include" "c/etc/ssl/certs"
                    "c/xml" "c/sgml/x" "d"))
(for-each (lambda (file) (write-file file "x"))
          '("b/xml/dtd/db/catalog.xml" "c/xml/catalog.xml"
            "c/xml/xcatalog.xml" "c/sgml/x/foo.cat" "c/sgml/CATALOG"
            "c/etc/ssl/certs/ca-certificates.crt" "d/bin"))
(define dirs
  (map (lambda (name) (string-append scratch "/" name))
       '("a" "b" "missing" "c" "d" "a")))

(show "list" (search-path-as-list '("bin" "sbin") dirs))
(show "list, type" (search-path-as-list '("bin" "sbin") dirs #:type 'regular))
(show "list, pattern" (search-path-as-list '("xml") dirs #:type 'regular
                                           #:pattern "^catalog\\.xml$"))
(show "list, pattern" (search-path-as-list '("xml" "include") dirs
                                           #:pattern "c"))
(show "list, none" (search-path-as-list '() dirs))
(for-each (lambda (path)
            (show path (search-path-as-string->list path))
            (show path (search-path-as-string->list path #\;))
            (show path (search-path-as-string->list path #f)))
          '("" ":" "a" "a:b" ":a::b;c:" ";"))
(for-each (lambda (lst)
            (show lst (list->search-path-as-string lst ":"))
            (show lst (list->search-path-as-string lst #f)))
          '(() ("a") ("a" "b")))

(define (set . args)
  (setenv "V" "before")
  (apply set-path-environment-variable "V" args)
  (show args (getenv "V")))
(set '("bin" "sbin") dirs)
(set '("nothing") dirs)
(set '("bin") dirs #:separator #f)
(set '("nothing") dirs #:separator #f)
(set '("bin") dirs #:separator " " #:type 'regular)
(set '("xml") dirs #:separator " " #:type 'regular #:pattern "^catalog\\.xml$")
(set '("bin") '())

(define specs
  (append %gcc-search-paths %libxslt-search-paths
          (list $PATH $GUIX_EXTENSIONS_PATH $PKG_CONFIG_PATH $SSL_CERT_DIR
                $SSL_CERT_FILE $TZDIR $XDG_DATA_DIRS
                (search-path-specification
                 (variable "X")
                 (files '("bin")))
                (search-path-specification
                 (inherit $PATH)
                 (separator ";")))))
(for-each (lambda (spec)
            (let ((sexp (search-path-specification->sexp spec)))
              (show sexp
                    (list (search-path-specification? spec)
                          (equal? spec
                                  (sexp->search-path-specification sexp))))))
          specs)

(define (evaluate . args)
  (map (lambda (pair)
         (cons (search-path-specification-variable (car pair)) (cdr pair)))
       (apply evaluate-search-paths specs args)))
(show "evaluate" (evaluate dirs))
(show "evaluate none" (evaluate '()))
(define (environment . pairs)
  (lambda (name) (assoc-ref pairs name)))
(show "evaluate, env"
      (evaluate dirs
                (environment
                 (cons "PATH" (string-append scratch "/b/bin:" scratch
                                             "/a/bin:/x:" scratch "/b/sbin"))
                 (cons "SSL_CERT_DIR" (string-append scratch
                                                     "/c/etc/ssl/certs"))
                 (cons "SSL_CERT_FILE" "/other")
                 (cons "X" (string-append scratch "/a/bin"))
                 (cons "C_INCLUDE_PATH" ""))))
(set-search-paths (list $PATH $XML_CATALOG_FILES $TZDIR) dirs
                  #:setenv (lambda (name value) (show name value)))

(for-each (lambda (str)
            (show str (map (lambda (separator)
                             (string-tokenize* str separator))
                           '(":" ";;" "ab"))))
          '("" "a" "a:b" ":a::b:" "x;;y;z" "xabababy" "ab"))
(for-each (lambda (kind)
            (show kind (environment-variable-definition "V" "a:b" #:kind kind))
            (show kind (environment-variable-definition
                        "V" "a" #:kind kind #:separator ";"))
            (show kind (environment-variable-definition
                        "V" "a" #:kind kind #:separator #f))
            (show kind (search-path-definition $PATH "/x" #:kind kind))
            (show kind (search-path-definition $TZDIR "/x" #:kind kind)))
          '(exact prefix suffix wrong))
(show "default" (environment-variable-definition "V" "a b"))
(show "default" (search-path-definition $XML_CATALOG_FILES "a b"))
