;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Building a profile: the union of its packages, its manifest, and a shell
;;; file that sets its search paths.  Same public interface as the module of
;;; this name in GNU Guix.

(define-module (guix build profiles)
  #:use-module (guix build union)
  #:use-module (guix build utils)
  #:use-module (guix search-paths)
  #:use-module (ice-9 ftw)
  #:use-module (ice-9 match)
  #:use-module (ice-9 pretty-print)
  #:use-module (srfi srfi-1)
  #:re-export (symlink-relative)
  #:export (ensure-writable-directory build-profile))


;;;
;;; etc/profile.
;;;

(define %profile-header
  ;; The words are Guix's: the file is part of what a profile is.
  "\
# Source this file to define all the relevant environment variables in Bash
# for this profile.  You may want to define the 'GUIX_PROFILE' environment
# variable to point to the \"visible\" name of the profile, like this:
#
#  GUIX_PROFILE=/path/to/profile ; \\
#  source /path/to/profile/etc/profile
#
# When GUIX_PROFILE is undefined, the various environment variables refer
# to this specific profile generation.

")

(define (definition profile spec value)
  ;; Return the shell command that adds VALUE, files in PROFILE, to the
  ;; variable of SPEC; the name of PROFILE is one that the user may override.
  (define visible-name
    (string-append "${GUIX_PROFILE:-" profile "}"))
  (define (abstract file)
    (string-append visible-name
                   (string-drop file (string-length profile))))

  (search-path-definition
   spec
   (match (search-path-specification-separator spec)
     (#f (abstract value))
     (separator
      (string-join (map abstract (string-tokenize* value separator))
                   separator)))
   #:kind 'prefix))

(define (build-etc/profile output search-paths)
  ;; Write OUTPUT/etc/profile, which sets SEARCH-PATHS.
  (let ((file (string-append output "/etc/profile")))
    (mkdir-p (dirname file))
    (when (file-exists? file)
      (delete-file file))
    (call-with-output-file file
      (lambda (port)
        (display %profile-header port)
        (for-each (match-lambda
                    ((spec . value)
                     (display (definition output spec value) port)
                     (newline port)))
                  (evaluate-search-paths search-paths (list output)))))))


;;;
;;; Directories.
;;;

(define* (ensure-writable-directory directory #:key (symlink symlink))
  "Make sure that DIRECTORY is a directory that we can write to: create it if
there is none, and replace a link to one by a directory of links, made with
SYMLINK, to what is in there."
  (define (replace-link)
    (let* ((text   (readlink directory))
           (target (if (string-prefix? "/" text)
                       text
                       (string-append (dirname directory) "/" text)))
           ;; With a slash, as TARGET may be a link in turn.
           (names  (scandir (string-append target "/")
                            (lambda (name)
                              (not (member name '("." "..")))))))
      (delete-file directory)
      (mkdir directory)
      (for-each (lambda (name)
                  (symlink (string-append target "/" name)
                           (string-append directory "/" name)))
                names)))

  (match (false-if-file-not-found (lstat directory))
    (#f (mkdir directory))
    (st (case (stat:type st)
          ((symlink) (replace-link))
          ((directory) #t)
          (else
           (error "not a directory, and in its place:"
                  directory))))))


;;;
;;; Manifests.
;;;

(define (field name fields)
  ;; Return the value of NAME in FIELDS of a manifest entry: a list.
  (match (assq name fields)
    ((_ value) value)
    (#f '())))

(define (manifest-inputs+search-paths manifest)
  ;; Return two values: the store items of MANIFEST, an s-expression, and its
  ;; search paths.  Packages come before what they propagate.
  (match manifest
    (('manifest ('version (or 3 4))
                ('packages (entries ...)))
     (let loop ((queue entries) (items '()) (sexps '()))
       (match queue
         (()
          (values (reverse items)
                  (delete-duplicates
                   (cons* $PATH $GUIX_EXTENSIONS_PATH
                          (map sexp->search-path-specification
                               (reverse sexps))))))
         ((('repeated _ ...) . rest)
          (loop rest items sexps))
         (((name version output item fields ...) . rest)
          (loop (append rest (field 'propagated-inputs fields))
                (cons item items)
                ;; The paths of one entry end up in reverse order, and so they
                ;; do in Guix's profiles.
                (append (field 'search-paths fields) sexps))))))))

(define (write-manifest file manifest)
  (when (file-exists? file)
    ;; One of the packages has one: perhaps it was made from a profile.
    (delete-file file))
  (call-with-output-file file
    (lambda (port)
      (display "\
;; This file was automatically generated and is for internal use only.
;; It cannot be passed to the '--manifest' option.
;; Run 'guix package --export-manifest' if you want to export a file
;; suitable for '--manifest'.

" port)
      (pretty-print manifest port))))

(define* (build-profile output manifest
                        #:key (extra-inputs '()) (symlink symlink))
  "Make the directory OUTPUT a profile of what MANIFEST, an s-expression, lists,
and of EXTRA-INPUTS, a list of store items, using SYMLINK to make links.
OUTPUT/etc/profile defines the search paths of MANIFEST's entries."
  (call-with-values
      (lambda () (manifest-inputs+search-paths manifest))
    (lambda (inputs search-paths)
      (union-build output (append extra-inputs inputs)
                   #:symlink symlink
                   #:log-port (%make-void-port "w"))
      (write-manifest (string-append output "/manifest") manifest)
      ;; It may be a link to one in the store.
      (ensure-writable-directory (string-append output "/etc")
                                 #:symlink symlink)
      (build-etc/profile output search-paths))))
