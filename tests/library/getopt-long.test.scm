;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Command lines; a mistake shows as the key quit.
(use-modules (ice-9 getopt-long))
(primitive-load (string-append (dirname (current-filename)) "/prelude.scm"))
(define grammar
  `((help (single-char #\h)) (version (single-char #\v) (value #f)) (file (single-char #\f) (value #t))
    (opt (value optional) (single-char #\o)) (num (value #t) (predicate ,string->number))))
(define* (try args #:optional (grammar grammar) #:rest options)
  (with-error-to-port (%make-void-port "w")
    (lambda () (apply getopt-long (cons "prog" args) grammar options))))
(t (map (lambda (args) (catch #t (lambda () (try args)) (lambda (key . rest) (cons key rest))))
        '(() ("-h") ("--help" "x") ("-hv" "a" "b") ("-f" "foo" "rest") ("--file=foo" "--file" "bar") ("--file") ("-f") ("-o") ("-o" "x")
          ("--opt" "x") ("--opt=x") ("--opt" "-h") ("a" "-h" "b") ("--" "-h") ("--num=5") ("--num=x") ("--bad") ("-z") ("--help=3") ("-")
          ("-f" "-h") ("-f=3") ("--file=") ("-ho" "x") ("-hf3")))
   (try '("a" "-h") grammar #:stop-at-first-non-option #t)
   (try '("x") '((need (required? #t) (value #t)))) (try '("--need" "x") '((need (required? #t) (value #t))))
   (let ((o (try '("-h" "--file" "a" "rest"))))
     (list (option-ref o 'help #f) (option-ref o 'file 1) (option-ref o 'version 'd) (option-ref o '() #f))))
