;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; File descriptors and the ports on them (Guile's manual, "Ports and File Descriptors").

(define (%descriptor port/fd)
  (if (integer? port/fd) port/fd (fileno port/fd)))

(define* (dup->fdes port/fd #:optional fd)
  "Return a new descriptor for the file of PORT/FD: FD, or one that is free."
  (cond (fd
         (dup2 (%descriptor port/fd) fd)
         fd)
        (else (%dup port/fd))))

(define (dup->port port/fd mode . maybe-fd)
  "Return a new port of MODE on a duplicate of the descriptor of PORT/FD."
  (let ((port (fdopen (apply dup->fdes port/fd maybe-fd) mode)))
    (unless (null? maybe-fd)
      (set-port-revealed! port 1))
    port))

(define (dup->inport port/fd . maybe-fd)
  "Return a new input port on a duplicate of the descriptor of PORT/FD."
  (apply dup->port port/fd "r" maybe-fd))

(define (dup->outport port/fd . maybe-fd)
  "Return a new output port on a duplicate of the descriptor of PORT/FD."
  (apply dup->port port/fd "w" maybe-fd))

(define (dup port/fd . maybe-fd)
  "Duplicate a port or a descriptor."
  (if (integer? port/fd)
      (apply dup->fdes port/fd maybe-fd)
      (apply dup->port port/fd (port-mode port/fd) maybe-fd)))

(define (duplicate-port port modes)
  "Return a new port of MODES on a duplicate of the descriptor of PORT."
  (dup->port port modes))

(define (fdes->ports fd)
  "Return the open ports on the descriptor FD."
  (let loop ((ports (%all-ports)))
    (cond ((null? ports) '())
          ((and (file-port? (car ports)) (= fd (fileno (car ports))))
           (cons (car ports) (loop (cdr ports))))
          (else (loop (cdr ports))))))

(define (%fdes->port fd usable? mode)
  (let loop ((ports (fdes->ports fd)))
    (cond ((null? ports)
           (let ((port (fdopen fd mode)))
             (set-port-revealed! port 1)
             port))
          ((usable? (car ports))
           (set-port-revealed! (car ports) (+ 1 (port-revealed (car ports))))
           (car ports))
          (else (loop (cdr ports))))))

(define (fdes->inport fd)
  "Return an input port on the descriptor FD."
  (%fdes->port fd input-port? "r"))

(define (fdes->outport fd)
  "Return an output port on the descriptor FD."
  (%fdes->port fd output-port? "w"))

(define (port->fdes port)
  "Return the descriptor of PORT, which then is not closed when the port is forgotten."
  (set-port-revealed! port (+ 1 (port-revealed port)))
  (fileno port))

(define (release-port-handle port)
  "Say that the descriptor of PORT is no longer used."
  (let ((revealed (port-revealed port)))
    (when (> revealed 0)
      (set-port-revealed! port (- revealed 1)))))

(define (move->fdes port/fd fd)
  "Move the file of PORT/FD to the descriptor FD; move others that use FD out of the way."
  (for-each (lambda (port)
              (unless (eq? port port/fd)
                (primitive-move->fdes port (%dup fd))))
            (fdes->ports fd))
  (cond ((integer? port/fd)
         (unless (= port/fd fd)
           (dup2 port/fd fd)
           (close-fdes port/fd))
         fd)
        (else
         (primitive-move->fdes port/fd fd)
         (set-port-revealed! port/fd 1)
         port/fd)))

(define (port-for-each proc)
  "Apply PROC to each open port."
  (for-each proc (%all-ports)))

(define (file-position . args)
  "Return the position of a port's next byte."
  (apply ftell args))

(define (file-set-position port offset)
  "Make OFFSET the position of the next byte of PORT."
  (seek port offset SEEK_SET))

(define (open-io-file name)
  "Open the file NAME for reading and writing."
  (open-file name "r+"))

;;; The user and group databases.

(define (%entry->vector fields numeric)
  ;; A vector of FIELDS, strings, of which those at the indices NUMERIC become numbers.
  (let ((v (list->vector fields)))
    (for-each (lambda (i)
                (vector-set! v i (or (string->number (vector-ref v i)) 0)))
              numeric)
    v))

(define (%passwd fields)
  (and (= (length fields) 7)
       (%entry->vector fields '(2 3))))

(define (%group fields)
  (and (= (length fields) 4)
       (let ((v (%entry->vector fields '(2))))
         (vector-set! v 3 (if (string-null? (vector-ref v 3))
                              '()
                              (string-split (vector-ref v 3) #\,)))
         v)))

(define (%make-database file convert not-found)
  ;; A procedure that looks up entries of FILE by key, or lists them one after the other.
  (let ((left #f))
    (lambda (set? args)
      (cond (set?
             (set! left #f))
            ((null? args)
             (unless left
               (set! left (%file-entry file #t)))
             (if (null? left)
                 #f
                 (let ((fields (car left)))
                   (set! left (cdr left))
                   (convert fields))))
            ((%file-entry file (car args)) => convert)
            (else (not-found))))))

(define %users
  (%make-database "/etc/passwd" %passwd
                  (lambda () (scm-error 'misc-error "getpw" "entry not found" '() #f))))
(define %groups
  (%make-database "/etc/group" %group
                  (lambda () (scm-error 'system-error "getgr" "~A" '("Success") '(0)))))

(define (getpw . args)
  "Return the entry of the user whose name or number is given, or the next one."
  (%users #f args))
(define (getgr . args)
  "Return the entry of the group whose name or number is given, or the next one."
  (%groups #f args))
(define* (setpw #:optional stay-open)
  "Begin anew to list users."
  (%users #t '()))
(define* (setgr #:optional stay-open)
  "Begin anew to list groups."
  (%groups #t '()))
