;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Reference graphs, and copies of what is in them.

(load "harness.scm")
(use-modules (guix build store-copy)
             (guix build utils))

(define (show-graph label text)
  (show label
        (map (lambda (info)
               (list (store-info-item info) (store-info-deriver info)
                     (store-info-references info)))
             (call-with-input-string text read-reference-graph))))

(define (graph . nodes)
  (string-concatenate
   (map (match-lambda
          ((item deriver references ...)
           (string-join (append (list item deriver
                                      (number->string (length references)))
                                references)
                        "\n" 'suffix)))
        nodes)))

(show-graph "empty" "")
(show-graph "one" (graph '("a" "a.drv")))
(show-graph "self" (graph '("a" "" "a")))
(show-graph "chain" (graph '("a" "" "b" "a") '("b" "b.drv" "c") '("c" "")))
(show-graph "diamond" (graph '("d" "") '("b" "" "d") '("c" "" "b" "d")
                             '("a" "" "b" "c" "d") '("x" "" "d" "c")))
(show-graph "cycle" (graph '("a" "" "b") '("b" "" "c" "d") '("c" "" "b")
                           '("d" "")))
(show-graph "missing" (graph '("a" "" "b")))

(setenv "NIX_STORE" (string-append scratch "/store"))
(mkdir-p "store/one/sub")
(mkdir "root")
(write-file "store/one/sub/file" "12345")
(symlink "sub/file" "store/one/link")
(write-file "store/two" "1234567")
(chmod "store/two" #o444)
(chmod "store/one/sub" #o555)
(for-each (lambda (name)
            (utime (string-append "store/" name) 1 1 0 0 AT_SYMLINK_NOFOLLOW))
          '("one/sub/file" "one/link" "one/sub" "one" "two"))
(define (item name) (string-append scratch "/store/" name))
(write-file "graph1" (graph (list (item "two") "" (item "one"))
                            (list (item "one") "")))
(write-file "graph2" (graph (list (item "one") "")))
(show "size" (list (file-size "store/two") (file-size "missing")
                   (= (file-size "store")
                      (+ (file-size "store/one") (file-size "store/two")
                         (stat:size (lstat "store"))))
                   (= (closure-size '("graph1" "graph2"))
                      (+ (file-size "store/one") (file-size "store/two")))))
(populate-store '("graph1" "graph2") (string-append scratch "/root")
                #:deduplicate? #f #:log-port (%make-void-port "w"))
(show-tree "root")
