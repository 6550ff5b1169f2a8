;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Texinfo as s-expressions ("stexi"): (para "Text with " (code "markup")), arguments under %.
;;; Whole documents (texi->stexi) and their way to HTML are not written yet.

(define-module (texinfo)
  #:use-module (srfi srfi-1)
  #:use-module (ice-9 match)
  #:use-module (ice-9 textual-ports)
  #:export (call-with-file-and-dir stexi->sxml texi->stexi texi-command-depth
            texi-fragment->stexi texi-command-specs))

(define (not-yet name)
  (lambda args
    (scm-error 'misc-error (symbol->string name) "not there yet in fruix" '() #f)))

(define stexi->sxml (not-yet 'stexi->sxml))
(define texi->stexi (not-yet 'texi->stexi))

;;; The commands: name, kind of content, names of the arguments.

(define environments
  '(texinfo ignore ifinfo iftex ifhtml ifxml ifplaintext ifnotinfo ifnottex ifnothtml ifnotxml
    ifnotplaintext titlepage menu direntry copying example smallexample display smalldisplay verbatim
    format smallformat lisp smalllisp cartouche quotation))

(define definitions
  '((deftp category name . attributes) (defcv category class name) (defivar class name)
    (deftypeivar class data-type name) (defop category class name . arguments)
    (deftypeop category class data-type name . arguments) (defmethod class name . arguments)
    (deftypemethod class data-type name . arguments) (defopt name) (defvr category name)
    (defvar name) (deftypevr category data-type name) (deftypevar data-type name)
    (deffn category name . arguments) (deftypefn category data-type name . arguments)
    (defspec name . arguments) (defmac name . arguments) (defun name . arguments)
    (deftypefun data-type name . arguments)))

(define headings
  ;; With how deep in the document each stands.
  '((top . 0) (title . 1) (chapter . 1) (section . 2) (subsection . 3) (subsubsection . 4)
    (unnumbered . 1) (unnumberedsec . 2) (unnumberedsubsec . 3) (unnumberedsubsubsec . 4)
    (appendix . 1) (appendixsec . 2) (appendixsubsec . 3) (appendixsubsubsec . 4)
    (chapheading . 1) (majorheading . 1) (heading . 2) (subheading . 3) (subsubheading . 4)))

(define (all-of kind . names) (map (lambda (name) (list name kind)) names))

(define texi-command-specs
  (append
   '((include #f) (para PARAGRAPH) (item ITEM) (entry ENTRY . heading) (noindent EMPTY-COMMAND)
     (*fragment* FRAGMENT))
   (all-of 'INLINE-TEXT '*braces* 'bold 'sample 'samp 'code 'math 'kbd 'key 'var 'env 'file 'command
           'option 'dfn 'cite 'acro 'email 'emph 'strong 'sc 'titlefont 'asis 'b 'i 'r 'sansserif
           'slanted 't 'w)
   '((value INLINE-ARGS key)
     (ref INLINE-ARGS node #:opt name section info-file manual)
     (xref INLINE-ARGS node #:opt name section info-file manual)
     (pxref INLINE-TEXT-ARGS node #:opt name section info-file manual)
     (url ALIAS . uref) (uref INLINE-TEXT-ARGS url #:opt title replacement)
     (anchor INLINE-ARGS name) (image INLINE-ARGS file #:opt width height alt-text extension)
     (acronym INLINE-TEXT-ARGS acronym #:opt meaning)
     (node EOL-ARGS name #:opt next previous up) (dircategory EOL-ARGS category)
     (top EOL-ARGS title) (printindex EOL-ARGS type) (paragraphindent EOL-ARGS indent))
   (all-of 'INLINE-ARGS 'dots 'result 'bullet 'copyright 'tie)
   (map (lambda (name) (cons* name 'EOL-ARGS 'all)) '(c comment setchapternewpage sp vskip syncodeindex))
   (all-of 'EOL-ARGS 'page 'contents 'shortcontents 'summarycontents 'insertcopying)
   (all-of 'EOL-TEXT '*ENVIRON-ARGS* 'itemx 'set 'center 'subtitle 'author)
   (filter-map (lambda (pair) (and (not (eq? (car pair) 'top)) (list (car pair) 'EOL-TEXT))) headings)
   (map (lambda (d) (cons* (symbol-append (car d) 'x) 'EOL-TEXT-ARGS (cdr d))) definitions)
   (map (lambda (name) (cons* name 'INDEX 'entry)) '(cindex findex vindex kindex pindex tindex))
   (map (lambda (name) (list name 'ENVIRON)) environments)
   (map (lambda (d) (cons* (car d) 'ENVIRON (cdr d))) definitions)
   '((table TABLE-ENVIRON formatter) (itemize TABLE-ENVIRON formatter) (enumerate TABLE-ENVIRON start)
     (ftable TABLE-ENVIRON formatter) (vtable TABLE-ENVIRON formatter))))

(define specs
  (let ((table (make-hash-table)))
    (for-each (lambda (spec) (hashq-set! table (car spec) (cdr spec))) texi-command-specs)
    table))

(define (texi-command-depth command max-depth)
  "Return how deep COMMAND, a heading, stands, if that is not below MAX-DEPTH, else #f."
  (let ((depth (assq-ref headings command)))
    (and depth (<= depth max-depth) depth)))

(define (call-with-file-and-dir filename proc)
  "Call PROC on a port that reads FILENAME, with the file's directory as the current one."
  (let ((old (getcwd)))
    (dynamic-wind
      (lambda () (chdir (dirname filename)))
      (lambda () (call-with-input-file (basename filename) proc))
      (lambda () (chdir old)))))

;;; The parser: a source is a string and the index of the next character; at the end, the character is #f.

(define (parser-error . message)
  (apply throw 'parser-error #f message))

(define (kind-of name)
  (match (hashq-ref specs name)
    (#f (parser-error "Unknown command" name))
    ((kind . arguments) kind)))

(define (arguments-of name) (cdr (hashq-ref specs name)))

(define whitespace? char-whitespace?)

;; A source's position is in a box so that the parser's procedures share it.
(define (make-source text) (cons text 0))
(define (at-end? source) (>= (cdr source) (string-length (car source))))
(define (peek source)
  (if (at-end? source) #f (string-ref (car source) (cdr source))))
(define (peek-second source)
  (let ((i (+ (cdr source) 1)))
    (if (< i (string-length (car source))) (string-ref (car source) i) #f)))
(define (skip! source n) (set-cdr! source (+ (cdr source) n)))
(define (looking-at? source prefix)
  (string-prefix? prefix (car source) 0 (string-length prefix) (cdr source)))

(define (skip-while! source wanted?)
  (unless (at-end? source)
    (when (wanted? (peek source))
      (skip! source 1)
      (skip-while! source wanted?))))

(define (take-while! source wanted?)
  (let ((start (cdr source)))
    (skip-while! source wanted?)
    (substring (car source) start (cdr source))))

(define (take-line! source)
  "Return the rest of the line; leave the newline behind."
  (let ((line (take-while! source (lambda (c) (not (char=? c #\newline))))))
    (unless (at-end? source) (skip! source 1))
    line))

(define (command-name source)
  "Return the name of the command that SOURCE is at, and its length with the @."
  (let* ((start (+ (cdr source) 1))
         (end (or (string-skip (car source) char-alphabetic? start) (string-length (car source)))))
    (when (= start end)
      (parser-error "Nonalphabetic @-command char: '" (peek-second source) "'"))
    (values (string->symbol (substring (car source) start end)) (- end start -1))))

(define (escape? source)
  "Whether SOURCE is at @@, @{, @} or @:, which stand for their second character."
  (memv (peek-second source) '(#\@ #\{ #\} #\:)))

;; Pieces of text gathered backwards: strings' characters run together, runs of whitespace become one space.

(define (add-char pieces c)
  (match pieces
    (((? list? chars) . rest)
     (if (eqv? (car chars) 'chars)
         (cons (cons* 'chars c (cdr chars)) rest)
         (cons (list 'chars c) pieces)))
    (_ (cons (list 'chars c) pieces))))

(define (finish-pieces pieces preserve?)
  "Return the elements of PIECES, first one first; unless PRESERVE?, without space at the ends."
  (define (text piece) (list->string (reverse (cdr piece))))
  (define (chars? piece) (and (pair? piece) (eq? (car piece) 'chars)))
  (define (trimmed pieces trim)
    (if (and (not preserve?) (pair? pieces) (string? (car pieces)))
        (let ((str (trim (car pieces))))
          (if (string-null? str) (cdr pieces) (cons str (cdr pieces))))
        pieces))
  (let* ((strings (map (lambda (piece) (if (chars? piece) (text piece) piece)) pieces))
         (backwards (trimmed strings string-trim-right)))
    (trimmed (reverse backwards) string-trim)))

(define (last-char pieces)
  (match pieces
    ((('chars c . _) . _) c)
    (_ #f)))

(define* (parse-text source stop? #:key preserve? each-space?)
  "Parse text and inline commands until STOP? of SOURCE, which is also asked at the end of the text.  Runs of
whitespace become one space, or as many if EACH-SPACE?; with PRESERVE? all stays."
  (let loop ((pieces '()))
    (cond
     ((stop? source) (finish-pieces pieces preserve?))
     (else
      (let ((c (peek source)))
        (cond
         ((char=? c #\@)
          (cond
           ((escape? source)
            (let ((escaped (peek-second source)))
              (skip! source 2)
              (loop (add-char pieces escaped))))
           (else (loop (cons (parse-inline source) pieces)))))
         ((char=? c #\{)
          (skip! source 1)
          (let ((inner (parse-text source at-brace?)))
            (skip! source 1)
            (loop (cons (cons '*braces* inner) pieces))))
         ((and (not preserve?) (whitespace? c))
          (skip! source 1)
          (loop (if (and (not each-space?) (eqv? (last-char pieces) #\space))
                    pieces
                    (add-char pieces #\space))))
         (else
          (skip! source 1)
          (loop (add-char pieces c)))))))))

(define (at-brace? source)
  (let ((c (peek source)))
    (unless c
      (parser-error "EOF while reading a token " "reading char data"))
    (char=? c #\})))

(define (raw-arguments source)
  "Return the arguments in braces that SOURCE is at, as strings, without parsing markup."
  (let* ((text (call-with-output-string
                 (lambda (port)
                   (let loop ()
                     (unless (at-brace? source)
                       (when (and (char=? (peek source) #\@) (escape? source))
                         (skip! source 1))
                       (write-char (peek source) port)
                       (skip! source 1)
                       (loop)))))))
    (skip! source 1)
    (if (string-null? (string-trim text))
        '()
        (map string-trim-both (string-split text #\,)))))

(define (split-at-commas elements)
  "Return the lists of ELEMENTS between the commas of their strings, without space at the ends."
  (define (add piece parts) (cons (cons piece (car parts)) (cdr parts)))
  (define (finish part)
    (let* ((part (if (and (pair? part) (string? (car part))) (cons (string-trim-right (car part)) (cdr part)) part))
           (part (reverse part))
           (part (if (and (pair? part) (string? (car part))) (cons (string-trim (car part)) (cdr part)) part)))
      (if (and (pair? part) (pair? (cdr part))) (remove (lambda (p) (equal? p "")) part) part)))
  (let loop ((elements elements) (parts '(())))
    (match elements
      (() (map finish (reverse parts)))
      (((? string? str) . rest)
       (match (string-split str #\,)
         ((first . more)
          (loop rest (fold (lambda (text parts) (cons (list text) parts)) (add first parts) more)))))
      ((element . rest) (loop rest (add element parts))))))

(define (name-arguments command names values)
  "Return the attribute list, under %, that gives VALUES the NAMES of COMMAND's arguments; values are lists of elements."
  (let loop ((names names) (values values) (optional? #f) (result '()))
    (match names
      (()
       (if (null? values)
           (if (null? result) '() (list (cons '% (reverse result))))
           (parser-error "@-command didn't expect more arguments:" (concatenate values))))
      ((#:opt . names) (loop names values #t result))
      ((? symbol? rest)
       (if (null? values)
           (loop '() '() #t result)
           (loop '() '() #t (cons (cons rest (concatenate values)) result))))
      ((name . names)
       (match values
         (() (if optional?
                 (loop '() '() #t result)
                 (parser-error "@-command missing required arguments" command name)))
         ((value . values)
          (loop names values optional?
                (if (null? value) result (cons (cons name value) result)))))))))

(define (parse-inline source)
  "Parse the inline command that SOURCE is at."
  (call-with-values (lambda () (command-name source))
    (lambda (name length)
      (let* ((kind (kind-of name))
             (name (if (eq? kind 'ALIAS) (arguments-of name) name))
             (kind (kind-of name)))
        (unless (memq kind '(INLINE-TEXT INLINE-ARGS INLINE-TEXT-ARGS))
          (parser-error "Not an inline command" name))
        (skip! source length)
        (unless (eqv? (peek source) #\{)
          (parser-error "Inline element lacks {" name))
        (skip! source 1)
        (case kind
          ((INLINE-ARGS)
           (let ((given (map (lambda (str) (if (string-null? str) '() (list str))) (raw-arguments source))))
             (cons name (name-arguments name (arguments-of name) given))))
          (else
           (let ((elements (parse-text source at-brace? #:each-space? (eq? kind 'INLINE-TEXT-ARGS))))
             (skip! source 1)
             (if (eq? kind 'INLINE-TEXT)
                 (cons name elements)
                 (cons name (name-arguments name (arguments-of name)
                                            (if (null? elements) '() (split-at-commas elements)))))))))))) 

(define (inline-kind? kind) (memq kind '(INLINE-TEXT INLINE-ARGS INLINE-TEXT-ARGS ALIAS)))

(define (at-block-command? source)
  "Whether SOURCE is at a command that is no part of a paragraph."
  (and (eqv? (peek source) #\@)
       (not (escape? source))
       (call-with-values (lambda () (command-name source))
         (lambda (name length)
           (or (eq? name 'end) (not (inline-kind? (kind-of name))))))))

(define (paragraph-ends? source)
  (or (at-end? source)
      (char=? (peek source) #\})
      (looking-at? source "\n\n")
      (at-block-command? source)))

(define (line-ends? source)
  (or (at-end? source) (char=? (peek source) #\newline)))

(define (line-of-text source)
  "Parse the rest of the line as text."
  (let ((text (parse-text source line-ends?)))
    (unless (at-end? source) (skip! source 1))
    text))

(define (full-line source)
  "Return the rest of the line, which has to end with a newline, as a string."
  (let ((line (take-while! source (lambda (c) (not (char=? c #\newline))))))
    (when (at-end? source)
      (parser-error "EOF while reading a token " "arguments of @-command"))
    (skip! source 1)
    (string-trim-both line)))

(define (words elements)
  "Return the words of ELEMENTS, each a list; what is in braces is one word."
  (append-map (lambda (element)
                (match element
                  ((? string? str) (map list (string-tokenize str)))
                  (('*braces* . inner) (list inner))
                  (other (list (list other)))))
              elements))

(define (definition-arguments name elements)
  "Return the attribute list of a definition's first line."
  (define (joined values)
    (let loop ((values (concatenate values)) (result '()))
      (match values
        (() (reverse result))
        (((? string? a) (? string? b) . rest) (loop (cons (string-append a " " b) rest) result))
        ((a . rest) (loop rest (cons a result))))))
  (let loop ((names (arguments-of name)) (values (words elements)) (result '()))
    (match names
      ((? symbol? rest)
       (list (cons '% (reverse (if (null? values) result (cons (cons rest (joined values)) result))))))
      (() (if (null? values)
              (list (cons '% (reverse result)))
              (parser-error "@-command didn't expect more args" name values)))
      ((first . names)
       (when (null? values)
         (parser-error "@-command missing required arguments" name first))
       (loop names (cdr values) (cons (cons first (car values)) result))))))

(define (formatter text)
  "Return the attribute's value for a table's TEXT, such as @code or a character."
  (cond ((string-prefix? "@" text)
         (let ((name (string->symbol (substring text 1))))
           (kind-of name)
           (list name)))
        (else text)))

(define (table-attributes name text)
  (case name
    ((itemize) (if (string-null? text) '((% (bullet (bullet)))) `((% (bullet ,(formatter text))))))
    ((enumerate) (if (string-null? text) '() `((% (start ,text)))))
    (else `((% (formatter ,(if (string-null? text) '(asis) (formatter text))))))))

(define (end-of-environment! source)
  "Pass the @end that SOURCE is at, with its line."
  (take-line! source))

(define (parse-blocks source environment)
  "Parse what is at the top or within ENVIRONMENT, up to @end, a closing brace or, at the top, the end."
  (let loop ((result '()))
    (skip-while! source whitespace?)
    (cond
     ((at-end? source)
      (if (eq? environment '*fragment*)
          (reverse result)
          (parser-error "EOF while reading char data" environment)))
     ((and (eqv? (peek source) #\}) (eq? environment '*fragment*))
      (skip! source (string-length (car source)))
      (reverse result))
     ((eqv? (peek source) #\}) (parser-error "Unexpected }" environment))
     ((not (at-block-command? source))
      (let ((text (parse-text source paragraph-ends?)))
        (loop (if (null? text) result (cons (cons 'para text) result)))))
     (else
      (call-with-values (lambda () (command-name source))
        (lambda (name length)
          (case name
            ((end)
             (end-of-environment! source)
             (when (eq? environment '*fragment*)
               (skip! source (string-length (car source))))
             (reverse result))
            ((item)
             (if (memq environment '(itemize enumerate table ftable vtable))
                 (begin (skip! source length) (reverse (cons 'item result)))
                 (parser-error "@item must be within a table environment" environment)))
            (else
             (skip! source length)
             (loop (append-reverse (parse-block source name) result))))))))))

(define (parse-block source name)
  "Parse the rest of the block command NAME; return a list of elements."
  (case (kind-of name)
    ((EMPTY-COMMAND) (list (list name)))
    ((EOL-ARGS)
     (let ((line (full-line source)) (arguments (arguments-of name)))
       (list (cons name (cond ((string-null? line) '())
                              ((symbol? arguments) `((% (,arguments ,line))))
                              (else (name-arguments name arguments
                                                    (map (lambda (str) (list (string-trim-both str)))
                                                         (string-split line #\,)))))))))
    ((EOL-TEXT) (list (cons name (line-of-text source))))
    ((EOL-TEXT-ARGS) (list (cons name (definition-arguments name (line-of-text source)))))
    ((INDEX)
     (let* ((entry (line-of-text source))
            (anchor (string-append (symbol->string name) "-" (string-concatenate (filter string? entry)))))
       (list `(anchor (% (name ,anchor))) `(,name (% (entry ,@entry))))))
    ((ENVIRON) (parse-environment source name))
    ((TABLE-ENVIRON)
     (let ((attributes (table-attributes name (string-trim-both (take-line! source)))))
       (list `(,name ,@attributes ,@(parse-items source name)))))
    (else (parser-error "Unexpected command" name))))

(define (parse-environment source name)
  (case name
    ((example smallexample lisp smalllisp menu direntry)
     (take-line! source)
     (list (cons name (parse-preformatted source))))
    ((verbatim)
     (take-line! source)
     (let ((end (string-contains (car source) "\n@end verbatim" (max 0 (- (cdr source) 1)))))
       (unless end
         (parser-error "EOF while reading a token " "reading verbatim"))
       (let ((text (substring (car source) (min end (cdr source)) end)))
         (set-cdr! source (+ end 1))
         (take-line! source)
         (list (list name text)))))
    (else
     (let ((line (line-of-text source)))
       (if (null? (arguments-of name))
           (begin
             (unless (null? line)
               (parser-error "@-command didn't expect more args" name line))
             (let ((blocks (parse-blocks source name)))
               ;; What is to be copied elsewhere is no part of the text.
               (if (eq? name 'copying) '() (list (cons name blocks)))))
           (let* ((attributes (definition-arguments name line))
                  (id (match (assq 'name (cdar attributes)) (('name (? string? id) . _) id) (_ "")))
                  (anchor (string-append (symbol->string name) "-" id)))
             (list `(anchor (% (name ,anchor)))
                   `(,name ,@attributes ,@(parse-blocks source name)))))))))

(define (at-end-command? source)
  (when (at-end? source)
    (parser-error "EOF while reading char data"))
  (and (looking-at? source "@end")
       (let ((c (string-ref (string-append (car source) "\n") (min (string-length (car source)) (+ (cdr source) 4)))))
         (whitespace? c))))

(define (parse-preformatted source)
  "Parse text whose line breaks stay, up to @end."
  (define (without-last-newline elements)
    (match (reverse elements)
      (((? string? str) . rest)
       (let ((str (if (string-suffix? "\n" str) (string-drop-right str 1) str)))
         (reverse (if (string-null? str) rest (cons str rest)))))
      (_ elements)))
  (let ((elements (parse-text source at-end-command? #:preserve? #t)))
    (end-of-environment! source)
    (without-last-newline elements)))

(define (parse-items source name)
  "Parse the items of the table NAME, after its first line."
  (define entries? (memq name '(table ftable vtable)))
  (define (item-follows? blocks) (and (pair? blocks) (eq? (last blocks) 'item)))
  (let loop ((result '()))
    ;; Each turn takes what stands before the next @item, which the blocks' last element announces.
    (let* ((heading (and entries? (pair? result) (line-of-text source)))
           (blocks (parse-blocks source name))
           (more? (item-follows? blocks))
           (blocks (if more? (drop-right blocks 1) blocks))
           (element (cond ((null? result) #f)
                          (entries? `(entry (% (heading ,@heading)) ,@blocks))
                          (else (cons 'item blocks))))
           (result (if element (cons element result) (append-reverse blocks (list 'start)))))
      (if more?
          (loop result)
          (delq 'start (reverse result))))))

(define (texi-fragment->stexi string-or-port)
  "Return the piece of Texinfo that STRING-OR-PORT gives as (*fragment* BLOCK ...)."
  (let ((text (if (string? string-or-port) string-or-port (get-string-all string-or-port))))
    (cons '*fragment* (parse-blocks (make-source text) '*fragment*))))
