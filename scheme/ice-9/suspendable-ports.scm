;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Ports that other work goes on beside.  The ports here are native and wait by themselves: installing changes
;;; nothing, and the waiters are never called.

(define-module (ice-9 suspendable-ports)
  #:export (current-read-waiter current-write-waiter install-suspendable-ports!
            uninstall-suspendable-ports!))

(define current-read-waiter (make-parameter (lambda (port) #f)))
(define current-write-waiter (make-parameter (lambda (port) #f)))
(define (install-suspendable-ports!) *unspecified*)
(define (uninstall-suspendable-ports!) *unspecified*)
