;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Random bytes, with the interface of Guile-Gcrypt.

(define-module (gcrypt random)
  #:use-module (fruix bindings hash)
  #:use-module (fruix bindings random)
  #:export (%gcry-weak-random %gcry-strong-random %gcry-very-strong-random
            gen-random-bv random-token))

;; Libgcrypt's levels; the system's generator has but one.
(define %gcry-weak-random 0)
(define %gcry-strong-random 1)
(define %gcry-very-strong-random 2)

(define* (gen-random-bv #:optional (length 50) (level %gcry-strong-random))
  "Return a bytevector of LENGTH random bytes."
  (random-bytes length))

(define* (random-token #:optional (length 30) (type 'strong))
  "Return a random string of letters, digits, '-' and '_' made of LENGTH bytes."
  (string-map (lambda (c)
                (case c ((#\+) #\-) ((#\/) #\_) (else c)))
              (string-trim-right (base64-encode (random-bytes length)) #\=)))
