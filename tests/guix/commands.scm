;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Runs commands of GNU Guix, one after the other in one process, and prints what
;;; each prints.  The first argument is a file of lists of words, the others
;;; replace TEXTs in them: NAME=TEXT.  Real Guix and fruix run the same program.

(use-modules (guix ui)
             (guix diagnostics)
             (ice-9 match)
             (srfi srfi-1)
             (srfi srfi-26))

(define (exit-status args)
  (match args
    ((or () (#t)) 0)
    ((#f) 1)
    ((status . _) status)))

(define (run words)
  ;; What WORDS print, what they say, and their exit status.
  (let* ((status #f)
         (said (open-output-string))
         (printed
          (call-with-output-string
            (lambda (port)
              (parameterize ((current-output-port port)
                             (current-error-port said)
                             (guix-warning-port said))
                (set! status
                      (catch 'quit
                        (lambda ()
                          (apply (@@ (guix ui) run-guix) words)
                          0)
                        (lambda (key . args)
                          (exit-status args)))))))))
    (values printed (get-output-string said) status)))

(define (substituter definitions)
  (let ((pairs (map (lambda (definition)
                      (let ((at (string-index definition #\=)))
                        (cons (string-take definition at)
                              (string-drop definition (+ at 1)))))
                    definitions)))
    (lambda (word)
      (fold (lambda (pair word)
              (match (string-contains word (car pair))
                (#f word)
                (at (string-replace word (cdr pair)
                                    at (+ at (string-length (car pair)))))))
            word
            pairs))))

(match (command-line)
  ((_ file definitions ...)
   (let ((substitute (substituter definitions)))
     (for-each (lambda (words)
                 (call-with-values (lambda () (run (map substitute words)))
                   (lambda (printed said status)
                     (format #t "### ~a~%~a### said~%~a### status ~a~%"
                             (string-join words) printed said status)
                     (force-output))))
               (call-with-input-file file
                 (lambda (port)
                   (let loop ((all '()))
                     (match (read port)
                       ((? eof-object?) (reverse all))
                       (words (loop (cons words all)))))))))))
