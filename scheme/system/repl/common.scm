;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; REPLs as commands see them: a language and options.  Same public interface as Guile's module of this
;;; name, as far as it goes.

(define-module (system repl common)
  #:use-module (srfi srfi-9)
  #:use-module (system base language)
  #:export (repl-option-ref repl-option-set! repl-default-option-set! repl-default-prompt-set!
            make-repl repl-language repl-options repl-welcome repl-eval repl-print puts
            user-error *version* flush-all-input))

(define-record-type <repl>
  (%make-repl language options)
  repl?
  (language repl-language)
  (options repl-options set-repl-options!))

(define *version* (string-append "fruix, speaking Guile " (version)))
(define default-options '())

(define* (make-repl language #:optional debug)
  "Return a REPL of LANGUAGE, which may be its name."
  (%make-repl (if (symbol? language) (lookup-language language) language)
              default-options))

(define (repl-option-ref repl key)
  "Return the option KEY of REPL."
  (assq-ref (repl-options repl) key))

(define (repl-option-set! repl key value)
  "Set the option KEY of REPL."
  (set-repl-options! repl (acons key value (repl-options repl))))

(define (repl-default-option-set! key value)
  "Set the option KEY of REPLs to come."
  (set! default-options (acons key value default-options)))

(define (repl-default-prompt-set! prompt)
  "Set the prompt of REPLs to come."
  (repl-default-option-set! 'prompt prompt))

(define (repl-welcome repl)
  "Print nothing."
  #f)

(define (repl-eval repl form)
  "Return the value of FORM in the language of REPL."
  (let ((evaluate (language-evaluator (repl-language repl))))
    (if evaluate
        (evaluate form (current-module))
        (primitive-eval form))))

(define (repl-print repl value)
  "Print VALUE."
  (unless (unspecified? value)
    (run-hook before-print-hook value)
    (write value)
    (newline)))

(define (puts str)
  "Print STR and a newline."
  (display str)
  (newline))

(define (user-error message . args)
  "Throw a user's error."
  (throw 'user-error #f message args #f))

(define (flush-all-input)
  "Do nothing."
  #f)
