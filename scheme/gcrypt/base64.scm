;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Base-64 notation of bytevectors, with the interface of Guile-Gcrypt.

(define-module (gcrypt base64)
  #:use-module ((fruix bindings hash) #:prefix native:)
  #:use-module (rnrs bytevectors)
  #:export (base64-encode base64-decode base64-alphabet base64url-alphabet))

(define base64-alphabet
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
(define base64url-alphabet
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

(define (part bv start end)
  (if (and (eqv? start 0) (or (not end) (= end (bytevector-length bv))))
      bv
      (let* ((count (- (or end (bytevector-length bv)) start))
             (result (make-bytevector count)))
        (bytevector-copy! bv start result 0 count)
        result)))

(define (translate text from to)
  (if (string=? from to)
      text
      (string-map (lambda (c)
                    (let ((index (string-index from c)))
                      (if index (string-ref to index) c)))
                  text)))

(define* (base64-encode bv #:optional (start 0) end line-length no-padding
                        (alphabet base64-alphabet) port)
  "Return the characters for BV from START to END, or write them to PORT."
  (let* ((text (native:base64-encode (part bv start end)))
         (text (if no-padding (string-trim-right text #\=) text))
         (text (translate text base64-alphabet alphabet))
         (text (if line-length (break-lines text line-length) text)))
    (if port (display text port) text)))

(define (break-lines text width)
  ;; Lines of WIDTH characters.
  (let loop ((start 0) (lines '()))
    (if (>= (+ start width) (string-length text))
        (string-join (reverse (cons (substring text start) lines)) "\n")
        (loop (+ start width)
              (cons (substring text start (+ start width)) lines)))))

(define* (base64-decode text #:optional (alphabet base64-alphabet) port
                        (strict? #t) (strict-padding? #t))
  "Return the bytevector that TEXT stands for, or write it to PORT."
  (let* ((text (translate text alphabet base64-alphabet))
         (text (if strict? text
                   (string-filter (lambda (c)
                                    (or (string-index base64-alphabet c)
                                        (char=? c #\=)))
                                  text)))
         (missing (modulo (- (string-length text)) 4))
         (text (if strict-padding? text
                   (string-append text (make-string missing #\=))))
         (bytes (native:base64-decode text)))
    (if port
        ((@ (ice-9 binary-ports) put-bytevector) port bytes)
        bytes)))
