;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-37: args-fold, a program argument processor.

(define-module (srfi srfi-37)
  #:use-module (srfi srfi-9)
  #:export (option option? option-names option-required-arg? option-optional-arg? option-processor
            args-fold))

(cond-expand-provide (current-module) '(srfi-37))

(define-record-type <option>
  (option names required-arg? optional-arg? processor)
  option?
  (names option-names)
  (required-arg? option-required-arg?)
  (optional-arg? option-optional-arg?)
  (processor option-processor))

(define (args-fold args options unrecognized operand . seeds)
  "Fold over ARGS: each option is given to its processor (or UNRECOGNIZED), each operand to OPERAND."
  (define (find-option name)
    (let loop ((l options))
      (cond ((null? l) #f)
            ((member name (option-names (car l))) (car l))
            (else (loop (cdr l))))))

  (define (call processor name-and-args seeds k)
    (call-with-values (lambda () (apply processor (append name-and-args seeds)))
      (lambda seeds (k seeds))))

  (define (process opt name arg rest seeds)
    (call (option-processor opt) (list opt name arg) seeds
          (lambda (seeds) (next rest seeds))))

  (define (fail message name)
    (scm-error 'misc-error "args-fold" message (list name) #f))

  (define (reject name k seeds)
    (call unrecognized (list (option (list name) #f #f unrecognized) name #f) seeds k))

  (define (operands rest seeds)
    (if (null? rest)
        (apply values seeds)
        (call operand (list (car rest)) seeds
              (lambda (seeds) (operands (cdr rest) seeds)))))

  (define (long arg rest seeds)
    ;; An option's name may contain "=": try each as the end of the name.
    (let loop ((from 2))
      (let* ((eq (string-index arg #\= from))
             (name (substring arg 2 (or eq (string-length arg))))
             (value (and eq (substring arg (+ eq 1))))
             (opt (find-option name)))
        (cond ((and (not opt) eq) (loop (+ eq 1)))
              ((not opt)
               (reject name (lambda (seeds) (next rest seeds)) seeds))
              ((and (option-required-arg? opt) (not value))
               (fail "Missing required argument after `--~A'" name))
              ((and value (not (option-required-arg? opt)) (not (option-optional-arg? opt)))
               (fail "Extraneous argument after `--~A'" name))
              (else (process opt name value rest seeds))))))

  (define (short cluster index rest seeds)
    (if (= index (string-length cluster))
        (next rest seeds)
        (let* ((name (string-ref cluster index))
               (opt (find-option name))
               (k (lambda (seeds) (short cluster (+ index 1) rest seeds))))
          (cond ((not opt) (reject name k seeds))
                ((not (or (option-required-arg? opt) (option-optional-arg? opt)))
                 (call (option-processor opt) (list opt name #f) seeds k))
                ((< (+ index 1) (string-length cluster))
                 (process opt name (substring cluster (+ index 1)) rest seeds))
                ((pair? rest)
                 (process opt name (car rest) (cdr rest) seeds))
                ((option-required-arg? opt)
                 (fail "Missing required argument after `-~A'" name))
                (else (process opt name #f rest seeds))))))

  (define (next rest seeds)
    (if (null? rest)
        (apply values seeds)
        (let ((arg (car rest)))
          (cond ((string=? arg "--") (operands (cdr rest) seeds))
                ((and (> (string-length arg) 2) (string-prefix? "--" arg))
                 (long arg (cdr rest) seeds))
                ((and (> (string-length arg) 1) (char=? (string-ref arg 0) #\-))
                 (short arg 1 (cdr rest) seeds))
                (else
                 (call operand (list arg) seeds
                       (lambda (seeds) (next (cdr rest) seeds))))))))
  (next args seeds))
