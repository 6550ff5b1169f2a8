;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The union of directory trees, made of symbolic links: what profiles and
;;; many build environments consist of.  Same public interface as the module of
;;; this name in GNU Guix.

(define-module (guix build union)
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 ftw)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (rnrs bytevectors)
  #:export (union-build resolve-collision/default
            relative-file-name symlink-relative))


;;;
;;; Files.
;;;

(define (directory? file)
  ;; Symbolic links are followed; dangling ones are no directories.
  (let ((st (stat file #f)))
    (and st (eq? 'directory (stat:type st)))))

(define (same-contents? file1 file2)
  (define size 65536)

  (define (same-data? port1 port2)
    (let loop ()
      (let ((data1 (get-bytevector-n port1 size))
            (data2 (get-bytevector-n port2 size)))
        (and (equal? data1 data2)
             (or (eof-object? data1)
                 (loop))))))

  (call-with-input-file file1
    (lambda (port1)
      (call-with-input-file file2
        (lambda (port2)
          (same-data? port1 port2))
        #:binary #t))
    #:binary #t))

(define (same-file? file1 file2)
  ;; Return true if FILE1 and FILE2 are one, or regular files with the same
  ;; contents.  In a deduplicated store the latter are one file as well.
  (define (regular? st)
    (eq? 'regular (stat:type st)))

  (let ((st1 (stat file1 #f))
        (st2 (stat file2 #f)))
    (and st1 st2
         (or (= (stat:ino st1) (stat:ino st2))
             (and (regular? st1) (regular? st2)
                  (= (stat:size st1) (stat:size st2))
                  (same-contents? file1 file2))))))


;;;
;;; Collisions.
;;;

(define %harmless-collisions
  ;; Most packages have these, and profiles generate the first two anew.
  '("icon-theme.cache" "gschemas.compiled" "ld.so.cache"))

(define (resolve-collision/default files)
  "Return the first of FILES, which all claim the same place; warn about that
unless it is known to do no harm."
  (define port (current-error-port))
  (define choice (first files))

  (unless (member (basename choice) %harmless-collisions)
    (display "\nwarning: collision encountered:\n" port)
    (for-each (lambda (file)
                (simple-format port "  ~a~%" file))
              files)
    (simple-format port "warning: choosing ~a~%" choice))
  choice)


;;;
;;; Union.
;;;

(define (group-by-name directories)
  ;; Return the sorted list of (NAME FILE ...) lists for the names that occur
  ;; in DIRECTORIES; the files are in the order of DIRECTORIES.
  (define table (make-hash-table))

  (for-each (lambda (directory)
              (for-each (lambda (name)
                          (hash-set! table name
                                     (cons (string-append directory "/" name)
                                           (hash-ref table name '()))))
                        (scandir directory
                                 (lambda (name)
                                   (not (member name '("." "..")))))))
            directories)
  (sort (hash-map->list (lambda (name files)
                          (cons name (reverse files)))
                        table)
        (lambda (group1 group2)
          (string<? (car group1) (car group2)))))

(define* (union-build output inputs
                      #:key (log-port (current-error-port))
                      (create-all-directories? #f)
                      (symlink symlink)
                      (resolve-collision resolve-collision/default))
  "Make the directory OUTPUT the union of INPUTS, a list of directories, of
links that SYMLINK makes.  A directory that only one input has becomes a single
link, unless CREATE-ALL-DIRECTORIES? is true.  Where files collide, call
RESOLVE-COLLISION with the list of them; it returns the one to take, or #f for
none.  Each link is mentioned on LOG-PORT."
  (define (link file output)
    (simple-format log-port "`~a' ~~> `~a'~%" file output)
    (symlink file output))

  (define (merge-directories output directories)
    (mkdir output)
    (for-each (match-lambda
                ((name . files)
                 (merge (string-append output "/" name) files)))
              (group-by-name directories)))

  (define (merge output files)
    (call-with-values
        (lambda () (partition directory? files))
      (match-lambda*
        (((directory) ())
         (if create-all-directories?
             (merge-directories output files)
             (link directory output)))
        ((directories ())
         (merge-directories output directories))
        ((() (file others ...))
         (match (if (every (lambda (other) (same-file? file other)) others)
                    file
                    (resolve-collision files))
           (#f #f)
           (file (link file output))))
        ((directories files)
         (error "union-build: some are directories, some are files:"
                `((files ,files) (dirs ,directories)))))))

  (setvbuf (current-output-port) 'line)
  (setvbuf (current-error-port) 'line)
  (when (file-port? log-port)
    (setvbuf log-port 'line))

  (merge-directories output (delete-duplicates inputs)))


;;;
;;; Relative links.
;;;

(define (relative-file-name reference file)
  "Return the name of FILE as seen from directory REFERENCE, or FILE if not both
are absolute.  This is about names only: symbolic links are not considered."
  (define (components name)
    (remove string-null? (string-split name #\/)))

  (if (every (lambda (name) (string-prefix? "/" name))
             (list reference file))
      (let loop ((from (components reference))
                 (to   (components file)))
        (if (and (pair? from) (pair? to) (string=? (car from) (car to)))
            (loop (cdr from) (cdr to))
            (string-join (append (map (const "..") from) to) "/")))
      file))

(define (symlink-relative old new)
  "Make NEW a symbolic link to OLD with a relative target; both are absolute
file names."
  (symlink (relative-file-name (dirname new) old) new))
