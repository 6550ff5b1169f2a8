;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Loading modules of the library.
(define-module (suite modules)
  #:use-module (srfi srfi-1) #:use-module (srfi srfi-9) #:use-module (srfi srfi-11) #:use-module (srfi srfi-13)
  #:use-module (srfi srfi-19) #:use-module (srfi srfi-26) #:use-module (srfi srfi-34) #:use-module (srfi srfi-35)
  #:use-module (srfi srfi-37) #:use-module (ice-9 match) #:use-module (ice-9 format) #:use-module (ice-9 regex)
  #:use-module (ice-9 vlist) #:use-module (ice-9 rdelim) #:use-module (ice-9 ftw))
(write (list (fold + 0 '(1 2 3)) (format #f "~5,2f ~a" 3.14159 'x) ((cut + <> 1) 2) (vlist-length (list->vlist '(1 2)))))
(newline)
