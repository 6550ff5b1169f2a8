;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Custom ports: natives call no procedure, so that one which finds the buffer empty or full leaves
;;; by a call of %port-retry.  The procedures behind a port: 1 read!, 2 write!, 3 get-position,
;;; 4 set-position!, 5 close.

(define %port-buffer-size 4096)

(define (%port-fill port)
  "Let the procedure behind PORT read once into its buffer."
  (let ((buffer (%make-bytes %port-buffer-size)))
    (%port-supply! port buffer 0 ((%custom-port-ref port 1) buffer 0 %port-buffer-size))))

(define (%port-drain port)
  "Let the procedure behind PORT write all that its buffer holds."
  (let* ((pending (%port-pending port))
         (end (%bytes-length pending))
         (write! (%custom-port-ref port 2)))
    (let loop ((start 0))
      (when (< start end)
        (let ((n (write! pending start (- end start))))
          (if (> n 0)
              (loop (+ start n))
              (scm-error 'misc-error "write" "port does not take what is written: ~S"
                         (list port) #f)))))))

(define (%port-retry what port native args)
  "Fill or drain PORT, as WHAT says, and make the call of NATIVE anew."
  (if (eq? what '%port-fill)
      (%port-fill port)
      (%port-drain port))
  (apply native args))

(define (%custom-port-close port)
  (unless (port-closed? port)
    (when (output-port? port)
      (%port-drain port))
    (%port-mark-closed! port)
    (let ((close (%custom-port-ref port 5)))
      (when close
        (close))))
  #t)

(define (%custom-port-seek port offset whence)
  (let ((get (%custom-port-ref port 3))
        (set (%custom-port-ref port 4)))
    (when (output-port? port)
      (%port-drain port))
    (cond ((and get (= whence SEEK_CUR) (zero? offset))
           (- (get) (%port-read-ahead port)))
          ((not set)
           (scm-error 'misc-error "seek" "port is not seekable" (list port) #f))
          (else
           (let ((position (cond ((= whence SEEK_SET) offset)
                                 ((and get (= whence SEEK_CUR))
                                  (+ offset (- (get) (%port-read-ahead port))))
                                 (else
                                  (scm-error 'misc-error "seek" "port is not seekable"
                                             (list port) #f)))))
             (%port-discard-input! port)
             (set position)
             position)))))
