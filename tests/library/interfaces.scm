;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Print what modules offer, one line a name: "(module name) name".  Usage: interfaces.scm FILE
;;; FILE lists the modules, one a line; run with Guile and with the engine, and compare.
(use-modules (ice-9 rdelim))

(define (show name)
  (let ((lines (catch #t
                 (lambda ()
                   (module-map (lambda (symbol variable)
                                 (format #f "~a ~s" name symbol))
                               (resolve-interface name)))
                 (lambda (key . args)
                   (format (current-error-port) "~a: ~a ~s~%" name key args)
                   (list (format #f "~a cannot be loaded" name))))))
    (for-each (lambda (line) (display line) (newline)) (sort lines string<?))))

(call-with-input-file (cadr (command-line))
  (lambda (port)
    (let loop ((line (read-line port)))
      (unless (eof-object? line)
        (when (string-prefix? "(" line)
          (show (call-with-input-string line read)))
        (loop (read-line port))))))
