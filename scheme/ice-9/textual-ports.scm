;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Textual input and output; the primitives are native.

(define-module (ice-9 textual-ports)
  #:use-module (fruix native)
  #:use-module ((rnrs bytevectors)
                #:select (string->utf8 utf8->string bytevector-u8-ref bytevector-copy!
                          bytevector-length make-bytevector))
  #:re-export (get-char get-line get-string-all get-string-n get-string-n! lookahead-char
               put-char put-string unget-char unget-string)
  #:export (make-custom-textual-input-port make-custom-textual-output-port
            make-custom-textual-input/output-port))

;; A custom textual port is a binary one whose bytes are UTF-8.

(define (reader read!)
  (and read!
       (let ((pending #f) (offset 0))
         (lambda (bv start count)
           (when (or (not pending) (= offset (bytevector-length pending)))
             (let* ((str (make-string 1024))
                    (n (read! str 0 1024)))
               (set! pending (string->utf8 (substring str 0 n)))
               (set! offset 0)))
           (let ((n (min count (- (bytevector-length pending) offset))))
             (bytevector-copy! pending offset bv start n)
             (set! offset (+ offset n))
             n)))))

(define (incomplete-tail bv len)
  ;; How many of the first LEN bytes of BV belong to a character that is not whole.
  (let loop ((back 1))
    (if (or (> back 3) (> back len))
        0
        (let ((byte (bytevector-u8-ref bv (- len back))))
          (cond ((< byte #x80) 0)
                ((< byte #xc0) (loop (+ back 1)))
                ((< back (cond ((< byte #xe0) 2) ((< byte #xf0) 3) (else 4))) back)
                (else 0))))))

(define (writer write!)
  (and write!
       (let ((kept (make-bytevector 0)))
         (lambda (bv start count)
           (let* ((before (bytevector-length kept))
                  (all (make-bytevector (+ before count))))
             (bytevector-copy! kept 0 all 0 before)
             (bytevector-copy! bv start all before count)
             (let* ((tail (incomplete-tail all (+ before count)))
                    (len (- (+ before count) tail))
                    (whole (make-bytevector len)))
               (bytevector-copy! all 0 whole 0 len)
               (set! kept (make-bytevector tail))
               (bytevector-copy! all len kept 0 tail)
               (let* ((str (utf8->string whole))
                      (end (string-length str)))
                 (let loop ((i 0))
                   (when (< i end)
                     (loop (+ i (write! str i (- end i))))))))
             count)))))

(define (utf-8 port)
  (set-port-encoding! port "UTF-8")
  port)

(define (make-custom-textual-input-port id read! get-position set-position! close)
  "Return an input port; READ! stores at most COUNT characters into a string from START, and returns how many."
  (utf-8 (%make-custom-binary-port id (reader read!) #f get-position set-position! close)))

(define (make-custom-textual-output-port id write! get-position set-position! close)
  "Return an output port; WRITE! takes at most COUNT characters of a string from START, and returns how many."
  (utf-8 (%make-custom-binary-port id #f (writer write!) get-position set-position! close)))

(define (make-custom-textual-input/output-port id read! write! get-position set-position! close)
  "Return an input and output port of READ! and WRITE!."
  (utf-8 (%make-custom-binary-port id (reader read!) (writer write!)
                                   get-position set-position! close)))
