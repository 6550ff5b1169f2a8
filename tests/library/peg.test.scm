;;; SPDX-License-Identifier: GPL-3.0-or-later
(use-modules (ice-9 peg))
(primitive-load (string-append (dirname (current-filename)) "/prelude.scm"))
(define (m p s) (let ((r (match-pattern p s))) (and r (list (peg:start r) (peg:end r) (peg:string r) (peg:tree r) (peg:substring r)))))
(define-peg-pattern letter body (range #\a #\z))
(define-peg-pattern word all (+ letter))
(define-peg-pattern sp none (* " "))
(define-peg-pattern words all (and word (* (and sp word))))
(define-peg-pattern num all (+ (range #\0 #\9)))
(define-peg-pattern pair all (and word (ignore "=") num))
(define-peg-pattern pairs body (and pair (* (and (ignore ",") pair))))
(define-peg-pattern opt all (and (? "-") num))
(define-peg-pattern nothing all (* "z"))
(define-peg-pattern neg body (and (not-followed-by "ab") word))
(define-peg-pattern pos body (and (followed-by "ab") word))
(define-peg-pattern quiet all (and (ignore "(") (capture letter) (ignore ")")))
(define-peg-pattern nest all (and "(" (* (or nest letter)) ")"))
(define-peg-pattern nest2 all (and (ignore "(") (* (or nest2 word)) (ignore ")")))
(define-peg-pattern a1 all "a")
(define-peg-pattern as body (* a1))
(define-peg-pattern as1 all (* a1))
(define-peg-pattern anyall all (and peg-any peg-any))
(define-peg-pattern two all (and a1 a1))
(define-peg-pattern three all (and a1 a1 "b"))
(define-peg-pattern mixed all (and "b" a1 "c" "d" a1))
(define-peg-pattern none-in none (and a1 "b"))
(define-peg-pattern with-none all (and "x" none-in "y" "z"))
(define-peg-pattern choice all (or "ab" "a" (and "b" a1)))
(define-peg-pattern plus-group all (+ (and a1 (ignore ","))))
(define-peg-pattern plus-group2 all (+ (and a1 num)))
(define-peg-pattern deep body (and (and (and "a" "b") "c") (* (and "d" "e"))))
(t (m word "abc1") (m word "1") (m words "ab cd  ef") (m words "ab") (m pair "ab=12") (m pairs "a=1,b=2") (m pairs "a=1") (m opt "-3") (m opt "3") (m nothing "") (m nothing "zz")
   (m neg "abc") (m neg "bac") (m pos "abc") (m pos "bac") (m quiet "(a)") (m nest "(a(b)c)") (m nest "()") (m nest2 "(ab(c)(d e)f)") (m nest2 "(ab(c)(d)f)") (m nest2 "()") (m as "aaa") (m as "a") (m as "") (m as1 "aaa") (m as1 "a") (m as1 "")
   (m anyall "xy") (m anyall "x") (m two "aa") (m three "aab") (m mixed "bacda") (m with-none "xabyz") (m choice "ab") (m choice "ac") (m choice "ba") (m plus-group "a,a,") (m plus-group2 "a1a22") (m plus-group2 "a1") (m deep "abcdede") (m none-in "ab"))
(t (peg:tree (search-for-pattern word "12 abc")) (peg:start (search-for-pattern word "12 abc")) (search-for-pattern word "12") (peg:tree (search-for-pattern (+ (or "b" "c")) "12 abc"))
   (peg-record? (search-for-pattern word "a")) (peg-record? 1))
(define-peg-string-patterns "
passwd <-- entry* !.
entry <-- (! NL .)* NL*
NL < '\n'
")
(define-peg-string-patterns "
expr <- sum
sum <-- product (('+' / '-') product)*
product <-- value (('*' / '/') value)*
value <-- number / '(' expr ')'
number <-- [0-9]+
id <- [a-zA-Z_] [a-zA-Z0-9]*
str <-- DQ (!DQ .)* DQ
DQ < [\"]
opt2 <-- 'a'? 'b'+ &'c'
")
(t (m passwd "a:b\nc:d\n") (m passwd "") (m expr "1+2*(3-4)") (m expr "1") (m id "ab1 ") (m str "\"a b\"") (m opt2 "abbc") (m opt2 "bc") (m opt2 "ab"))
(define-peg-pattern mixed-peg all (and "x" (peg "[a-c]+ 'z'")))
(t (m mixed-peg "xabz") (m mixed-peg "xz"))
(t (keyword-flatten '(a) '((a 1) ((a 2) (b (a 3))))) (keyword-flatten '(a b) '(a 1 (b 2))) (context-flatten (lambda (x) (and (pair? x) (eq? (car x) 'k))) '(1 (k 2) ((k 3) 4))))
