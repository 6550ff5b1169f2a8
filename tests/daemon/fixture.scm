;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Usage: guile fixture.scm DIRECTORY
;;;
;;; Makes, of the trees that `fixture' has put into DIRECTORY, the signed archive DIRECTORY/fixture.nar and
;;; the public key DIRECTORY/fixture.pub that it is signed with. Prints the names of the two items. Asks
;;; the daemon at GUIX_DAEMON_SOCKET for the names of derivations, which must be those of the store that
;;; the archive is for.

(use-modules (guix store) (guix derivations) (guix packages) (guix pki) (guix serialization)
             (gnu packages bootstrap) (gcrypt pk-crypto) (gcrypt hash)
             (ice-9 match) (ice-9 binary-ports) (rnrs bytevectors))

(define pair
  (generate-key (string->canonical-sexp "(genkey (ecdsa (curve Ed25519) (flags rfc6979)))")))
(define public-key (find-sexp-token pair 'public-key))
(define secret-key (find-sexp-token pair 'private-key))

;; Write TREE as ITEM, made by DERIVER, to PORT.
(define (write-item tree item deriver port)
  (define bytes
    (call-with-values open-bytevector-output-port
      (lambda (buffer get)
        (write-file tree buffer)
        (write-long-long #x4558494e buffer)
        (write-string item buffer)
        (write-string-list '() buffer)
        (write-string deriver buffer)
        (get))))
  (write-long-long 1 port)
  (put-bytevector port bytes)
  (write-long-long 1 port)
  (write-string (canonical-sexp->string
                 (signature-sexp (bytevector->hash-data (sha256 bytes)) secret-key public-key))
                port))

(match (command-line)
  ((_ directory)
   (define (below name) (string-append directory "/" name))
   (with-store store
     (call-with-output-file (below "fixture.nar")
       (lambda (port)
         (for-each (lambda (package tree)
                     (let* ((drv (package-derivation store package #:graft? #f))
                            (item (derivation->output-path drv)))
                       (write-item (below tree) item (derivation-file-name drv) port)
                       (format #t "~a~%" item)))
                   (list %bootstrap-guile %bootstrap-coreutils&co)
                   '("guile-bootstrap" "bootstrap-binaries"))
         (write-long-long 0 port))
       #:binary #t))
   (call-with-output-file (below "fixture.pub")
     (lambda (port)
       (display (canonical-sexp->string public-key) port)))))
