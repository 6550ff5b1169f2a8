;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The native half of GNU Guix's (guix derivations), evaluated in that module:
;;; derivations are read from the store of this process, wherever it lies.

(use-modules (fruix core))

(define (read-derivation-from-file file)
  "The derivation in FILE, a '.drv' file."
  (or (and file (hash-ref %derivation-cache file))
      (let ((drv (call-with-input-string (core-store-text file)
                   (lambda (port)
                     (set-port-filename! port file)
                     (read-derivation port)))))
        (hash-set! %derivation-cache file drv)
        drv)))
