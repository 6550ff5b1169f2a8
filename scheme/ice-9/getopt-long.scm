;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Long options, and short ones that stand for them.  A mistake on the command line ends the program with a line on
;;; standard error.

(define-module (ice-9 getopt-long)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (getopt-long option-ref))

(define-record-type <option>
  (make-option name letter value required? valid?)
  option?
  (name option-name)
  (letter option-letter)
  (value option-value)                            ;#t, #f or the symbol optional
  (required? option-required?)
  (valid? option-valid?))

(define (parse-option description)
  "Return the option of an entry (NAME (PROPERTY VALUE) ...) of a grammar."
  (match description
    ((name . properties)
     (define (property key default)
       (match (assq key properties)
         ((_ value) value)
         (_ default)))
     (for-each (match-lambda
                 (((or 'single-char 'value 'required? 'predicate) _) #t)
                 ((key . _) (error "invalid getopt-long option property:" key)))
               properties)
     (make-option name (property 'single-char #f) (property 'value #f)
                  (property 'required? #f) (property 'predicate #f)))))

(define (shown option) (string-append "--" (symbol->string (option-name option))))

(define (fail program-name . words)
  (let ((port (current-error-port)))
    (for-each (lambda (word) (display word port)) (cons* program-name ": " words))
    (newline port)
    (exit 1)))

(define (looks-like-option? arg)
  (and (string-prefix? "-" arg) (not (string=? arg "-"))))

(define (split-letters arg)
  "Return the letters after the dash of ARG, and what follows them or #f."
  (let ((end (or (string-skip arg char-alphabetic? 1) (string-length arg))))
    (values (string->list (substring arg 1 end))
            (and (< end (string-length arg)) (substring arg end)))))

(define* (getopt-long program-arguments option-desc-list #:key stop-at-first-non-option)
  "Parse PROGRAM-ARGUMENTS, the program's name first, by the grammar OPTION-DESC-LIST.  Return an association
list from options' names to their values; the entry of () has the arguments that are no options."
  (define options (map parse-option option-desc-list))
  (define program-name (car program-arguments))
  (define (fail* . words) (apply fail program-name words))
  (define (find-option key get text)
    (or (find (lambda (option) (equal? (get option) key)) options)
        (fail* "no such option: " text)))

  (define (take-value option given rest continue)
    ;; GIVEN is the value that stands with the option itself, or #f.
    (define (done value rest)
      (let ((valid? (option-valid? option)))
        (when (and valid? (string? value) (not (valid? value)))
          (fail* "option predicate failed: " (shown option)))
        (continue (cons (option-name option) value) rest)))
    (define (next-is-value?) (and (pair? rest) (not (looks-like-option? (car rest)))))
    (cond ((not (option-value option))
           (when given (fail* "option does not support argument: " (shown option)))
           (done #t rest))
          (given (done given rest))
          ((next-is-value?) (done (car rest) (cdr rest)))
          ((eq? (option-value option) 'optional) (done #t rest))
          (else (fail* "option must be specified with argument: " (shown option)))))

  (define (finish found others)
    (for-each (lambda (option)
                (when (and (option-required? option) (not (assq (option-name option) found)))
                  (fail* "option must be specified: " (shown option))))
              options)
    (acons '() others found))

  (let loop ((args (cdr program-arguments)) (found '()) (others '()))
    (define (continue entry rest) (loop rest (cons entry found) others))
    (match args
      (() (finish found (reverse others)))
      (("--" . rest) (finish found (append-reverse others rest)))
      ((arg . rest)
       (cond
        ((string-prefix? "--" arg)
         (let* ((end (string-index arg #\=))
                (name (substring arg 2 (or end (string-length arg))))
                (option (find-option (string->symbol name) option-name (string-append "--" name))))
           (take-value option (and end (substring arg (+ end 1))) rest continue)))
        ((looks-like-option? arg)
         (call-with-values (lambda () (split-letters arg))
           (lambda (letters value)
             (match letters
               (() (fail* "no such option: " arg))
               ((letter . more)
                (let ((option (find-option letter option-letter (string #\- letter))))
                  ;; -abc is -a -b -c.
                  (if (null? more)
                      (take-value option value rest continue)
                      (take-value option #f
                                  (cons (string-append "-" (list->string more) (or value "")) rest)
                                  continue))))))))
        (stop-at-first-non-option (finish found (append-reverse others args)))
        (else (loop rest found (cons arg others))))))))

(define (option-ref options key default)
  "Return the value of the option KEY in what getopt-long returned, or DEFAULT; for (), the other arguments."
  (match (assv key options)
    ((_ . value) value)
    (#f default)))
