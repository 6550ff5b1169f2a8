;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Documentation of objects.

(define-module (ice-9 documentation)
  #:export (documentation-files file-commentary object-documentation search-documentation-files))

(define documentation-files '())

(define* (search-documentation-files name #:optional files)
  "Return #f: there are no files of documentation."
  #f)

(define (object-documentation object)
  "Return the docstring of OBJECT, or #f."
  (or (and (procedure? object) (procedure-documentation object))
      (object-property object 'documentation)))

(define (file-commentary file)
  "Return the text of the Commentary section of FILE."
  (call-with-input-file file
    (lambda (port)
      (let loop ((in? #f) (lines '()))
        (let ((line (read-text-line port)))
          (cond ((eof-object? line) (string-concatenate (reverse lines)))
                ((string-prefix? ";;; Commentary:" line) (loop #t lines))
                ((string-prefix? ";;; Code:" line) (string-concatenate (reverse lines)))
                (in? (loop #t (cons (string-append (string-trim (string-trim line #\;)) "\n")
                                    lines)))
                (else (loop #f lines))))))))

(define (read-text-line port)
  (let loop ((chars '()))
    (let ((c (read-char port)))
      (cond ((eof-object? c) (if (null? chars) c (list->string (reverse chars))))
            ((char=? c #\newline) (list->string (reverse chars)))
            (else (loop (cons c chars)))))))
