;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS sorting.

(define-module (rnrs sorting)
  #:export (list-sort vector-sort vector-sort!))

(define (list-sort less lst)
  "Return LST sorted by LESS."
  (sort lst less))

(define (vector-sort less vec)
  "Return VEC sorted by LESS."
  (sort vec less))

(define (vector-sort! less vec)
  "Sort VEC by LESS in place."
  (sort! vec less))
