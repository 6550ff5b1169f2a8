;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Facts about this installation.

(define-module (guix config)
  #:use-module (fruix core)
  #:export (%guix-package-name %guix-version %guix-bug-report-address
            %guix-home-page-url %store-directory %state-directory
            %system %config-directory))

(define %guix-package-name "fruix")
(define %guix-version "1.5.0")
(define %guix-bug-report-address "")
(define %guix-home-page-url "")
(define %store-directory (core-store-directory))
(define %state-directory "/var/guix")
(define %config-directory "/etc/guix")
(define %system (core-system))
