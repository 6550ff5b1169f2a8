;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Reading and editing real ELF files: programs and libraries of the machine.

(load "harness.scm")
(use-modules (guix build utils)
             (guix build gremlin)
             (guix elf)
             (ice-9 binary-ports)
             (rnrs bytevectors)
             (srfi srfi-34))

(define (elf-files directory pattern limit)
  (let ((files (filter (lambda (file)
                         (and (eq? 'regular (stat:type (lstat file)))
                              (elf-file? file)))
                       (find-files directory pattern))))
    (take files (min limit (length files)))))

(define files
  (append (elf-files "/usr/bin" "." 50)
          (elf-files "/usr/lib/x86_64-linux-gnu" "^lib.*\\.so\\." 50)
          (elf-files "/usr/lib/x86_64-linux-gnu" "\\.go$" 10)))
(simple-format #t "~a files~%" (length files))

(define (fields record . accessors)
  (map (lambda (accessor) (accessor record)) accessors))

(define (header elf)
  (fields elf elf-word-size elf-byte-order elf-abi elf-type elf-machine-type
          elf-entry elf-phoff elf-shoff elf-flags elf-ehsize elf-phentsize
          elf-phnum elf-shentsize elf-shnum elf-shstrndx))

(define (segment-fields segment)
  (fields segment elf-segment-index elf-segment-type elf-segment-offset
          elf-segment-vaddr elf-segment-paddr elf-segment-filesz
          elf-segment-memsz elf-segment-flags elf-segment-align))

(define (section-fields section)
  (fields section elf-section-index elf-section-name elf-section-type
          elf-section-flags elf-section-addr elf-section-offset
          elf-section-size elf-section-link elf-section-info
          elf-section-addralign elf-section-entsize))

(define (symbol-fields symbol)
  (fields symbol elf-symbol-name elf-symbol-value elf-symbol-size
          elf-symbol-info elf-symbol-other elf-symbol-shndx
          elf-symbol-binding elf-symbol-type elf-symbol-visibility))

(define (note-fields note)
  (fields note elf-note-name elf-note-desc elf-note-type))

(define (dynamic-fields info)
  (and info
       (fields info elf-dynamic-info-soname elf-dynamic-info-needed
               elf-dynamic-info-rpath elf-dynamic-info-runpath)))

(for-each
 (lambda (file)
   (define elf (parse-elf (call-with-input-file file get-bytevector-all
                                                #:binary #t)))
   (show file (header elf))
   (show "segments" (map segment-fields (elf-segments elf)))
   (show "sections" (map (lambda (pair)
                           (cons (car pair) (section-fields (cdr pair))))
                         (elf-sections-by-name elf)))
   (let ((dynsym (elf-section-by-name elf ".dynsym"))
         (dynstr (elf-section-by-name elf ".dynstr")))
     (when (and dynsym dynstr)
       (let ((count (elf-symbol-table-len dynsym)))
         (show "symbols"
               (cons count
                     (map (lambda (n)
                            (symbol-fields
                             (elf-symbol-table-ref elf dynsym n dynstr)))
                          (iota (min 10 count)))))
         (show "symbol" (symbol-fields (elf-symbol-table-ref elf dynsym 0)))
         (show "no symbol" (elf-symbol-table-ref elf dynsym count)))))
   (show "note" (and=> (elf-section-by-name elf ".note.gnu.build-id")
                       (lambda (section)
                         (note-fields (parse-elf-note elf section)))))
   (show "none" (elf-section-by-name elf ".none"))
   (show "bad section" (elf-section elf 100000))
   (show "bad segment" (elf-segment elf -1))
   (show "dynamic" (dynamic-fields (elf-dynamic-info elf)))
   (show "runpath" (file-runpath file))
   (show "needed" (file-needed file))
   (show "recursive" (file-needed/recursive file))
   (show "valid" (truth (validate-needed-in-runpath file)))
   (show "valid" (truth (validate-needed-in-runpath
                         file #:always-found? (const #t)))))
 files)

;; Writing what was read gives the same bytes.
(let* ((file  "/bin/ls")
       (bytes (call-with-input-file file get-bytevector-all #:binary #t))
       (copy  (bytevector-copy bytes))
       (elf   (parse-elf bytes))
       (size  (elf-word-size elf))
       (order (elf-byte-order elf)))
  (bytevector-fill! copy 255)
  (write-elf-header copy elf)
  (for-each (lambda (n)
              (write-elf-program-header copy
                                        (+ (elf-phoff elf)
                                           (* n (elf-phentsize elf)))
                                        order size (elf-segment elf n)))
            (iota (elf-phnum elf)))
  (for-each (lambda (n)
              (write-elf-section-header copy
                                        (+ (elf-shoff elf)
                                           (* n (elf-shentsize elf)))
                                        order size (elf-section elf n)))
            (iota (elf-shnum elf)))
  (show "written" (equal? (header (parse-elf copy)) (header elf)))
  (show "written" (equal? (map segment-fields (elf-segments (parse-elf copy)))
                          (map segment-fields (elf-segments elf))))
  (show "written" (equal? (map section-fields (elf-sections (parse-elf copy)))
                          (map section-fields (elf-sections elf)))))

;; Both classes and byte orders, made from nothing.
(for-each
 (lambda (word-size byte-order)
   (define bytes (make-bytevector 400 0))
   (define segment
     (make-elf-segment #:index 3 #:type PT_NOTE #:offset 1 #:vaddr 2 #:paddr 3
                       #:filesz 4 #:flags 5 #:align 6))
   (define section
     (make-elf-section #:index 1 #:name 2 #:type 3 #:flags 4 #:addr 5
                       #:offset 6 #:size 7 #:link 8 #:info 9 #:addralign 10
                       #:entsize 11))
   (define symbol
     (make-elf-symbol #:name 1 #:value 2 #:size 3 #:binding STB_WEAK
                      #:type STT_FUNC #:visibility STV_HIDDEN #:shndx 4))
   (write-elf-header bytes (make-elf #:byte-order byte-order
                                     #:word-size word-size #:abi 9
                                     #:entry #x1234567 #:shoff 99 #:flags 7
                                     #:phnum 1 #:shnum 2))
   (write-elf-program-header bytes 100 byte-order word-size segment)
   (write-elf-section-header bytes 200 byte-order word-size section)
   (write-elf-symbol bytes 300 byte-order word-size symbol)
   (show "bytes" bytes)
   (show "has header" (has-elf-header? bytes))
   (show "header" (header (parse-elf bytes)))
   (show "sizes" (map (lambda (size) (size word-size))
                      (list elf-header-len elf-header-shoff-offset
                            elf-program-header-len elf-section-header-len
                            elf-section-header-addr-offset
                            elf-section-header-offset-offset
                            elf-symbol-len elf-symbol-value-offset))))
 '(4 4 8 8) '(little big little big))
(show "bad size" (elf-header-len 3))
(show "no ELF" (parse-elf (string->utf8 "nope")))
(show "no ELF" (has-elf-header? (make-bytevector 100 0)))
(show "no ELF" (has-elf-header? #vu8(127 69 76 70)))

;; Truncated, as `strip --only-keep-debug' leaves files.
(let ((bytes (call-with-input-file "/bin/ls" get-bytevector-all #:binary #t)))
  (call-with-output-file "truncated"
    (lambda (port) (put-bytevector port bytes 0 20000))
    #:binary #t)
  (show "truncated" (truth (validate-needed-in-runpath "truncated")))
  (show "truncated" (guard (c ((invalid-segment-size? c)
                               (list (elf-error? c)
                                     (elf-segment-index
                                      (invalid-segment-size-segment c)))))
                      (file-dynamic-info "truncated"))))

;; Names.
(show "origin" (map (lambda (str) (expand-origin str "/o"))
                    '("" "x" "$ORIGIN/../lib" "${ORIGIN}:$ORIGIN" "$ORIGINAL"
                      "$LIB" "a$ORIGIN${ORIGIN}b")))

;; Editing the RUNPATH: of a file which we give one, by turning the entry of
;; its name into one.
(define (make-file-with-runpath file)
  (let* ((library (find file-has-long-soname? files))
         (bytes (call-with-input-file library get-bytevector-all #:binary #t))
         (elf (parse-elf bytes))
         (segment (find (lambda (segment)
                          (= PT_DYNAMIC (elf-segment-type segment)))
                        (elf-segments elf))))
    (let loop ((offset (elf-segment-offset segment)))
      (if (= DT_SONAME (bytevector-u64-ref bytes offset (endianness little)))
          (bytevector-u64-set! bytes offset DT_RUNPATH (endianness little))
          (loop (+ offset 16))))
    (call-with-output-file file
      (lambda (port) (put-bytevector port bytes))
      #:binary #t)))

(define (file-has-long-soname? file)
  (let ((name (and=> (file-dynamic-info file) elf-dynamic-info-soname)))
    (and name (> (string-length name) 12))))

(make-file-with-runpath "lib.so")
(show "runpath" (file-runpath "lib.so"))
(show "set" (truth (set-file-runpath "lib.so" '("/a" "/bin" "$x"))))
(show "runpath" (file-runpath "lib.so"))
(show "valid" (truth (validate-needed-in-runpath "lib.so")))
(show "strip" (strip-runpath "lib.so"))
(show "runpath" (file-runpath "lib.so"))
(show "strip" (strip-runpath "lib.so"))
(show "too long" (guard (c ((runpath-too-long-error? c)
                            (runpath-too-long-error-file c)))
                   (set-file-runpath "lib.so" (list (make-string 99 #\x)))))
(copy-file "/bin/ls" "ls")
(show "missing" (guard (c ((missing-runpath-error? c)
                           (missing-runpath-error-file c)))
                  (set-file-runpath "ls" '("/x"))))
