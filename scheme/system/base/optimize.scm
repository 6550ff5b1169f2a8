;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Names of optimizations.  The engine has one way to compile; they are known so that what passes them on works.

(define-module (system base optimize)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (available-optimizations pass-optimization-level optimizations-for-level))

;; Option and the level from which on it is in effect.
(define tree-il
  '((#:cps? 2) (#:resolve-free-vars? 2) (#:resolve-primitives? 1) (#:expand-primitives? 1)
    (#:letrectify? 2) (#:demux-lambda? 2) (#:seal-private-bindings? 3) (#:partial-eval? 1)
    (#:eta-expand? 2) (#:inlinable-exports? 2) (#:cross-module-inlining? 2)))

(define cps
  (map (lambda (name) (list name 2))
       '(#:simplify? #:eliminate-dead-code? #:prune-top-level-scopes? #:contify?
         #:specialize-primcalls? #:peel-loops? #:cse? #:type-fold? #:elide-arity-checks?
         #:optimize-known-return-types? #:resolve-self-references? #:devirtualize-integers?
         #:specialize-numbers? #:optimize-branch-chains? #:licm? #:rotate-loops?
         #:precolor-calls?)))

(define (available-optimizations language)
  "Return the optimizations of LANGUAGE, each with its level."
  (match language
    ('tree-il tree-il)
    ('cps cps)))

(define (pass-optimization-level kw specified default)
  (match (memq kw specified)
    (#f default)
    ((_ value . _) value)))

(define (optimizations-for-level level)
  "Return a keyword list that says of each optimization whether LEVEL has it."
  (append-map (match-lambda ((kw at) (list kw (<= at level))))
              (append tree-il cps)))
