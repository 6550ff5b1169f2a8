;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; REPL servers: there are none.

(define-module (system repl server)
  #:export (make-tcp-server-socket make-unix-domain-server-socket run-server spawn-server
            stop-server-and-clients!))

(define (make-tcp-server-socket . args)
  "Do nothing."
  #f)

(define (make-unix-domain-server-socket . args)
  "Do nothing."
  #f)

(define (run-server . args)
  "Do nothing."
  #f)

(define (spawn-server . args)
  "Do nothing."
  #f)

(define (stop-server-and-clients! . args)
  "Do nothing."
  #f)
