;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Messages are in English; these are the hooks for translating them.

(define-module (guix i18n)
  #:export (G_ N_ P_ C_ NC_ %gettext-domain %package-text-domain initialize-guix))

(define %gettext-domain "guix")
(define %package-text-domain "guix-packages")

(define (G_ message) message)
(define (P_ message) message)

(define (N_ singular plural number)
  "The message for NUMBER things."
  (if (= number 1) singular plural))

(define-syntax-rule (C_ context message) message)
(define-syntax-rule (NC_ context singular plural number)
  (N_ singular plural number))

(define (initialize-guix) #t)
