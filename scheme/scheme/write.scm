;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R7RS library.

(define-module (scheme write)
  #:re-export (display write)
  #:export (write-shared write-simple))

(define* (write-shared obj #:optional (port (current-output-port)))
  "Write OBJ."
  (write obj port))

(define* (write-simple obj #:optional (port (current-output-port)))
  "Write OBJ."
  (write obj port))
