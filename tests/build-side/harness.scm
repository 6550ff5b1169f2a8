;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; What the tests in this folder share.  Each prints what it observes; `run`
;;; runs it with GNU Guix's modules and with ours, and compares.

(use-modules (ice-9 ftw)
             (ice-9 match)
             (ice-9 rdelim)
             (ice-9 textual-ports)
             (srfi srfi-1)
             (srfi srfi-34))

(setvbuf (current-output-port) 'line)
(setvbuf (current-error-port) 'line)

(define (print-values label . values)
  (simple-format #t "~a:" label)
  (for-each (lambda (value)
              (display " ")
              (write (if (unspecified? value) '*unspecified* value)))
            values)
  (newline))

(define-syntax-rule (show label exp)
  ;; Print the values of EXP under LABEL, or that it failed.
  (call-with-values
      (lambda ()
        (catch #t
          (lambda () exp)
          (lambda (key . args)
            (if (eq? key 'system-error)
                (list 'system-error (system-error-errno (cons key args)))
                'error))))
    (lambda values (apply print-values label values))))

(define (truth x) (if x #t #f))

(define (write-file file text)
  (call-with-output-file file
    (lambda (port) (display text port))))

(define (read-file file)
  (call-with-input-file file get-string-all #:encoding "ISO-8859-1"))

(define (show-file file)
  (simple-format #t "--- ~a ~a~%~a~%---~%" file
                 (number->string (stat:perms (lstat file)) 8)
                 (read-file file)))

(define (show-tree directory)
  ;; Print names, types, permissions, times long past, targets, contents.
  (define (describe file)
    (let* ((st   (lstat file))
           (time (if (< (stat:mtime st) 1000000000)
                     (+ (stat:mtime st) (/ (stat:mtimensec st) 1000000000))
                     'recent)))
      (simple-format #t "~a ~a ~a ~a ~s~%" file (stat:type st)
                     (number->string (stat:perms st) 8) time
                     (case (stat:type st)
                       ((symlink) (readlink file))
                       ((regular) (read-file file))
                       (else '-)))))
  (let loop ((file directory))
    (describe file)
    (when (eq? 'directory (stat:type (lstat file)))
      (for-each (lambda (name)
                  (loop (string-append file "/" name)))
                (scandir file (lambda (name)
                                (not (member name '("." "..")))))))))

;; The same place in each run, as names end up in what we print.
(define scratch "/tmp/fruix-build-side")
(system* "rm" "-rf" scratch)
(mkdir scratch)
(chdir scratch)
(umask #o022)
