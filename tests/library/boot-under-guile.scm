;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Load the boot files of (guile) into a module of Guile's, with what the engine gives natively taken
;;; from Guile, so that they can be tested without the engine.  Usage: guile boot-under-guile.scm DIR TEST
(define args (cdr (command-line)))
(define dir (car args))
(define order
  '("lists" "control" "macros" "exceptions" "parameters" "promises" "sort" "strings" "char-sets"
    "vectors" "hash" "ports" "print" "properties" "posix" "modules" "misc"))

(define m (make-fresh-user-module))
(define-syntax-rule (native name value)
  (module-define! m 'name value))

(native exit exit)
(native %make-parameter fluid->parameter)
(native %print (lambda* (obj port write? #:optional alist)
                 ((if write? write display) obj port)
                 '()))
(native %vtable-printer (const #f))
(native %hash-handles (lambda (t) (reverse (hash-map->list cons t))))
(native %string-index string-index)
(native %string-rindex string-rindex)
(native %string-skip string-skip)
(native %string-skip-right string-skip-right)
(native %string-count string-count)
(native %string-filter (lambda (s p . r) (apply string-filter p s r)))
(native %string-delete (lambda (s p . r) (apply string-delete p s r)))
(native %string-split string-split)

(let ((order order) (dir dir))
 (set-current-module m)
 (for-each
 (lambda (name)
   (call-with-input-file (string-append dir "/" name ".scm")
     (lambda (port)
       (let loop ((form (read port)))
         (unless (eof-object? form)
           (primitive-eval form)
           (loop (read port)))))))
 order))
(primitive-load (caddr (command-line)))
