;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; The platform that code is compiled for.

(define-module (system base target)
  #:use-module (rnrs bytevectors)
  #:use-module (ice-9 regex)
  #:export (target-cpu target-endianness target-fixnum? target-max-size-t target-max-size-t/scm
            target-max-vector-length target-most-negative-fixnum target-most-positive-fixnum
            target-os target-runtime target-type target-vendor target-word-size
            with-native-target with-target))

(define %target-type (make-fluid %host-type))
(define target-runtime (make-parameter 'guile-vm))

(define (triplet-part triplet n)
  (list-ref (string-split triplet #\-) n))

(define (check-target target)
  (let ((parts (and (string? target) (string-split target #\-))))
    (when (or (not parts)
              (< (length parts) 3)
              (string-null? (car parts))
              (string-null? (list-ref parts 2))
              (or-map string-null? (list-tail parts 3)))
      (error "invalid target" target))))

(define (with-target target thunk)
  "Call THUNK with TARGET, a GNU triplet, as the target."
  (check-target target)
  (cpu-endianness (triplet-part target 0))
  (with-fluids ((%target-type target))
    (thunk)))

(define (with-native-target thunk)
  "Call THUNK with this platform as the target."
  (with-fluids ((%target-type %host-type))
    (thunk)))

(define big-endian-cpus
  '("sparc" "sparc64" "powerpc" "powerpc64" "spu" "mips" "mips64" "m68k" "s390x"))

(define (cpu-endianness cpu)
  (cond ((member cpu big-endian-cpus) 'big)
        ((string-match "^(arm.*eb|aarch64.*be)" cpu) 'big)
        ((or (member cpu '("x86_64" "ia64" "powerpcle" "powerpc64le" "mipsel" "mips64el" "nios2"
                           "sh3" "sh4" "alpha" "arc" "wasm32" "wasm64" "aarch64"))
             (string-match "^(i[0-9]86$|arm|riscv[1-9]|loongarch[1-9])" cpu))
         'little)
        (else (error "unknown CPU endianness" cpu))))

(define (triplet-word-size triplet)
  (let ((cpu (triplet-part triplet 0)))
    (cond ((string-match "^i[0-9]86$" cpu) 4)
          ((string-match "^mips64.*-gnuabi64" triplet) 8)
          ((string-match "^mips64" cpu) 4)
          ((string-match "^x86_64-.*-gnux32" triplet) 4)
          ((string-match "32$" cpu) 4)
          ((string-match "64(_?[lbe][lbe])?$" cpu) 8)
          ((member cpu '("s390x" "alpha")) 8)
          ((or (member cpu '("sparc" "powerpc" "mips" "mipsel" "nios2" "m68k" "sh3" "sh4" "arc"))
               (string-prefix? "arm" cpu))
           4)
          (else (error "unknown CPU word size" cpu)))))

(define (target-type)
  "Return the GNU triplet of the target."
  (fluid-ref %target-type))

(define (target-cpu)
  "Return the processor of the target."
  (triplet-part (target-type) 0))

(define (target-vendor)
  "Return the vendor of the target."
  (triplet-part (target-type) 1))

(define (target-os)
  "Return the operating system of the target."
  (string-join (list-tail (string-split (target-type) #\-) 2) "-"))

(define (target-endianness)
  "Return the endianness of the target."
  (cpu-endianness (target-cpu)))

(define (target-word-size)
  "Return the number of bytes of a word of the target."
  (triplet-word-size (target-type)))

(define (target-max-size-t)
  "Return the largest size of the target in bytes."
  (- (ash 1 (min (* (target-word-size) 8) 48)) 1))

(define (target-max-size-t/scm)
  "Return the largest size of the target in words."
  (quotient (target-max-size-t) (target-word-size)))

(define (target-max-vector-length)
  "Return the length of the longest vector of the target."
  (ash (target-max-size-t/scm) -8))

(define (target-most-negative-fixnum)
  "Return the smallest fixnum of the target."
  (- (ash 1 (- (* (target-word-size) 8) 3))))

(define (target-most-positive-fixnum)
  "Return the largest fixnum of the target."
  (- (ash 1 (- (* (target-word-size) 8) 3)) 1))

(define (target-fixnum? n)
  "Return true if N is a fixnum of the target."
  (and (exact-integer? n)
       (<= (target-most-negative-fixnum) n (target-most-positive-fixnum))))
