;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Waiting for ports.  Its procedures are not written yet, so that what imports them loads, and
;;; fails where it calls them.

(define-module (ice-9 poll)
  #:export (make-empty-poll-set poll poll-set-add! poll-set-events poll-set-find-port
            poll-set-port poll-set-remove! poll-set-revents set-poll-set-events!
            set-poll-set-revents! poll-set-nfds poll-set? POLLERR POLLHUP POLLIN POLLNVAL
            POLLOUT POLLPRI POLLRDHUP))

(define (not-yet name)
  (lambda args
    (scm-error 'misc-error (symbol->string name) "not there yet in fruix" '() #f)))

(define-syntax-rule (define-not-yet name ...)
  (begin (define name (not-yet 'name)) ...))

(define-not-yet
  make-empty-poll-set poll poll-set-add! poll-set-events poll-set-find-port poll-set-port
  poll-set-remove! poll-set-revents set-poll-set-events! set-poll-set-revents!)

(define-syntax-rule (poll-set-nfds . args)
  ((not-yet 'poll-set-nfds)))

(define-syntax-rule (poll-set? . args)
  ((not-yet 'poll-set?)))
(define POLLERR #f)
(define POLLHUP #f)
(define POLLIN #f)
(define POLLNVAL #f)
(define POLLOUT #f)
(define POLLPRI #f)
(define POLLRDHUP #f)
