;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; A runner for Automake; Guile's module of this name exports nothing either.

(define-module (srfi srfi-64 automake))
