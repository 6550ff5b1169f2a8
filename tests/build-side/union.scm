;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Unions and profiles.

(load "harness.scm")
(use-modules (guix build union)
             (guix build profiles)
             (guix build utils))

(define (make-files root . files)
  (for-each (match-lambda
              ((name . text)
               (let ((file (string-append root "/" name)))
                 (mkdir-p (dirname file))
                 (write-file file text))))
            files))
(make-files "a" '("bin/x" . "x") '("share/doc/a" . "a") '("only-a/f" . "")
            '("share/same" . "same") '("share/icon-theme.cache" . "1")
            '("etc/profile.d/a" . "a") '("etc/ld.so.cache" . "a"))
(make-files "b" '("bin/y" . "y") '("bin/x" . "other") '("share/doc/b" . "b")
            '("share/same" . "same") '("share/icon-theme.cache" . "22")
            '("etc/ld.so.cache" . "bb"))
(make-files "c" '("bin/x" . "the third") '("manifest" . "old")
            '("top" . "c") '("lib/pkgconfig/c.pc" . "c"))
(symlink "share" "a/link")
(symlink (string-append scratch "/b/share") "b/link")
(symlink "nowhere" "a/dangling")
(define (inputs . names)
  (map (lambda (name) (string-append scratch "/" name)) names))

(define (union output . args)
  (show output (begin
                 (apply union-build output args)
                 'done))
  (when (file-exists? output)
    (show-tree output)))

;; At most one collision each, and of files that differ in size: Guix takes
;; those of the same size for equal.  The order in which links are made is no one's business: no log.
(define quiet (%make-void-port "w"))
(union "u1" (inputs "a") #:log-port quiet)
(union "u2" (inputs "a" "b" "a") #:log-port quiet)
(union "u3" (inputs "b" "c") #:log-port quiet #:create-all-directories? #t)
(union "u4" (inputs "a" "b" "c") #:log-port quiet
       #:resolve-collision (lambda (files)
                             (and (not (string-suffix? "cache" (car files)))
                                  (last files))))
(union "u5" '() #:log-port quiet)
(union "u6" (inputs "a") #:symlink symlink-relative #:log-port quiet)
(union "u6" (inputs "a") #:log-port quiet)
(make-files "d" '("share" . "a file"))
(show "file and directory"
      (union-build "u7" (inputs "d" "a") #:log-port quiet))
(mkdir-p "f")
(symlink "nowhere" "f/dangling")
(make-files "f" '("bin" . "a file"))
(make-files "g" '("dangling" . "not so") '("bin" . "another file"))
(union "u9" (inputs "f" "g") #:log-port quiet #:resolve-collision (const #f))
(make-files "e" '("f" . "f"))
(union "u8" (inputs "e") #:log-port (current-output-port))
(show "default" (resolve-collision/default '("/a/x" "/b/x")))
(show "default" (resolve-collision/default '("/a/ld.so.cache" "/b/x")))

(for-each (match-lambda
            ((from to) (show (list from to) (relative-file-name from to))))
          '(("/a/b" "/a/c/d") ("/a/b" "/a/b") ("/" "/x") ("/a" "/")
            ("/gnu/store/foo" "/gnu/store/bin/bar") ("a" "/b") ("/a" "b")
            ("/a//b/" "/a/b/c/") ("/a/b/c" "/a")))
(symlink-relative (string-append scratch "/a/bin/x")
                  (string-append scratch "/u1/rel"))
(show "relative" (readlink "u1/rel"))

;; Directories.
(symlink (string-append scratch "/a") "link-to-a")
(symlink "link-to-a" "link-to-link")
(write-file "plain" "")
(for-each (lambda (directory)
            (show directory (begin
                              (ensure-writable-directory directory)
                              'done))
            (show-tree directory))
          '("new" "a/bin" "link-to-a" "link-to-link" "plain"))
(show "nowhere" (ensure-writable-directory "no/where"))

;; Profiles.
(define manifest
  `(manifest
    (version 4)
    (packages
     (("a" "1.0" "out" ,(string-append scratch "/a")
       (propagated-inputs
        (("c" "3" "lib" ,(string-append scratch "/c")
          (search-paths (("PKG_CONFIG_PATH" ("lib/pkgconfig") ":" directory
                          #f))))
         (repeated "b" "2" ,(string-append scratch "/b"))))
       (search-paths (("A_PATH" ("share/doc" "bin") ":" directory #f)
                      ("A_ONE" ("only-a") #f directory #f)
                      ("A_NONE" ("none") ":" directory #f)))
       (properties ((x . "y"))))
      ("b" "2" "out" ,(string-append scratch "/b")
       (search-paths (("A_PATH" ("share/doc" "bin") ":" directory #f)
                      ("B_FILES" ("bin") ";" regular "^[xy]$"))))))))
(define (profile output . args)
  (show output
        (begin
          (apply build-profile (string-append scratch "/" output) args)
          'done))
  (when (file-exists? output)
    (show-tree output)))
(profile "p1" manifest)
(profile "p2" manifest #:symlink symlink-relative)
(profile "p3" '(manifest (version 3) (packages ()))
         #:extra-inputs (inputs "c" "b"))
(profile "p4" '(manifest (version 2) (packages ())))
