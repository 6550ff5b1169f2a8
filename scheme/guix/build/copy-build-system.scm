;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; "Building" packages whose source need only be copied to the right places.
;;; Same public interface as the module of this name in GNU Guix.

(define-module (guix build copy-build-system)
  #:use-module ((guix build gnu-build-system) #:prefix gnu:)
  #:use-module (guix build utils)
  #:use-module (srfi srfi-1)
  #:export (%standard-phases copy-build))

(define (with-final-slash directory)
  (if (string-suffix? "/" directory)
      directory
      (string-append directory "/")))

(define (file-selector suffixes regexps default)
  ;; Return a predicate for file names that end in one of SUFFIXES or match one
  ;; of REGEXPS; if neither is given, it always returns DEFAULT.
  (let ((regexps* (map make-regexp (or regexps '()))))
    (lambda (file)
      (if (or suffixes regexps)
          (or (any (lambda (suffix) (string-suffix? suffix file))
                   (or suffixes '()))
              (any (lambda (rx) (regexp-exec rx file)) regexps*))
          default))))

(define (copy-whole source target)
  ;; Copy the file or directory SOURCE to TARGET, or below it if there is a
  ;; final slash.
  (define copy
    (string-append target
                   (if (string-suffix? "/" target) (basename source) "")))
  (mkdir-p (dirname copy))
  (copy-recursively source copy))

(define (copy-selected source target selected?)
  ;; Copy those files below SOURCE whose names, relative to it, satisfy
  ;; SELECTED? to the same places below TARGET.
  (define (copy file)
    (let ((copy (string-append (with-final-slash target) "/" file)))
      (simple-format #t "`~a' -> `~a'~%" file copy)
      (mkdir-p (dirname copy))
      (if (symbolic-link? file)
          (symlink (readlink file) copy)
          (copy-file file copy))))

  (with-directory-excursion source
    (for-each copy
              (find-files "." (lambda (file stat) (selected? file))))))

(define* (install-plan-entry outputs source target
                             #:key include exclude include-regexp
                             exclude-regexp (output "out"))
  ;; Carry out one entry of an install plan.
  (define destination
    (string-append (assoc-ref outputs output) "/" target))
  (define filters?
    (or include exclude include-regexp exclude-regexp))
  (define directory?                    ;fails if there is no SOURCE
    (file-is-directory? source))
  (define included? (file-selector include include-regexp #t))
  (define excluded? (file-selector exclude exclude-regexp #f))

  (when (and filters? (not directory?))
    (error "install plan: only directories can have filters:" source))
  (if (or filters? (string-suffix? "/" source))
      (copy-selected source destination
                     (lambda (file)
                       (and (included? file) (not (excluded? file)))))
      (copy-whole source destination)))

(define* (install #:key install-plan outputs #:allow-other-keys)
  "Copy files from the source tree to OUTPUTS according to INSTALL-PLAN, a list
of entries

  (SOURCE TARGET [FILTER VALUE] ... [#:output OUTPUT])

SOURCE, a file or directory, becomes TARGET in OUTPUT (by default \"out\"), or
goes below TARGET if that ends in a slash.  If SOURCE ends in a slash or if
there are filters, it is the contents of directory SOURCE that go below TARGET:
those whose names end in an element of #:include or match one of
#:include-regexp, and that do not end in an element of #:exclude nor match one
of #:exclude-regexp; each is a list of strings.  For example:

  '((\"doc/manual.html\" \"share/doc/foo/\")
    (\"data/\" \"share/foo\" #:exclude-regexp (\"\\\\.bak$\")))"
  (for-each (lambda (entry)
              (apply install-plan-entry outputs entry))
            install-plan)
  #t)

(define %standard-phases
  ;; The GNU phases, without those that make something.
  (modify-phases gnu:%standard-phases
    (delete 'bootstrap)
    (delete 'configure)
    (delete 'build)
    (delete 'check)
    (replace 'install install)))

(define* (copy-build #:key inputs (phases %standard-phases)
                     #:allow-other-keys #:rest args)
  "Build with INPUTS by running all of PHASES in order."
  (apply gnu:gnu-build #:inputs inputs #:phases phases args))
