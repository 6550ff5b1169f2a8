;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The links from programs to the files with their debugging information,
;;; which have a checksum of the latter in them (see "Separate Debug Files" in
;;; GDB's manual).  Same public interface as the module of this name in GNU
;;; Guix.

(define-module (guix build debug-link)
  #:use-module (guix elf)
  #:use-module ((guix build utils)
                #:select (find-files elf-file? make-file-writable
                          directory-exists? false-if-file-not-found))
  #:use-module (ice-9 binary-ports)
  #:use-module (rnrs bytevectors)
  #:use-module (srfi srfi-1)
  #:export (debuglink-crc32 elf-debuglink set-debuglink-crc
            graft-debug-links))

(define %crc32-polynomial
  ;; That of Ethernet and zlib, lowest bit first.
  #xedb88320)

(define crc32-of-byte
  ;; The remainder for each byte.
  (let ((table (make-vector 256)))
    (define (step crc)
      (if (odd? crc)
          (logxor %crc32-polynomial (ash crc -1))
          (ash crc -1)))
    (do ((byte 0 (+ byte 1)))
        ((= byte 256))
      (vector-set! table byte
                   (let loop ((crc byte) (bits 8))
                     (if (zero? bits)
                         crc
                         (loop (step crc) (- bits 1))))))
    (lambda (byte)
      (vector-ref table byte))))

(define (debuglink-crc32 port)
  "Return the checksum that '.gnu_debuglink' sections have for the data that is
left to read from PORT."
  (let loop ((crc #xffffffff))
    (let ((byte (get-u8 port)))
      (if (eof-object? byte)
          (logxor crc #xffffffff)
          (loop (logxor (ash crc -8)
                        (crc32-of-byte (logand #xff (logxor crc byte)))))))))

(define (debuglink-section elf)
  (elf-section-by-name elf ".gnu_debuglink"))

(define (crc-offset section)
  ;; Return where in the file the checksum is that ends SECTION.
  (+ (elf-section-offset section) (elf-section-size section) -4))

(define (elf-debuglink elf)
  "Return two values: the name of the debug file of ELF, and its checksum; or #f
and #f if there is none."
  (let ((section (debuglink-section elf)))
    (if section
        (values (string-table-ref (elf-bytes elf)
                                  (elf-section-offset section))
                (bytevector-u32-ref (elf-bytes elf) (crc-offset section)
                                    (elf-byte-order elf)))
        (values #f #f))))

(define (set-debuglink-crc file debug-file)
  "Make the checksum in FILE, if it has any, that of DEBUG-FILE."
  (let* ((elf     (parse-elf (call-with-input-file file get-bytevector-all
                                                   #:binary #t)))
         (section (debuglink-section elf)))
    (and section
         (let ((crc  (call-with-input-file debug-file debuglink-crc32
                                           #:binary #t))
               (port (open file O_RDWR))
               (word (make-bytevector 4)))
           (bytevector-u32-set! word 0 crc (elf-byte-order elf))
           (seek port (crc-offset section) SEEK_SET)
           (put-bytevector port word)
           (close-port port)))))

(define (elf-files directory)
  ;; Return the ELF files in the usual places below DIRECTORY.
  (append-map (lambda (name)
                (let ((place (string-append directory "/" name)))
                  (if (directory-exists? place)
                      (filter (lambda (file)
                                ;; It may be a dangling link.
                                (false-if-file-not-found (elf-file? file)))
                              (find-files place))
                      '())))
              '("bin" "sbin" "lib" "libexec")))

(define* (graft-debug-links old-outputs new-outputs mapping
                            #:key (log-port (current-error-port)))
  "If there is a \"debug\" output among NEW-OUTPUTS, an alist, correct the
checksums of debug files in the others.  This is a hook of grafting; OLD-OUTPUTS
and MAPPING are ignored.  Files are mentioned on LOG-PORT."
  (define debug-directory (assoc-ref new-outputs "debug"))

  (define (update file)
    (let ((debug (string-append debug-directory "/lib/debug" file ".debug")))
      (when (file-exists? debug)
        (simple-format log-port "updating '.gnu_debuglink' CRC in '~a'~%"
                       file)
        (make-file-writable file)
        (set-debuglink-crc file debug))))

  (when debug-directory
    (for-each update
              (append-map elf-files
                          (map cdr (alist-delete "debug" new-outputs)))))
  #t)
