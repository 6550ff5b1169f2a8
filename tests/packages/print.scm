;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; What packages are lowered to, as GNU Guix's own modules say it: the same program runs in Guile,
;;; against guix-daemon, and in fruix.

(use-modules (gnu packages)
             (guix derivations)
             (guix grafts)
             (guix packages)
             (guix store)
             (guix utils)
             (ice-9 match)
             (ice-9 rdelim)
             (srfi srfi-1)
             (srfi srfi-26))

(define (print-derivations file wanted system target)
  "Write into FILE the derivations of packages for SYSTEM, or built there for TARGET: lines of
NAME@VERSION, a tab, and the '.drv' file or the key of the exception that came instead.  WANTED is 'all'
for all packages, hidden ones too; a list of names; (names COUNT SEED), the packages of COUNT names drawn by
SEED; or (draw COUNT SEED), the first COUNT packages that can be lowered of all of them, shuffled by SEED.
A last line, which begins with #, has the figures."
  (define start (get-internal-real-time))
  (define store (open-connection))

  (define (derivation-or-key package)
    (catch #t
      (lambda ()
        (derivation-file-name
         (if target
             (package-cross-derivation store package target system #:graft? #f)
             (package-derivation store package system #:graft? #f))))
      (lambda (key . arguments)
        (format (current-error-port) "~a: ~s ~s~%" (package-full-name package) key arguments)
        (symbol->string key))))

  (parameterize ((%graft? #f))
    (call-with-output-file file
      (lambda (port)
        (let loop ((packages (packages-wanted wanted))
                   (left (match wanted
                           (('draw count _) count)
                           (_ -1))))
          (match packages
            ((package . rest)
             (unless (zero? left)
               (let ((result (derivation-or-key package)))
                 (format port "~a\t~a\n" (package-full-name package) result)
                 (loop rest
                       (if (string-prefix? "/" result) (- left 1) left)))))
            (() #f)))
        (format port "# ~a s, ~a s of user time, at most ~a MB\n"
                (seconds (- (get-internal-real-time) start))
                (seconds (tms:utime (times)))
                (peak-memory))))))

(define (packages-wanted wanted)
  (match wanted
    ('all (every-package))
    (('draw _ seed) (shuffle (every-package) seed))
    (('names count seed)
     (packages-wanted
      (take (delete-duplicates
             (map package-name (shuffle (fold-packages cons '()) seed)))
            count)))
    ((names ...) (append-map find-packages-by-name names))))

(define (every-package)
  (fold-packages cons '() #:select? (const #t)))

(define (shuffle packages seed)
  ;; PACKAGES in an order that depends on nothing but their names, places and SEED.
  (define (key package)
    (match (package-location package)
      (#f (package-full-name package))
      (place (format #f "~a ~a ~a" (package-full-name package)
                     (location-file place) (location-line place)))))
  (define (sorted packages)
    (map cdr (sort (map (lambda (package) (cons (key package) package)) packages)
                   (lambda (a b) (string<? (car a) (car b))))))
  (define %step 7919)                     ;a prime that divides no number of packages

  (let* ((vector (list->vector (sorted packages)))
         (length (vector-length vector)))
    (unless (= 1 (gcd %step length))
      (error "choose another step" length))
    (map (lambda (i) (vector-ref vector (modulo (* %step (+ i seed)) length)))
         (iota length))))

(define (seconds units)
  (quotient units internal-time-units-per-second))

(define (peak-memory)
  ;; In megabytes, as the kernel of Linux tells.
  (or (false-if-exception
       (call-with-input-file "/proc/self/status"
         (lambda (port)
           (let loop ((line (read-line port)))
             (if (string-prefix? "VmHWM:" line)
                 (quotient (string->number (second (string-tokenize line))) 1000)
                 (loop (read-line port)))))))
      "?"))
