;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Printing data over several lines, and printing them cut to a width.

(define-module (ice-9 pretty-print)
  #:export (pretty-print truncated-print))

(define quotes '((quote . "'") (quasiquote . "`") (unquote . ",") (unquote-splicing . ",@")
                 (gexp . "#~") (ungexp . "#$") (ungexp-splicing . "#$@")
                 (ungexp-native . "#+") (ungexp-native-splicing . "#+@")))

;; How many operands stay beside the operator before the body is indented by two.
(define styles
  '((lambda . 1) (lambda* . 1) (define . 1) (define* . 1) (define-public . 1) (let . 1) (let* . 1)
    (letrec . 1) (letrec* . 1) (let-syntax . 1) (letrec-syntax . 1) (define-syntax . 1)
    (syntax-rules . 1) (syntax-case . 2) (when . 1) (unless . 1) (case . 1) (match . 1) (do . 2)
    (parameterize . 1) (with-fluids . 1) (begin . 0) (let-values . 1) (call-with-values . 1)
    (receive . 2) (with-imported-modules . 1) (guard . 1) (define-module . 1)))

(define (prefix-of obj)
  (and (pair? obj) (pair? (cdr obj)) (null? (cddr obj)) (symbol? (car obj))
       (assq-ref quotes (car obj))))

(define* (pretty-print obj #:optional port*
                       #:key (port (or port* (current-output-port))) (width 79)
                       (max-expr-width 50) (display? #f) (per-line-prefix ""))
  "Print OBJ on PORT in lines of at most WIDTH columns where possible, and a newline."
  (define right (- width (string-length per-line-prefix)))
  (define (text obj) (object->string obj (if display? display write)))

  (define (flat obj)
    ;; OBJ on one line.
    (cond ((prefix-of obj)
           => (lambda (prefix) (string-append prefix (flat (cadr obj)))))
          ((pair? obj)
           (let loop ((l (cdr obj)) (parts (list (flat (car obj)) "(")))
             (cond ((null? l) (string-concatenate (reverse (cons ")" parts))))
                   ((and (pair? l) (not (prefix-of l)))
                    (loop (cdr l) (cons* (flat (car l)) " " parts)))
                   ((pair? l)
                    (loop (cdr l) (cons* (flat (car l)) " " parts)))
                   (else
                    (string-concatenate (reverse (cons* ")" (flat l) " . " parts)))))))
          (else (text obj))))

  (define (emit str) (display str port))

  (define (break column)
    (newline port)
    (emit per-line-prefix)
    (emit (make-string column #\space)))

  ;; Print OBJ from COLUMN, leaving room for CLOSING parentheses; return the column after it.
  (define (print obj column closing)
    (let ((line (flat obj)))
      (cond ((or (<= (+ column (string-length line) closing) right)
                 (not (or (pair? obj) (vector? obj))))
             (emit line)
             (+ column (string-length line)))
            ((prefix-of obj)
             => (lambda (prefix)
                  (emit prefix)
                  (print (cadr obj) (+ column (string-length prefix)) closing)))
            ((vector? obj)
             (emit "#")
             (print-list (vector->list obj) (+ column 1) closing))
            ((and (symbol? (car obj)) (list? obj)
                  (assq-ref styles (car obj)))
             => (lambda (n) (print-form obj n column closing)))
            ((and (symbol? (car obj)) (list? obj) (pair? (cdr obj)))
             (print-call obj column closing))
            (else (print-list obj column closing)))))

  (define (print-form obj n column closing)
    (emit "(")
    (let* ((head (flat (car obj)))
           (named-let? (and (eq? (car obj) 'let) (pair? (cdr obj)) (symbol? (cadr obj)))))
      (emit head)
      (let loop ((l (cdr obj)) (n (if named-let? (+ n 1) n))
                 (at (+ column 1 (string-length head))))
        (cond ((null? l) (emit ")") (+ at 1))
              ((> n 0)
               (emit " ")
               (loop (cdr l) (- n 1) (print (car l) (+ at 1) (if (null? (cdr l)) (+ closing 1) 0))))
              (else
               (break (+ column 2))
               (loop (cdr l) 0
                     (print (car l) (+ column 2) (if (null? (cdr l)) (+ closing 1) 0))))))))

  (define (print-call obj column closing)
    (let ((head (flat (car obj))))
      (if (> (string-length head) (quotient right 3))
          (print-list obj column closing)
          (let ((indent (+ column 2 (string-length head))))
            (emit "(")
            (emit head)
            (emit " ")
            (print-items (cdr obj) indent closing)))))

  (define (print-list obj column closing)
    (emit "(")
    (print-items obj (+ column 1) closing))

  (define (print-items items column closing)
    (let loop ((l items) (first? #t) (at column))
      (cond ((null? l) (emit ")") (+ at 1))
            ((pair? l)
             (unless first? (break column))
             (loop (cdr l) #f
                   (print (car l) column (if (null? (cdr l)) (+ closing 1) 0))))
            (else
             (break column)
             (emit ". ")
             (let ((at (print l (+ column 2) (+ closing 1))))
               (emit ")")
               (+ at 1))))))

  (emit per-line-prefix)
  (print obj 0 0)
  (newline port))

(define* (truncated-print obj #:optional port*
                          #:key (port (or port* (current-output-port))) (width 79) (display? #f)
                          (breadth-first? #f))
  "Print OBJ on PORT in at most WIDTH columns, with an ellipsis for what does not fit."
  (define ellipsis "…")
  (define (text obj) (object->string obj (if display? display write)))

  (define (cut obj width)
    ;; The text of OBJ in at most WIDTH characters, or #f.
    (let ((full (text obj)))
      (cond ((<= (string-length full) width) full)
            ((prefix-of obj)
             => (lambda (prefix)
                  (let ((rest (cut (cadr obj) (- width (string-length prefix)))))
                    (and rest (string-append prefix rest)))))
            ((pair? obj) (cut-items "(" obj ")" width))
            ((vector? obj) (cut-items "#(" (vector->list obj) ")" width))
            ((and (string? obj) (not display?) (>= width 3))
             (string-append (string-take full (- width 2)) ellipsis "\""))
            ((and (string-prefix? "#<" full) (>= width 4))
             (string-append (string-take full (- width 2)) ellipsis ">"))
            ((>= width 1) "#")
            (else #f))))

  (define (cut-items open items close width)
    (let loop ((l items) (left (- width (string-length open) (string-length close)))
               (parts (list open)))
      (define (finish parts) (string-concatenate (reverse (cons close parts))))
      (cond ((null? l) (finish parts))
            ((not (pair? l))
             (let ((str (cut l (- left 2))))
               (finish (if str (cons* str ". " parts) (cons ellipsis parts)))))
            (else
             (let* ((more? (pair? (cdr l)))
                    (room (if more? (- left 2) left))
                    (str (and (> room 0)
                              (if (<= (string-length (text (car l))) room)
                                  (text (car l))
                                  (and (pair? (car l)) (> room 4) (cut (car l) room))))))
               (cond ((not str)
                      (if (>= left 1) (finish (cons ellipsis parts)) (finish parts)))
                     (more?
                      (loop (cdr l) (- left (string-length str) 1) (cons* " " str parts)))
                     (else (loop (cdr l) (- left (string-length str)) (cons str parts)))))))))

  (display (or (cut obj width) "#") port))
