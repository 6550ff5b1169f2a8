;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; What of Guile's system interface is there by name only, and random numbers.

;;; Random numbers: a state is eight bytes.

(define (seed->random-state seed)
  "Return a random state that SEED, a number or a string, determines."
  (let ((state (%make-bytes 8))
        (n (if (number? seed) seed (string-hash seed))))
    (let loop ((i 0) (n (+ 1 (abs (inexact->exact (truncate n))))))
      (when (< i 8)
        (array-set! state (logand n 255) i)
        (loop (+ i 1) (ash n -8))))
    (%random-bits state)
    (%random-bits state)
    state))

(define (random-state-from-platform)
  "Return a random state that differs from run to run."
  (seed->random-state (%clock-seed)))

(define (copy-random-state . maybe-state)
  "Return a copy of a random state."
  (let ((state (if (pair? maybe-state) (car maybe-state) *random-state*))
        (copy (%make-bytes 8)))
    (array-copy! state copy)
    copy))

(define *random-state* (seed->random-state 71))

(define* (random n #:optional (state *random-state*))
  "Return a random number from 0 up to N, N excluded."
  (cond ((and (exact-integer? n) (positive? n))
         (let loop ((bits 0) (value 0))
           (if (> (ash 1 (max 0 (- bits 16))) n)
               (modulo value n)
               (loop (+ bits 32) (+ (ash value 32) (%random-bits state))))))
        ((and (real? n) (positive? n))
         (* n (/ (exact->inexact (%random-bits state)) 4294967296.0)))
        (else (scm-error 'wrong-type-arg "random" "Wrong type argument in position ~A: ~S"
                         (list 1 n) (list n)))))

(define* (random:uniform #:optional (state *random-state*))
  "Return a random inexact number from 0 up to 1."
  (/ (exact->inexact (%random-bits state)) 4294967296.0))

;;; Directories and facts of an installation of Guile.

(define (%package-data-dir) "/usr/share/guile")
(define (%library-dir) "/usr/share/guile/3.0")
(define (%site-dir) "/usr/share/guile/site/3.0")
(define (%global-site-dir) "/usr/share/guile/site")
(define (%site-ccache-dir) "/usr/lib/guile/3.0/site-ccache")

(define EXIT_SUCCESS 0)
(define EXIT_FAILURE 1)

(define (tmpnam)
  "Return the name of a file that did not exist a moment ago."
  (let ((port (mkstemp (string-append "/tmp/file" "XXXXXX"))))
    (let ((name (port-filename port)))
      (close-port port)
      (delete-file name)
      name)))

(define* (getpass prompt)
  "Not there."
  (scm-error 'system-error "getpass" "~A" '("Function not implemented") (list ENOSYS)))

;;; Sockets and dynamic libraries are not there; their names are, so that programs load.

(define-syntax define-missing
  (syntax-rules ()
    ((_ name ...)
     (begin
       (define (name . args)
         (scm-error 'system-error (symbol->string 'name) "~A"
                    (list (strerror ENOSYS)) (list ENOSYS)))
       ...))))

(define-missing
  socket socketpair bind connect listen accept shutdown getsockopt setsockopt getsockname getpeername
  recv! send recvfrom! sendto getaddrinfo gethost getnet getproto getserv sethost setnet setproto setserv
  inet-makeaddr inet-netof inet-lnaof
  dynamic-call dynamic-unlink
  setitimer getitimer getaffinity setaffinity tcgetpgrp tcsetpgrp ctermid ttyname crypt
  getpeereid setegid seteuid setgroups sethostname openat statat mkdirat symlinkat chownat chmodat
  rename-file-at delete-file-at spawn)

(define* (make-socket-address family address #:optional (port 0) (flow-info 0) (scope-id 0))
  "Return a socket address as a vector."
  (cond ((eqv? family AF_UNIX) (vector family address))
        ((eqv? family AF_INET) (vector family address port))
        ((eqv? family AF_INET6) (vector family address port flow-info scope-id))
        (else (scm-error 'misc-error "make-socket-address" "unrecognised address family: ~A"
                         (list family) #f))))

(define (gai-strerror n)
  "Return a description of the error number N of getaddrinfo."
  (string-append "name service error " (number->string n)))

(define (dynamic-object? obj)
  "Return true if `dynamic-link' returned OBJ."
  (eq? obj '%this-program))

(define* (dynamic-link #:optional library)
  "Return the program itself; there are no other libraries."
  (if library
      (scm-error 'misc-error "dynamic-link" "file: ~S, message: ~S"
                 (list library "file not found") #f)
      '%this-program))

(define (dynamic-func name object)
  "Return a pointer to the C function NAME, of which the engine has a few."
  (let ((procedure ((@@ (fruix native) %c-function) name)))
    (if procedure
        ((@@ (fruix native) scm->pointer) procedure)
        (scm-error 'misc-error "dynamic-pointer" "Symbol not found: ~a" (list name) #f))))

(define dynamic-pointer dynamic-func)

(define* (load-extension library init)
  "Do nothing: what extensions define is native."
  #t)
