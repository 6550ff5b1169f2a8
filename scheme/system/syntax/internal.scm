;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; The inside of syntax objects, native.

(define-module (system syntax internal)
  #:use-module (fruix native)
  #:re-export (%syntax-module make-syntax syntax-expression syntax-local-binding
               syntax-locally-bound-identifiers syntax-module syntax-session-id syntax-sourcev
               syntax-wrap syntax?))
