;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; R6RS input and output.  A transcoder is a codec, which is the name of an encoding, an end-of-
;;; line style and an error handling mode.

(define-module (rnrs io ports)
  #:use-module (rnrs files)
  #:use-module (rnrs enums)
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 textual-ports)
  #:use-module (ice-9 ports)
  #:use-module ((ice-9 iconv) #:prefix iconv:)
  #:use-module (srfi srfi-9)
  #:use-module ((ice-9 exceptions) #:select (define-exception-type))
  #:re-export (&i/o &i/o-file-already-exists &i/o-file-does-not-exist &i/o-file-is-read-only
               &i/o-file-protection &i/o-filename &i/o-invalid-position &i/o-port &i/o-read
               &i/o-write call-with-port close-port current-error-port current-input-port
               current-output-port eof-object eof-object? get-bytevector-all get-bytevector-n
               get-bytevector-n! get-bytevector-some get-char get-line get-string-all
               get-string-n get-string-n! get-u8 i/o-error-filename i/o-error-port i/o-error?
               i/o-file-already-exists-error? i/o-file-does-not-exist-error?
               i/o-file-is-read-only-error? i/o-file-protection-error? i/o-filename-error?
               i/o-invalid-position-error? i/o-port-error? i/o-read-error? i/o-write-error?
               input-port? lookahead-char lookahead-u8 make-custom-binary-input-port
               make-custom-binary-input/output-port make-custom-binary-output-port
               make-custom-textual-input-port make-custom-textual-input/output-port
               make-custom-textual-output-port make-i/o-error
               make-i/o-file-already-exists-error make-i/o-file-does-not-exist-error
               make-i/o-file-is-read-only-error make-i/o-file-protection-error
               make-i/o-filename-error make-i/o-invalid-position-error make-i/o-port-error
               make-i/o-read-error make-i/o-write-error open-bytevector-input-port
               open-bytevector-output-port output-port? port? put-bytevector put-char
               put-string put-u8)
  #:export (&i/o-decoding &i/o-encoding binary-port? buffer-mode buffer-mode?
            bytevector->string call-with-bytevector-output-port call-with-string-output-port
            eol-style error-handling-mode file-options flush-output-port get-datum
            i/o-decoding-error? i/o-encoding-error-char i/o-encoding-error? latin-1-codec
            make-i/o-decoding-error make-i/o-encoding-error make-transcoder native-eol-style
            native-transcoder open-file-input-port open-file-input/output-port
            open-file-output-port open-string-input-port open-string-output-port
            output-port-buffer-mode port-eof? port-has-port-position?
            port-has-set-port-position!? port-position port-transcoder put-datum
            set-port-position! standard-error-port standard-input-port standard-output-port
            string->bytevector textual-port? transcoded-port transcoder-codec
            transcoder-eol-style transcoder-error-handling-mode utf-16-codec utf-8-codec))

(define-exception-type &i/o-decoding &i/o-port make-i/o-decoding-error i/o-decoding-error?)
(define-exception-type &i/o-encoding &i/o-port make-i/o-encoding-error i/o-encoding-error?
  (char i/o-encoding-error-char))

(define-record-type <transcoder>
  (%make-transcoder codec eol-style error-handling-mode)
  transcoder?
  (codec transcoder-codec)
  (eol-style transcoder-eol-style)
  (error-handling-mode transcoder-error-handling-mode))

(define* (make-transcoder codec #:optional (eol (native-eol-style)) (mode 'replace))
  "Return a transcoder of CODEC."
  (%make-transcoder codec eol mode))

(define (native-transcoder)
  "Return the transcoder of UTF-8."
  (make-transcoder (utf-8-codec)))

(define (latin-1-codec) "Return the codec of ISO-8859-1." "ISO-8859-1")
(define (utf-8-codec) "Return the codec of UTF-8." "UTF-8")
(define (utf-16-codec) "Return the codec of UTF-16." "UTF-16")
(define (native-eol-style) "Return the style of the system." 'none)

(define-enumeration file-option (no-create no-fail no-truncate) file-options)
(define-enumeration buffer-mode (none line block) make-buffer-modes)
(define-enumeration eol-style (lf cr crlf nel crnel ls none) make-eol-styles)
(define-enumeration error-handling-mode (ignore raise replace) make-error-handling-modes)

(define (buffer-mode? obj)
  "Return true if OBJ is a buffer mode."
  (and (memq obj '(none line block)) #t))

(define (strategy transcoder)
  (case (transcoder-error-handling-mode transcoder)
    ((raise) 'error)
    (else 'substitute)))

(define (transcode! port transcoder)
  (when transcoder
    (set-port-encoding! port (transcoder-codec transcoder))
    (set-port-conversion-strategy! port (strategy transcoder)))
  port)

(define (transcoded-port port transcoder)
  "Return PORT, from now on textual by TRANSCODER."
  (transcode! port transcoder))

(define (port-transcoder port)
  "Return the transcoder of PORT, #f if it is binary."
  (and (textual-port? port)
       (make-transcoder (port-encoding port) (native-eol-style)
                        (case (port-conversion-strategy port)
                          ((error) 'raise)
                          (else 'replace)))))

(define (binary-port? port)
  "Return true if PORT is binary: without an encoding but that of bytes."
  (equal? (port-encoding port) "ISO-8859-1"))

(define (textual-port? port)
  "Return true if PORT is textual: every port can be."
  (and (port? port) #t))

(define (bytevector->string bv transcoder)
  "Return BV decoded by TRANSCODER."
  (iconv:bytevector->string bv (transcoder-codec transcoder) (strategy transcoder)))

(define (string->bytevector str transcoder)
  "Return STR encoded by TRANSCODER."
  (iconv:string->bytevector str (transcoder-codec transcoder) (strategy transcoder)))

(define* (call-with-bytevector-output-port proc #:optional transcoder)
  "Return the bytevector of what PROC writes to the port it gets."
  (call-with-values open-bytevector-output-port
    (lambda (port get)
      (proc (transcode! port transcoder))
      (get))))

(define (call-with-string-output-port proc)
  "Return the string of what PROC writes to the port it gets."
  (call-with-output-string proc))

(define (open-string-input-port str)
  "Return a port that reads STR."
  (open-input-string str))

(define (open-string-output-port)
  "Return an output port, and a procedure that returns what was written to it."
  (let ((port (open-output-string)))
    (values port (lambda () (get-output-string port)))))

(define (flush-output-port port)
  "Write out what PORT has buffered."
  (force-output port))

(define (get-datum port)
  "Read a datum."
  (read port))

(define (put-datum port datum)
  "Write DATUM."
  (write datum port))

(define (port-eof? port)
  "Return true if PORT is at its end."
  (eof-object? (if (binary-port? port) (lookahead-u8 port) (peek-char port))))

(define (port-position port)
  "Return the position of PORT."
  (seek port 0 SEEK_CUR))

(define (set-port-position! port position)
  "Set the position of PORT."
  (seek port position SEEK_SET))

(define (seekable? port)
  (and (catch #t
         (lambda () (seek port 0 SEEK_CUR))
         (lambda args #f))
       #t))

(define (port-has-port-position? port)
  "Return true if PORT has a position."
  (seekable? port))

(define (port-has-set-port-position!? port)
  "Return true if the position of PORT can be set."
  (seekable? port))

(define (output-port-buffer-mode port)
  "Return the buffer mode of PORT."
  'block)

(define (open-with-conditions file flags)
  (catch 'system-error
    (lambda () (open file flags))
    (lambda args
      (let ((errno (system-error-errno args)))
        (raise-exception
         (cond ((= errno EEXIST) (make-i/o-file-already-exists-error file))
               ((= errno ENOENT) (make-i/o-file-does-not-exist-error file))
               ((= errno EACCES) (make-i/o-file-protection-error file))
               ((= errno EROFS) (make-i/o-file-is-read-only-error file))
               (else (make-i/o-filename-error file))))))))

(define (open-port file flags mode transcoder)
  (let ((port (open-with-conditions file flags)))
    (setvbuf port mode)
    (if transcoder
        (transcode! port transcoder)
        (set-port-encoding! port "ISO-8859-1"))
    port))

(define (output-flags options)
  (let ((has? (lambda (option) (enum-set-member? option options))))
    (logior (if (has? 'no-create) 0 O_CREAT)
            (if (or (has? 'no-create) (has? 'no-fail)) 0 O_EXCL)
            (if (has? 'no-truncate) 0 O_TRUNC))))

(define* (open-file-input-port file #:optional (options (file-options)) (mode 'block) transcoder)
  "Return a port that reads FILE."
  (open-port file O_RDONLY mode transcoder))

(define* (open-file-output-port file #:optional (options (file-options)) (mode 'block) transcoder)
  "Return a port that writes FILE."
  (open-port file (logior O_WRONLY (output-flags options)) mode transcoder))

(define* (open-file-input/output-port file #:optional (options (file-options)) (mode 'block)
                                      transcoder)
  "Return a port that reads and writes FILE."
  (open-port file (logior O_RDWR (output-flags options)) mode transcoder))

(define (standard-input-port)
  "Return a binary port of the standard input."
  (dup->inport 0))

(define (standard-output-port)
  "Return a binary port of the standard output."
  (dup->outport 1))

(define (standard-error-port)
  "Return a binary port of the standard error."
  (dup->outport 2))
