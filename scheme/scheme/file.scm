;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R7RS library.

(define-module (scheme file)
  #:use-module (ice-9 ports)
  #:use-module (ice-9 binary-ports)
  #:re-export (call-with-input-file call-with-output-file delete-file file-exists?
               open-input-file open-output-file with-input-from-file with-output-to-file)
  #:export (open-binary-input-file open-binary-output-file))

(define (open-binary-input-file file)
  "Return a binary port that reads FILE."
  (open-input-file file #:binary #t))

(define (open-binary-output-file file)
  "Return a binary port that writes FILE."
  (open-output-file file #:binary #t))
