;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Links to debug files, over a program that is made to have one: the name of
;;; one of its sections becomes that of such links.

(load "harness.scm")
(use-modules (guix build debug-link)
             (guix build utils)
             (guix elf)
             (ice-9 binary-ports)
             (rnrs bytevectors))

(for-each (lambda (text)
            (show text (call-with-input-string text debuglink-crc32)))
          '("" "a" "123456789" "The quick brown fox jumps over the lazy dog"))
(show "binary" (call-with-input-file "/bin/ls" debuglink-crc32))

(define (read-elf file)
  (parse-elf (call-with-input-file file get-bytevector-all #:binary #t)))

(define (make-linked-program file)
  (let* ((elf     (read-elf "/bin/ls"))
         (bytes   (elf-bytes elf))
         (names   (elf-section elf (elf-shstrndx elf)))
         (section (elf-section-by-name elf ".note.gnu.build-id"))
         (place   (+ (elf-section-offset names) (elf-section-name section))))
    (define (write-string offset str)
      (let ((data (string->utf8 str)))
        (bytevector-copy! data 0 bytes offset (bytevector-length data))
        (bytevector-u8-set! bytes (+ offset (bytevector-length data)) 0)))
    (write-string place ".gnu_debuglink")
    (write-string (elf-section-offset section) "ls.debug")
    (mkdir-p (dirname file))
    (call-with-output-file file
      (lambda (port) (put-bytevector port bytes))
      #:binary #t)))

(define (show-link file)
  (call-with-values (lambda () (elf-debuglink (read-elf file)))
    (lambda (name crc) (show file (list name crc)))))

(show-link "/bin/ls")
(make-linked-program "out/bin/ls")
(show-link "out/bin/ls")
(write-file "debug" "debugging information")
(show "set" (begin (set-debuglink-crc "out/bin/ls" "debug") 'done))
(show-link "out/bin/ls")
(copy-file "/bin/ls" "plain")
(show "set none" (set-debuglink-crc "plain" "debug"))

(let* ((out   (string-append scratch "/out"))
       (file  (string-append out "/bin/ls"))
       (debug (string-append scratch "/dbg")))
  (mkdir-p (string-append debug "/lib/debug" out "/bin"))
  (write-file (string-append debug "/lib/debug" file ".debug") "other")
  (copy-file "/bin/ls" (string-append out "/bin/no-debug"))
  (symlink "nowhere" (string-append out "/bin/dangling"))
  (chmod file #o555)
  (show "graft" (begin
                  (graft-debug-links '() `(("out" . ,out) ("debug" . ,debug))
                                     '() #:log-port (current-output-port))
                  'done))
  (show-link file)
  (show "graft" (graft-debug-links '() `(("out" . ,out)) '())))
