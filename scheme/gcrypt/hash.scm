;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Hashes, with the interface of Guile-Gcrypt.  Algorithms have Libgcrypt's
;;; numbers; those that no crate computes have a name, and fail when used.

(define-module (gcrypt hash)
  #:use-module (fruix bindings hash)
  #:use-module (ice-9 binary-ports)
  #:use-module (rnrs bytevectors)
  #:export (hash-algorithm lookup-hash-algorithm hash-algorithm-name hash-size
            bytevector-hash open-hash-port port-hash file-hash
            open-hash-input-port
            open-sha256-port port-sha256 file-sha256 open-sha256-input-port))

(define-syntax define-algorithms
  (syntax-rules ()
    "Define ALGORITHM, a macro, TABLE, and a procedure for each NAME."
    ((_ table algorithm (name number size) ...)
     (begin
       (define table '((name number . size) ...))
       (define-syntax algorithm
         (lambda (s)
           (syntax-case s (name ...)
             ((_ name) #'number) ...
             ((_ other)
              (syntax-violation 'hash-algorithm "unknown hash algorithm"
                                s #'other)))))
       (define-public name
         (lambda (bv) (bytevector-hash bv number)))
       ...))))

(define-algorithms %algorithms hash-algorithm
  (md5 1 16) (sha1 2 20) (rmd160 3 20) (tiger 6 24) (haval 7 20)
  (sha256 8 32) (sha384 9 48) (sha512 10 64) (sha224 11 28)
  (md4 301 16) (crc32 302 4) (crc32-rfc1510 303 4) (crc24-rfc2440 304 3)
  (whirlpool 305 64) (tiger1 306 24) (tiger2 307 24)
  (gostr3411-94 308 32) (stribog256 309 32) (stribog512 310 64)
  (gostr3411-cp 311 32)
  (sha3-224 312 28) (sha3-256 313 32) (sha3-384 314 48) (sha3-512 315 64)
  (blake2b-512 318 64) (blake2b-384 319 48) (blake2b-256 320 32)
  (blake2b-160 321 20) (blake2s-256 322 32) (blake2s-224 323 28)
  (blake2s-160 324 20) (blake2s-128 325 16) (sm3 326 32)
  (sha512-256 327 32) (sha512-224 328 28) (cshake128 329 32)
  (cshake256 330 64))

(define %by-number
  (let ((table (make-hash-table)))
    (for-each (lambda (entry) (hashv-set! table (cadr entry) entry))
              %algorithms)
    table))

(define (lookup-hash-algorithm name)
  "Return the number of the hash algorithm NAME, a symbol, or #f."
  (let ((entry (assq name %algorithms)))
    (and entry (cadr entry))))

(define (algorithm-entry number)
  (or (hashv-ref %by-number number)
      (throw 'wrong-type-arg "hash-algorithm" "Wrong type argument: ~S"
             (list number) (list number))))

(define (hash-algorithm-name number)
  "Return the name, a symbol, of the hash algorithm NUMBER."
  (car (algorithm-entry number)))

(define (hash-size number)
  "Return the size in bytes of hashes of the algorithm NUMBER."
  (cddr (algorithm-entry number)))

(define (bytevector-hash bv algorithm)
  "Return the hash ALGORITHM of BV as a bytevector."
  (hash-bytes (hash-algorithm-name algorithm) bv))

(define (open-hash-port algorithm)
  "Return an output port, and a thunk that gives the ALGORITHM hash of what was
written to it."
  (let ((state (hash-start (hash-algorithm-name algorithm)))
        (digest #f)
        (position 0))
    (define (finish!)
      (unless digest
        (set! digest (hash-result state))))
    (define port
      (make-custom-binary-output-port
       "hash"
       (lambda (bv start count)
         (if (zero? count)
             (finish!)
             (begin
               (hash-add! state bv start count)
               (set! position (+ position count))))
         count)
       (lambda () position)
       #f
       finish!))
    (values port
            (lambda ()
              (unless (or digest (port-closed? port))
                (force-output port))
              (finish!)
              digest))))

(define %chunk 65536)

(define (port-hash algorithm port)
  "Return the ALGORITHM hash of all that can be read from PORT."
  (let ((state (hash-start (hash-algorithm-name algorithm)))
        (buffer (make-bytevector %chunk)))
    (let loop ()
      (let ((count (get-bytevector-n! port buffer 0 %chunk)))
        (if (eof-object? count)
            (hash-result state)
            (begin
              (hash-add! state buffer 0 count)
              (loop)))))))

(define (file-hash algorithm file)
  "Return the ALGORITHM hash of FILE."
  (call-with-input-file file
    (lambda (port) (port-hash algorithm port))
    #:binary #t))

(define (open-hash-input-port algorithm port)
  "Return an input port that reads PORT, and a thunk that gives the ALGORITHM
hash of what was read from it."
  (let ((state (hash-start (hash-algorithm-name algorithm)))
        (digest #f))
    (define (read! bv start count)
      (let ((n (get-bytevector-n! port bv start count)))
        (if (eof-object? n)
            0
            (begin
              (unless digest
                (hash-add! state bv start n))
              n))))
    (let ((input (make-custom-binary-input-port "hash-input" read! #f #f #f)))
      (setvbuf input 'none)
      (values input
              (lambda ()
                (unless digest
                  (set! digest (hash-result state)))
                digest)))))

(define (open-sha256-port)
  "Return an output port, and a thunk that gives the SHA-256 of what was written."
  (open-hash-port (hash-algorithm sha256)))

(define (port-sha256 port)
  "Return the SHA-256 of all that can be read from PORT."
  (port-hash (hash-algorithm sha256) port))

(define (file-sha256 file)
  "Return the SHA-256 of FILE."
  (file-hash (hash-algorithm sha256) file))

(define (open-sha256-input-port port)
  "Return an input port that reads PORT, and a thunk that gives the SHA-256 of
what was read."
  (open-hash-input-port (hash-algorithm sha256) port))
