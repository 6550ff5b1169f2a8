;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Pipes to and from subprocesses.

(define-module (ice-9 popen)
  #:use-module ((fruix native) #:select (piped-process))
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 ports)
  #:export (port/pid-table open-pipe* open-pipe close-pipe open-input-pipe open-output-pipe
            open-input-output-pipe pipeline))

(define port/pid-table (make-weak-key-hash-table))

(define (join-ports read-port write-port)
  ;; One port that reads from READ-PORT and writes to WRITE-PORT.
  (setvbuf read-port 'block 16384)
  (let ((port (make-custom-binary-input/output-port
               "popen"
               (lambda (bv start count)
                 (let ((n (get-bytevector-some! read-port bv start count)))
                   (if (eof-object? n) 0 n)))
               (lambda (bv start count)
                 (put-bytevector write-port bv start count)
                 (force-output write-port)
                 count)
               #f #f
               (lambda ()
                 (close-port read-port)
                 (close-port write-port)))))
    (set-port-encoding! port (port-encoding read-port))
    port))

(define (open-pipe* mode command . args)
  "Run COMMAND with ARGS; return a port to it, by MODE: OPEN_READ, OPEN_WRITE or OPEN_BOTH."
  (define read? (or (equal? mode OPEN_READ) (equal? mode OPEN_BOTH)))
  (define write? (or (equal? mode OPEN_WRITE) (equal? mode OPEN_BOTH)))
  (define (fdes ports)
    (and ports (cons (port->fdes (car ports)) (port->fdes (cdr ports)))))
  (let* ((from (and read? (pipe)))
         (to (and write? (pipe)))
         (pid (piped-process command args (fdes from) (fdes to)))
         (port (cond ((and from to) (join-ports (car from) (cdr to)))
                     (from (car from))
                     (to (cdr to))
                     (else (%make-void-port mode)))))
    (hashq-set! port/pid-table port pid)
    (%set-port-property! port 'popen-pid (list pid))
    port))

(define (open-pipe command mode)
  "Run the shell command COMMAND; return a port to it."
  ;; In a build there is no /bin/sh, but there is a shell on PATH.
  (open-pipe* mode (if (access? "/bin/sh" X_OK) "/bin/sh" "sh") "-c" command))

(define (close-pipe port)
  "Close PORT, made by open-pipe, wait for the process, and return its status."
  (let ((cell (%port-property port 'popen-pid)))
    (unless cell
      (error "close-pipe: port not created by (ice-9 popen)"))
    (unless (car cell)
      (error "close-pipe: pid has already been cleared"))
    (let ((pid (car cell)))
      (set-car! cell #f)
      (close-port port)
      (cdr (waitpid pid)))))

(define (open-input-pipe command)
  "Return a port that reads what the shell command COMMAND prints."
  (open-pipe command OPEN_READ))

(define (open-output-pipe command)
  "Return a port that writes to the shell command COMMAND."
  (open-pipe command OPEN_WRITE))

(define (open-input-output-pipe command)
  "Return a port that reads from and writes to the shell command COMMAND."
  (open-pipe command OPEN_BOTH))

(define (pipeline commands)
  "Run COMMANDS, lists of program and arguments, each reading what the one before it prints.  Return a port from
the last, a port to the first, and the list of process ids, the last command's first."
  (define (pipe-fdes)
    (let ((p (pipe)))
      (cons (port->fdes (car p)) (port->fdes (cdr p)))))
  (let ((first (pipe-fdes)))
    (let loop ((commands commands) (to first) (pids '()))
      (if (null? commands)
          (values (fdes->inport (car to)) (fdes->outport (cdr first)) pids)
          (let* ((from (pipe-fdes))
                 (pid (piped-process (caar commands) (cdar commands) from to)))
            (loop (cdr commands) from (cons pid pids)))))))
