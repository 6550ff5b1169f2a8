;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; Warnings of the compiler: there are none.

(define-module (system base message)
  #:use-module (srfi srfi-9)
  #:export (%warning-types *current-warning-port* *current-warning-prefix* lookup-warning-type
            warning warning-type-description warning-type-name warning-type-printer
            warning-type?))

(define-record-type <warning-type>
  (make-warning-type name description printer)
  warning-type?
  (name warning-type-name)
  (description warning-type-description)
  (printer warning-type-printer))

(define *current-warning-port* current-warning-port)
(define *current-warning-prefix* (make-fluid ";;; "))
(define %warning-types '())

(define (lookup-warning-type name)
  "Return #f."
  #f)

(define (warning type location . args)
  "Do nothing."
  #f)
