;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Source locations, and errors and warnings that say where they come from.
;;; Same public interface as the module of this name in GNU Guix.

(define-module (guix diagnostics)
  #:use-module (guix i18n)
  #:use-module (srfi srfi-9)
  #:use-module (srfi srfi-34)
  #:use-module (srfi srfi-35)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:export (<location> location location? location-file location-line
            location-column source-properties->location
            location->source-properties location->string
            &error-location error-location? error-location
            formatted-message formatted-message? formatted-message-string
            formatted-message-arguments &formatted-message
            &fix-hint fix-hint? condition-fix-hint
            guix-warning-port warning info report-error leave
            program-name display-hint))

(define-record-type <location>
  (location file line column)
  location?
  (file   location-file)                          ;string
  (line   location-line)                          ;from 1
  (column location-column))                       ;from 0

(define source-properties->location
  (match-lambda
    (#(file line column)
     (location file (+ 1 line) column))
    ((? pair? properties)
     (let ((file (assq-ref properties 'filename))
           (line (assq-ref properties 'line))
           (column (assq-ref properties 'column)))
       (and file (location file (and line (+ 1 line)) column))))
    (_ #f)))

(define (location->source-properties loc)
  "The source properties that stand for LOC."
  `((filename . ,(location-file loc))
    (line . ,(and=> (location-line loc) 1-))
    (column . ,(location-column loc))))

(define (location->string loc)
  "LOC as FILE:LINE:COLUMN."
  (match loc
    (#f "<unknown location>")
    (($ <location> file line column)
     (format #f "~a:~a:~a" file line column))))

(define-condition-type &error-location &error
  error-location?
  (location error-location))

(define-condition-type &formatted-message &error
  formatted-message?
  (format formatted-message-string)
  (arguments formatted-message-arguments))

(define (formatted-message message . arguments)
  "A condition with MESSAGE, a format string, and its ARGUMENTS."
  (condition (&formatted-message (format message) (arguments arguments))))

(define-condition-type &fix-hint &condition
  fix-hint?
  (hint condition-fix-hint))

(define guix-warning-port
  (make-parameter (current-warning-port)))

(define program-name
  (make-parameter #f))

(define (report kind loc message arguments)
  (let ((port (guix-warning-port)))
    (when loc
      (format port "~a: " (location->string loc)))
    (display kind port)
    (apply format port message arguments)))

(define-syntax-rule (define-reporter name kind)
  (define (name . args)
    (match args
      (((or #f (? location?)) message . rest)
       (report kind (car args) message rest))
      ((message . rest)
       (report kind #f message rest)))))

(define-reporter warning "warning: ")
(define-reporter info "")
(define-reporter report-error "error: ")

(define (leave . args)
  "Report the error of ARGS and exit."
  (apply report-error args)
  (exit 1))

(define (display-hint message . arguments)
  "Show MESSAGE as a hint."
  (report "hint: " #f message arguments)
  (newline (guix-warning-port)))
