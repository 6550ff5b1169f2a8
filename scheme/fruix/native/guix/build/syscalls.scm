;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The native half of GNU Guix's (guix build syscalls), evaluated in that
;;; module: what the host side needs of it, without calling into the C library.

(define* (scandir* name #:optional
                   (select? (const #t))
                   (entry<? (lambda (a b) (string<? (car a) (car b))))
                   #:key string->pointer pointer->string)
  "The entries of the directory NAME that SELECT? accepts, sorted with ENTRY<?:
names, each with an alist of its type and inode number."
  (define (entry base)
    (let ((stat (false-if-exception (lstat (string-append name "/" base)))))
      (if stat
          `(,base (type . ,(stat:type stat)) (inode . ,(stat:ino stat)))
          `(,base (type . unknown)))))

  (let ((stream (opendir name)))
    (dynamic-wind
      (const #t)
      (lambda ()
        (let loop ((result '()))
          (let ((base (readdir stream)))
            (if (eof-object? base)
                (sort result entry<?)
                (let ((entry (entry base)))
                  (loop (if (select? entry) (cons entry result) result)))))))
      (lambda () (closedir stream)))))

(define* (terminal-columns #:optional (port (current-output-port)))
  "How many columns the terminal has, as the environment tells."
  (let ((columns (and=> (getenv "COLUMNS") string->number)))
    (if (and columns (> columns 0)) columns 80)))
