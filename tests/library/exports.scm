;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; For each module below LIB, say which names Guile's module of that name exports and ours does not.
;;; Run by under-guile.scm; the names of the modules are the further arguments.
(use-modules (ice-9 ftw))
(define lib (cadr (command-line)))
(define (module-names dir prefix)
  (apply append
         (map (lambda (entry)
                (let ((file (string-append dir "/" entry)))
                  (cond ((or (member entry '("." ".." "boot"))
                             (and (null? prefix)
                                  (not (member entry '("ice-9" "srfi" "rnrs" "scheme" "system" "sxml"
                                                       "texinfo" "web" "language" "rnrs.scm"))))) '())
                        ((file-is-directory? file)
                         (module-names file (append prefix (list (string->symbol entry)))))
                        ((string-suffix? ".scm" entry)
                         (list (append prefix (list (string->symbol (string-drop-right entry 4))))))
                        (else '()))))
              (scandir dir (const #t) string<?))))
(define (exports interface)
  (module-map (lambda (name variable) name) interface))
(for-each
 (lambda (name)
   (catch #t
     (lambda ()
       (let* ((ours (resolve-interface name))
              (names (exports ours))
              (theirs (hash-ref guile-exports name '()))
              (missing (filter (lambda (n) (not (memq n names))) theirs)))
         (module-for-each (lambda (n v) (unless (variable-bound? v) (format #t "~a: ~a unbound~%" name n))) ours)
         (unless (null? missing)
           (format #t "~a lacks ~a~%" name missing))))
     (lambda (key . args)
       (format #t "~a: ~a ~s~%" name key args))))
 (module-names lib '()))
