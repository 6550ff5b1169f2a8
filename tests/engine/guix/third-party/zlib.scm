;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Stands in for guile-zlib, so that modules which import it can be loaded without the C library.

(define-module (zlib)
  #:export (make-gzip-input-port make-gzip-output-port call-with-gzip-input-port
            call-with-gzip-output-port %default-buffer-size %default-compression-level
            compress uncompress adler32 crc32 make-zlib-input-port make-zlib-output-port
            call-with-zlib-input-port call-with-zlib-output-port))

(define %default-buffer-size 8192)
(define %default-compression-level 9)
(define (absent . args) (error "no zlib here"))
(define make-gzip-input-port absent)
(define make-gzip-output-port absent)
(define call-with-gzip-input-port absent)
(define call-with-gzip-output-port absent)
(define compress absent)
(define uncompress absent)
(define adler32 absent)
(define crc32 absent)
(define make-zlib-input-port absent)
(define make-zlib-output-port absent)
(define call-with-zlib-input-port absent)
(define call-with-zlib-output-port absent)
