;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; What ELF files say to the dynamic linker: the libraries they need and the
;;; directories to look for them, with the means to check and to change that.
;;; Same public interface as the module of this name in GNU Guix.

(define-module (guix build gremlin)
  #:use-module (guix elf)
  #:use-module ((guix build utils) #:select (store-file-name?))
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:use-module (srfi srfi-34)
  #:use-module (srfi srfi-35)
  #:use-module (rnrs bytevectors)
  #:export (elf-error? elf-error-elf
            invalid-segment-size? invalid-segment-size-segment
            missing-runpath-error? missing-runpath-error-file
            runpath-too-long-error? runpath-too-long-error-file

            elf-dynamic-info elf-dynamic-info? elf-dynamic-info-soname
            elf-dynamic-info-needed elf-dynamic-info-rpath
            elf-dynamic-info-runpath
            expand-origin

            file-dynamic-info file-runpath file-needed file-needed/recursive

            validate-needed-in-runpath strip-runpath set-file-runpath))

(define-condition-type &elf-error &error
  elf-error?
  (elf elf-error-elf))

(define-condition-type &invalid-segment-size &elf-error
  invalid-segment-size?
  (segment invalid-segment-size-segment))

(define-condition-type &missing-runpath-error &elf-error
  missing-runpath-error?
  (file missing-runpath-error-file))

(define-condition-type &runpath-too-long-error &elf-error
  runpath-too-long-error?
  (file runpath-too-long-error-file))


;;;
;;; Dynamic entries.
;;;

(define-record-type <entry>
  (make-entry tag value offset)
  entry?
  (tag    entry-tag)                    ;DT_ constant
  (value  entry-value)                  ;string or integer
  (offset entry-offset))                ;where in the file the value is

(define (segment-end segment)
  (+ (elf-segment-offset segment) (elf-segment-filesz segment)))

(define (dynamic-segment elf)
  ;; Return the segment of ELF with the dynamic entries, or #f.
  (define size (bytevector-length (elf-bytes elf)))
  (find (lambda (segment)
          ;; `strip --only-keep-debug' yields files that lack what their
          ;; headers promise.
          (when (> (segment-end segment) size)
            (raise (condition (&invalid-segment-size (elf elf)
                                                     (segment segment)))))
          (= PT_DYNAMIC (elf-segment-type segment)))
        (elf-segments elf)))

(define (raw-entries elf segment)
  ;; Return the entries in SEGMENT; their values are integers.
  (define word (elf-word-size elf))
  (define start (elf-segment-offset segment))
  (define end (+ start (elf-segment-memsz segment)))
  (define (word-at offset)
    (bytevector-uint-ref (elf-bytes elf) offset (elf-byte-order elf) word))

  (let loop ((offset start) (entries '()))
    (let ((tag (if (< offset end) (word-at offset) DT_NULL)))
      (if (= tag DT_NULL)
          (reverse entries)
          (let ((value-offset (+ offset word)))
            (loop (+ value-offset word)
                  (cons (make-entry tag (word-at value-offset) value-offset)
                        entries)))))))

(define (address->offset elf address)
  ;; Return where in the file ELF that is which is loaded at ADDRESS.
  (define (loaded-there? segment)
    (and (= PT_LOAD (elf-segment-type segment))
         (let ((start (elf-segment-vaddr segment)))
           (<= start address (+ start (elf-segment-memsz segment) -1)))))

  (match (find loaded-there? (elf-segments elf))
    (#f (error "corrupt ELF (address in no segment)" address))
    (segment (+ (elf-segment-offset segment)
                (- address (elf-segment-vaddr segment))))))

(define (dynamic-entries elf segment)
  ;; Return the entries in SEGMENT of ELF.  Where the value is a string, the
  ;; offset is that of the string.
  (define entries (raw-entries elf segment))
  (define strings (entry-value-of entries DT_STRTAB))

  (map (lambda (entry)
         (if (and strings
                  (memv (entry-tag entry)
                        (list DT_NEEDED DT_SONAME DT_RPATH DT_RUNPATH)))
             (let ((offset (address->offset elf (+ strings
                                                   (entry-value entry)))))
               (make-entry (entry-tag entry)
                           (string-table-ref (elf-bytes elf) offset)
                           offset))
             entry))
       entries))

(define (find-entry entries tag)
  (find (lambda (entry) (= tag (entry-tag entry))) entries))

(define (entry-value-of entries tag)
  ;; Return the value of the first of ENTRIES with TAG, or #f.
  (and=> (find-entry entries tag) entry-value))

(define (entry-values-of entries tag)
  (filter-map (lambda (entry)
                (and (= tag (entry-tag entry)) (entry-value entry)))
              entries))

(define (search-path->list str)
  (remove string-null? (string-split str #\:)))


;;;
;;; Dynamic info.
;;;

(define-record-type <elf-dynamic-info>
  (make-dynamic-info soname needed rpath runpath)
  elf-dynamic-info?
  (soname  elf-dynamic-info-soname)     ;string or #f
  (needed  elf-dynamic-info-needed)     ;list of strings
  (rpath   elf-dynamic-info-rpath)      ;list of strings
  (runpath elf-dynamic-info-runpath))   ;list of strings

(define (elf-dynamic-info elf)
  "Return the <elf-dynamic-info> of ELF, or #f if it has none."
  (let ((segment (dynamic-segment elf)))
    (and segment
         (let ((entries (dynamic-entries elf segment)))
           (define (path tag)
             (or (and=> (entry-value-of entries tag) search-path->list)
                 '()))
           (make-dynamic-info (entry-value-of entries DT_SONAME)
                              (entry-values-of entries DT_NEEDED)
                              (path DT_RPATH)
                              (path DT_RUNPATH))))))

(define (read-elf file)
  (parse-elf (call-with-input-file file get-bytevector-all #:binary #t)))

(define (file-dynamic-info file)
  "Return the <elf-dynamic-info> of FILE, or #f if it has none."
  (elf-dynamic-info (read-elf file)))

(define (file-runpath file)
  "Return the list of directories in FILE's RUNPATH, or #f if FILE has no
dynamic info."
  (and=> (file-dynamic-info file) elf-dynamic-info-runpath))

(define (file-needed file)
  "Return the list of libraries that FILE needs, or #f if FILE has no dynamic
info."
  (and=> (file-dynamic-info file) elf-dynamic-info-needed))

(define (expand-origin str directory)
  "Replace '$ORIGIN' and '${ORIGIN}' in STR by DIRECTORY."
  (let loop ((str str))
    (match (find (lambda (variable) (string-contains str variable))
                 '("$ORIGIN" "${ORIGIN}"))
      (#f str)
      (variable
       (let ((start (string-contains str variable)))
         (loop (string-replace str directory start
                               (+ start (string-length variable)))))))))

(define (expanded-runpath info file)
  (map (lambda (directory)
         (expand-origin directory (dirname file)))
       (elf-dynamic-info-runpath info)))

(define (libc-library? library)
  ;; Libraries of the GNU C Library: the linker finds them by itself.
  (any (lambda (prefix) (string-prefix? prefix library))
       '("libanl.so" "libcrypt.so" "libc.so" "libdl.so" "libm.so" "libnsl.so"
         "libpthread.so" "libresolv.so" "librt.so" "libutil.so")))

(define (file-needed/recursive file)
  "Return two values: the list of the absolute names of the libraries that FILE
needs, recursively, and the list of names that were not found in the RUNPATH of
the file that needs them."
  (define seen (make-hash-table))

  (let loop ((queue (list file)) (found '()) (missing '()))
    (match queue
      (()
       (values (reverse found)
               (reverse (delete-duplicates missing))))
      ((file . rest)
       (match (file-dynamic-info file)
         (#f (loop rest found missing))
         (info
          (let* ((runpath (expanded-runpath info file))
                 (needed  (elf-dynamic-info-needed info))
                 (places  (map (lambda (library)
                                 (search-path runpath library))
                               needed))
                 (new     (remove (lambda (place)
                                    (or (not place)
                                        (hash-ref seen place)))
                                  places))
                 (failed  (filter-map (lambda (library place)
                                        (and (not place)
                                             (not (libc-library? library))
                                             library))
                                      needed places)))
            (for-each (lambda (place) (hash-set! seen place #t)) new)
            (loop (append rest new)
                  (append new found)
                  (append failed missing)))))))))


;;;
;;; Checking and changing the RUNPATH.
;;;

(define (warn template . args)
  (apply simple-format (current-error-port) template args))

(define* (validate-needed-in-runpath file
                                     #:key (always-found? libc-library?))
  "Return #t if the store directories in FILE's RUNPATH have all the libraries
that FILE needs, leaving out those that satisfy ALWAYS-FOUND?, or if FILE has no
dynamic info.  Otherwise complain on the error port and return #f."
  (define (check info)
    (call-with-values
        (lambda ()
          (partition store-file-name? (expanded-runpath info file)))
      (lambda (runpath bogus)
        (let ((missing (remove (lambda (library)
                                 (or (always-found? library)
                                     (search-path runpath library)))
                               (elf-dynamic-info-needed info))))
          (unless (null? bogus)
            (warn "~a: warning: RUNPATH contains bogus entries: ~s~%"
                  file bogus))
          (for-each (lambda (library)
                      (warn "~a: error: depends on '~a', which cannot be \
found in RUNPATH ~s~%"
                            file library runpath))
                    missing)
          (null? missing)))))

  (guard (c ((invalid-segment-size? c)
             (let ((segment (invalid-segment-size-segment c)))
               (warn "~a: error: offset + size of segment ~a (type ~a) \
exceeds total size~%"
                     file (elf-segment-index segment)
                     (elf-segment-type segment))
               #f)))
    (match (file-dynamic-info file)
      (#f #t)
      (info (check info)))))

(define (call-with-elf-file file proc)
  ;; Open FILE for editing and call PROC with the port, the <elf> and its
  ;; dynamic entries.
  (let ((port (open-file file "r+b")))
    (dynamic-wind
      (const #t)
      (lambda ()
        (let ((elf (parse-elf (get-bytevector-all port))))
          (proc port elf
                (or (and=> (dynamic-segment elf)
                           (lambda (segment)
                             (dynamic-entries elf segment)))
                    '()))))
      (lambda ()
        (close-port port)))))

(define (write-string-at port offset bytes)
  (seek port offset SEEK_SET)
  (put-bytevector port bytes)
  (put-u8 port 0))

(define (runpath-bytes directories)
  (string->utf8 (string-join directories ":")))

(define (strip-runpath file)
  "Drop from FILE's RUNPATH the directories that have none of the libraries
FILE needs.  Return the new RUNPATH."
  (call-with-elf-file file
    (lambda (port elf entries)
      (define needed (entry-values-of entries DT_NEEDED))
      (define (useful? directory)
        (and (string-prefix? "/" directory)
             (any (lambda (library)
                    (file-exists? (string-append directory "/" library)))
                  needed)))

      (let ((entry (find-entry entries DT_RUNPATH)))
        (unless entry
          (raise (condition (&missing-runpath-error (elf elf) (file file)))))
        (call-with-values
            (lambda ()
              (partition useful? (search-path->list (entry-value entry))))
          (lambda (new removed)
            (unless (null? removed)
              (warn "~a: stripping RUNPATH to ~s (removed ~s)~%"
                    file new removed)
              (write-string-at port (entry-offset entry)
                               (runpath-bytes new)))
            new))))))

(define (set-file-runpath file path)
  "Make PATH, a list of directories, the RUNPATH of FILE.  It is an error if
FILE has none yet, or if PATH needs more room than what is there."
  (call-with-elf-file file
    (lambda (port elf entries)
      (let ((entry (find-entry entries DT_RUNPATH))
            (bytes (runpath-bytes path)))
        (unless entry
          (raise (condition (&missing-runpath-error (elf elf) (file file)))))
        ;; There may be padding behind the string, but we cannot know.
        (when (> (bytevector-length bytes)
                 (bytevector-length (string->utf8 (entry-value entry))))
          (raise (condition (&runpath-too-long-error (elf elf)
                                                     (file file)))))
        (write-string-at port (entry-offset entry) bytes)))))
