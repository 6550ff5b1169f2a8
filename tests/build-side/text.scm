;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Rewriting files: substitutions, shebangs, references, wrappers.

(load "harness.scm")
(use-modules (guix build utils)
             (srfi srfi-34))

(setlocale LC_ALL "C.UTF-8")

(define-syntax-rule (edited text exp)
  ;; The contents of file "x" after EXP, if it contains TEXT before.
  (begin
    (write-file "x" text)
    (chmod "x" #o640)
    (show 'exp exp)
    (show-file "x")))

;; Substitutions.
(edited "hello world\nhello\n"
        (substitute* "x" (("hello") "bye")))
(edited "foo123bar456\nabc\n"
        (substitute* "x"
          (("foo([0-9]+)bar(.*)$" all digits end)
           (string-append "<" all "|" digits "|" end ">"))
          (("[a-c]" c) (string-upcase c))))
(edited "a1 b2 c3\n"
        (substitute* "x"
          (("([a-z])([0-9])" _ letter) letter)))
(edited "a1 b2 c3\n"
        (substitute* "x"
          (("([a-z])([0-9])" _ _ digit) digit)))
(edited "k = v # c\nno newline at end"
        (substitute* "x"
          (("^(.*) = (.*)$" _ key value)
           (list "ignored")
           (string-append value " = " key))))
(edited "line\n\nline\n" (substitute* "x" (("^$") "empty")))
(edited "a\nb\n" (substitute* "x" (("a\n") "") (("b") "c")))
(edited "aaa\n" (substitute* "x" (("a") "b") (("b") "c") (("^c") "d")))
(edited "aaa\n" (substitute* "x" (("a*") "x")))
(edited "abab" (substitute* "x" (("(a)|(b)" all a b)
                                 (if a "1" "2"))))
(edited "nul \x00 here \xe000; and\x00 there\nxyz\n"
        (substitute* "x" (("here") "HERE") (("there$") "T")))
(edited "p\x00q\n" (substitute* "x" (("p(.)q" all middle)
                                     (string-append middle "!"))))
(edited "grün λ\n" (substitute* "x" (("ü") "ue") (("λ") "ß")))
(edited "A.b\n" (substitute* "x" (((string-append "A" "\\.b")) "c")))
(edited "Foo foo\n" (let ((rx (make-regexp "foo" regexp/icase)))
                      (substitute* "x" ((rx) "bar"))))
(edited "abc" (substitute* '() ((never-evaluated) "x")))
(edited "abc" (substitute* "x"))
(write-file "y" "one\n")
(edited "one\n" (substitute* (list "x" "y") (("one" all) "two")))
(show-file "y")
(edited "one\n" (substitute* "missing" (("one") "two")))
;; Where Guix leaves a temporary file behind, which we do not.
(for-each delete-file (find-files "." "^missing"))
(edited "one\n" (substitute* 'symbol (("one") "two")))
(edited "one\n" (substitute* "x" (("one") (error "no"))))
(show "left over" (find-files "."))
(edited "l1\nl2\n"
        (substitute "x" `(("l([0-9])" . ,(lambda (line matches)
                                           (string-append
                                            (number->string (length matches))
                                            line)))
                          (,(make-regexp "2") . ,(lambda (line matches)
                                                   "gone\n")))))
(edited "text"
        (with-atomic-file-replacement "x"
          (lambda (in out)
            (display (string-reverse (get-string-all in)) out)
            'result)))
(edited "text"
        (with-atomic-file-replacement "x"
          (lambda (in out) (error "no"))))
(show "left over" (find-files "."))

;; Shebangs.
(mkdir "bin")
(for-each (lambda (name)
            (let ((file (string-append "bin/" name)))
              (write-file file "")
              (chmod file #o755)))
          '("sh" "bash" "python3" "env" "perl" "file"))
(setenv "PATH" (string-append scratch "/bin:/nowhere::/usr/bin"))

(define-syntax-rule (patched text exp)
  (begin
    (write-file "x" text)
    (chmod "x" #o751)
    (utime "x" 1 2 3 4)
    (show 'exp exp)
    (show-tree "x")))

(for-each (lambda (line)
            (patched (string-append line "\nrest\n") (patch-shebang "x")))
          '("#!/bin/sh" "#! /bin/sh" "#!/bin/sh -e" "#!  /bin/sh   -e -x  y"
            "#!/usr/bin/env python3" "#!/usr/bin/env  python3 -u  x"
            "#!/usr/bin/env" "#!/usr/bin/env -S perl -w" "#!/opt/ruby" "#!"
            "#" "" "#!sh" "x#!/bin/sh" "#!/bin/sh\tfoo" "#!/bin/b\xe4sh"
            "#!@SHELL@" "#!/bin/sh\r"))
(patched "#!/bin/sh" (patch-shebang "x"))
(patched "#!/usr/bin/perl\n" (patch-shebang "x" '("/nowhere" "/also/not")))
(patched "#!/x/sh\n" (patch-shebang "x" (list scratch "/bin")))
(patched "#!/x/sh\nbin\x00ary\xff\n"
         (truth (patch-shebang "x" #:keep-mtime? #f)))
(patched (string-append "#!" scratch "/bin/sh\n") (patch-shebang "x"))
(show "missing" (patch-shebang "missing"))

;; Makefiles and configure.
(patched "SHELL = /bin/sh\nSHELL=/x/bash -e\n SHELL := /bin/ksh\nSHELL ?= /a/sh
FOO=/bin/sh\nMYSHELL = /bin/sh\n SHELL  =  sh\n\xe4\n"
         (begin (patch-makefile-SHELL "x") 'done))
(patched "SHELL=/bin/sh\n"
         (begin (patch-makefile-SHELL "x" #:keep-mtime? #f) 'done))
(patched "a=/usr/bin/file b=\"/usr/bin/file -x\"\nnone\n"
         (begin (patch-/usr/bin/file "x") 'done))
(patched "a=/usr/bin/file\n"
         (begin (patch-/usr/bin/file "x" #:file-command #f) 'done))
(patched "a=/usr/bin/file\n"
         (begin (patch-/usr/bin/file "x" #:file-command "/F" #:keep-mtime? #f)
                'done))

;; References.
(define (matches pattern text)
  (let ((result (fold-port-matches (lambda (match result)
                                     (cons match result))
                                   '() pattern (open-input-string text)
                                   (lambda (char result)
                                     (cons char result)))))
    (reverse result)))
(for-each (lambda (pattern text)
            (show (list pattern text) (matches pattern text)))
          '("ab" "aab" "abab" "aaa" "x" "abc")
          '("abab" "aaab" "ababab" "aaaaa" "" "ababcab"))
(show "sets" (matches (list (char-set #\a #\b) char-set:digit) "a1b2c3ab4a"))
(show "default" (fold-port-matches cons '() "a" (open-input-string "banana")))

(define hash "0123456789abcdfghijklmnpqrsvwxyz")
(for-each (lambda (text)
            (edited text (remove-store-references "x" "/gnu/store")))
          (list (string-append "x/gnu/store/" hash "-foo\x00/gnu/store/" hash
                               "-bar")
                (string-append "/gnu/store/" hash "_no")
                (string-append "/gnu/store/" (substring hash 1) "-no")
                (string-append "/gnu/gnu/store/" hash "-yes")
                (string-append "/gnu/store//gnu/store/" hash "-yes")
                "/gnu/store/eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee-already"
                (string-append "/gnu/store/" hash)
                "short" ""))
(setenv "NIX_STORE" "/other")
(edited (string-append "/other/" hash "-x") (remove-store-references "x"))

;; Wrappers.
(define (make-program file text)
  (when (file-exists? file) (delete-file file))
  (write-file file text)
  (chmod file #o755))
(make-program "bin/prog" "#!/bin/sh\necho hi\n")
(show "wrap" (begin
               (wrap-program "bin/prog"
                 '("PATH" ":" = ("/a/bin" "/b/bin"))
                 '("A" prefix ("/a" "/b"))
                 '("B" suffix ("/c"))
                 '("C" " " prefix ("/d" "/e"))
                 '("D" ";" suffix ("/f" "/g"))
                 '("E" = ("/h"))
                 '("F" "" = ("1")))
               'done))
(show-tree "bin")
(show "wrap again" (begin
                     (wrap-program "bin/prog" '("G" prefix ("/i"))
                                   '("H" = ("x")))
                     'done))
(show-file "bin/prog")
(make-program "bin/p2" "binary")
(wrap-program "bin/p2" #:sh "/my/sh" '("X" = ("1")))
(show-file "bin/p2")
(wrap-program (string-append scratch "/bin/p2") #:sh "/other/sh"
              '("Y" suffix ("2")))
(show-file "bin/p2")
(make-program "bin/p3" "binary")
(wrap-program "bin/p3" #:sh "/my/sh")
(show-file "bin/p3")
(show "wrapped?" (map wrapped-program?
                      '("bin/prog" "bin/.prog-real" "bin/.nope-real")))
(show "refuse" (wrap-program "bin/.prog-real" '("X" = ("1"))))
(show "bad" (wrap-program "bin/perl" '("X" infix ("1"))))

(for-each (lambda (text)
            (make-program "bin/script" text)
            (utime "bin/script" 5 6 7 8)
            (show text
                  (guard (c ((wrap-error? c)
                             (list 'wrap-error (wrap-error-program c)
                                   (wrap-error-type c))))
                    (wrap-script "bin/script" #:guile "/g/bin/guile"
                                 '("A" ":" = ("/a" "/b"))
                                 '("B" prefix ("/c"))
                                 '("C" suffix ("/d"))
                                 '("D" ";" prefix ("/e" "/f"))
                                 '("E" ";" suffix ("/g"))
                                 '("F" = ("\"quoted\" \\ ü")))
                    'done))
            (show-tree "bin/script"))
          '("#!/usr/bin/python3\nprint(1)\n"
            "#!/usr/bin/python3 -u -x\n# -*- coding: latin-1 -*-\nprint(1)\n"
            "#! /usr/bin/perl -w\nprint 1;\n"
            "#!/opt/bin/Rscript\n# vim: set fileencoding=utf-8 :\n"
            "#!/usr/bin/env python3\n" "#!/bin/lua\n" "" "ELF"))
