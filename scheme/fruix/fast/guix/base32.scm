;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The fast half of GNU Guix's (guix base32), evaluated in that module.  What
;;; the natives refuse goes to the module's own procedure, which has Guix's way
;;; of complaining.

(use-modules (fruix core))

(define bytevector->nix-base32-string
  (let ((generic bytevector->nix-base32-string))
    (lambda (bv)
      "Return the digits of BV in Nix's base 32."
      (if (bytevector? bv)
          (core-base32-encode bv)
          (generic bv)))))

(define nix-base32-string->bytevector
  (let ((generic nix-base32-string->bytevector))
    (lambda (text)
      "Return the bytevector of which TEXT gives the digits in Nix's base 32."
      (or (and (string? text)
               (false-if-exception (core-base32-decode text)))
          (generic text)))))
