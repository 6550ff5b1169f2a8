;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; REPL servers: there are none.

(define-module (system repl coop-server)
  #:export (spawn-coop-repl-server poll-coop-repl-server))

(define (spawn-coop-repl-server . args)
  "Do nothing."
  #f)

(define (poll-coop-repl-server . args)
  "Do nothing."
  #f)
