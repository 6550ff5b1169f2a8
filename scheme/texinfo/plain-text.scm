;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Texinfo, as s-expressions, as text for a terminal.

(define-module (texinfo plain-text)
  #:use-module (texinfo)
  #:use-module (texinfo string-utils)
  #:use-module (ice-9 match)
  #:export (stexi->plain-text *line-width*))

(define *line-width* (make-fluid 72))

(define (attributes element)
  (match element
    ((_ ('% . attributes) . _) attributes)
    (_ '())))

(define (children element)
  (match element
    ((_ ('% . _) . children) children)
    ((_ . children) children)))

(define (attribute element name)
  "Return the text of the attribute NAME, or #f."
  (and=> (assq-ref (attributes element) name) inline))

;;; Inline

(define (inline elements)
  (string-concatenate (map inline-element elements)))

(define (reference element intro)
  (string-append intro
                 (or (attribute element 'name) (attribute element 'node) "")
                 (match (attribute element 'manual)
                   (#f "")
                   (manual (string-append " in manual " manual)))))

(define (inline-element element)
  (match element
    ((? string? text) text)
    ((name . _)
     (let ((text (lambda () (inline (children element)))))
       (case name
         ((code command env file kbd option samp sample) (string-append "`" (text) "'"))
         ((cite dfn) (string-append "\"" (text) "\""))
         ((sc var) (string-upcase (text)))
         ((emph) (string-append "_" (text) "_"))
         ((strong) (string-append "*" (text) "*"))
         ((key email) (string-append "<" (text) ">"))
         ((math) (text))
         ((uref)
          (let ((url (or (attribute element 'url) "")))
            (match (attribute element 'title)
              (#f (string-append "`" url "'"))
              (title (string-append title " (" url ")")))))
         ((ref) (reference element ""))
         ((xref) (reference element "See "))
         ((pxref) (reference element "see "))
         ((acronym)
          (let ((acronym (or (attribute element 'acronym) "")))
            (match (attribute element 'meaning)
              (#f acronym)
              (meaning (string-append acronym " (" meaning ")")))))
         ((dots) "...")
         ((result) "==>")
         ((copyright) "(C)")
         ((tie) " ")
         ((c comment ignore menu anchor ifinfo) "")
         ((entry) (string-append (or (attribute element 'heading) "") " " (text)))
         (else (string-append (text) " ")))))))

;;; Blocks

(define (spaces n) (make-string n #\space))

(define (filled text indent)
  (let ((margin (spaces indent)))
    (fill-string text #:line-width (fluid-ref *line-width*)
                 #:initial-indent margin #:subsequent-indent margin)))

(define (indent-lines text indent)
  (string-concatenate
   (map (lambda (line) (string-append (spaces indent) line "\n")) (string-split text #\newline))))

(define (heading element underline)
  (let ((text (inline (children element))))
    (string-append "\n" text "\n" (make-string (string-length text) underline) "\n\n")))

(define (blocks elements indent)
  (string-concatenate (map (lambda (element) (block element indent)) elements)))

(define (item element indent tag)
  "Return an item whose first line begins with TAG, five columns wide, where the others are indented."
  (let* ((inner (+ indent 5))
         (text (blocks (children element) inner))
         (tag (string-append (spaces indent) tag)))
    (if (string-prefix? (spaces inner) text)
        (string-append tag (string-drop text inner))
        (string-append tag text))))

(define (items element indent tags)
  (let loop ((children (children element)) (tags tags) (result '()))
    (match children
      (() (string-concatenate (reverse result)))
      (((and ('item . _) first) . rest)
       (loop rest (cdr-tags tags) (cons (item first indent (car-tag tags)) result)))
      ((other . rest)
       (loop rest tags (cons (block other (+ indent 5)) result))))))

;; Tags are a string for all items or the number of the next.
(define (car-tag tags)
  (if (string? tags) tags (string-append (string-pad (number->string tags) (max 3 (string-length (number->string tags)))) ". ")))
(define (cdr-tags tags)
  (if (string? tags) tags (+ tags 1)))

(define (first-number element)
  (match (assq-ref (attributes element) 'start)
    (((? string? start)) (- (char->integer (string-ref start 0)) 96))
    (_ 1)))

(define (entry element indent)
  (string-append (filled (or (attribute element 'heading) "") indent) "\n"
                 (blocks (children element) (+ indent 5))))

(define (definition element indent default)
  (let ((name (attribute element 'name)) (arguments (attribute element 'arguments)))
    (string-append (spaces indent) "- " (or (attribute element 'category) default) ": " (or name "")
                   (if arguments (string-append " " arguments) "") "\n"
                   (blocks (children element) (+ indent 5)))))

(define (block element indent)
  (match element
    ((? string? text) (string-append (filled text indent) "\n\n"))
    ((name . _)
     (case name
       ((c comment ignore menu direntry copying anchor ifinfo) "")
       ((example smallexample lisp smalllisp verbatim)
        (string-append (indent-lines (inline (children element)) (+ indent 5)) "\n"))
       ((itemize) (items element indent "   * "))
       ((enumerate) (items element indent (first-number element)))
       ((table) (string-concatenate
                 (map (lambda (child)
                        (match child
                          (('entry . _) (entry child indent))
                          (other (block other (+ indent 5)))))
                      (children element))))
       ((quotation) (string-append (filled (inline-blocks element) (+ indent 5)) "\n\n"))
       ((chapter unnumbered appendix chapheading majorheading title top) (heading element #\*))
       ((section unnumberedsec appendixsec heading) (heading element #\=))
       ((subsection unnumberedsubsec appendixsubsec subheading) (heading element #\-))
       ((subsubsection unnumberedsubsubsec appendixsubsubsec subsubheading) (heading element #\.))
       ((defun) (definition element indent "Function"))
       ((defspec) (definition element indent "Special Form"))
       ((defmac) (definition element indent "Macro"))
       ((defvar) (definition element indent "Variable"))
       ((defopt) (definition element indent "User Option"))
       ((deffn deftp defvr defcv defop) (definition element indent ""))
       ((para) (string-append (filled (inline (children element)) indent) "\n\n"))
       (else (string-append (filled (inline-blocks element) indent) "\n\n"))))))

(define (inline-blocks element)
  "Return the text of a block's blocks as if they were one paragraph."
  (inline (children element)))

(define (stexi->plain-text tree)
  "Return TREE, a fragment or element of Texinfo, as text."
  (match tree
    (((or '*fragment* 'texinfo) . _) (blocks (children tree) 0))
    ((? string? text) text)
    (_ (block tree 0))))
