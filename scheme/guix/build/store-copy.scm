;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Copying store items and what they refer to into another store, going by the
;;; reference graphs that a derivation may ask for.  Same public interface as
;;; the module of this name in GNU Guix.

(define-module (guix build store-copy)
  #:use-module (guix build utils)
  #:use-module (ice-9 ftw)
  #:use-module (ice-9 match)
  #:use-module (ice-9 rdelim)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:autoload   (guix store deduplication) (copy-file/deduplicate)
  #:export (store-info? store-info store-info-item store-info-deriver
            store-info-references
            read-reference-graph
            file-size closure-size copy-store-item populate-store))

(define-record-type <store-info>
  (store-info item deriver references)
  store-info?
  (item       store-info-item)          ;string
  (deriver    store-info-deriver)       ;string or #f
  (references store-info-references))   ;list of strings


;;;
;;; Reference graphs.
;;;

(define (read-store-info port)
  ;; Return the next <store-info> from PORT, or the end-of-file object.
  (match (read-line port)
    ((? eof-object? eof) eof)
    (item
     (let* ((deriver (read-line port))
            (count   (string->number (read-line port))))
       (store-info item
                   (if (string-null? deriver) #f deriver)
                   (let loop ((n count) (references '()))
                     (if (zero? n)
                         references
                         (loop (- n 1)
                               (cons (read-line port) references)))))))))

(define (leaves-first roots successors)
  ;; Return all that can be reached from ROOTS by SUCCESSORS, each once and,
  ;; but for cycles, after its successors.
  (define seen (make-hash-table))

  (define (visit node result)
    (if (hashq-ref seen node)
        result
        (begin
          (hashq-set! seen node #t)
          (cons node (fold visit result (successors node))))))

  (reverse (fold visit '() roots)))

(define (read-reference-graph port)
  "Read a reference graph from PORT, as the daemon writes it, and return it as a
list of <store-info> records of which each comes after those it refers to.  The
format is, for each item, these lines:

  ITEM
  DERIVER, or an empty line
  NUMBER OF REFERENCES
  REFERENCE
  ...
"
  (define infos                         ;last one first
    (let loop ((infos '()))
      (match (read-store-info port)
        ((? eof-object?) infos)
        (info (loop (cons info infos))))))
  (define by-item (make-hash-table))
  (define referred-to (make-hash-table))

  (for-each (lambda (info)
              (define item (store-info-item info))
              (hash-set! by-item item info)
              (for-each (lambda (reference)
                          (unless (string=? reference item)
                            (hash-set! referred-to reference #t)))
                        (store-info-references info)))
            infos)
  (leaves-first (remove (lambda (info)
                          (hash-ref referred-to (store-info-item info)))
                        infos)
                (lambda (info)
                  (map (lambda (item)
                         (or (hash-ref by-item item)
                             (error "not in the reference graph:" item)))
                       (store-info-references info)))))

(define (graph-items reference-graphs)
  ;; Return the names of the items in the files REFERENCE-GRAPHS.
  (delete-duplicates
   (append-map (lambda (file)
                 (map store-info-item
                      (call-with-input-file file read-reference-graph)))
               reference-graphs)))


;;;
;;; Sizes.
;;;

(define (file-size file)
  "Return the size of FILE in bytes; for a directory, with all that is in it."
  (define (add file st total) (+ total (stat:size st)))
  (define (pass file st total) total)

  (file-system-fold (const #t) add add pass pass
                    (lambda (file st errno total)
                      (simple-format (current-error-port)
                                     "file-size: ~a: ~a~%"
                                     file (strerror errno))
                      total)
                    0 file lstat))

(define (closure-size reference-graphs)
  "Return about how many bytes the items take that are in REFERENCE-GRAPHS, a
list of files."
  (fold (lambda (item total) (+ total (file-size item)))
        0 (graph-items reference-graphs)))


;;;
;;; Copies.
;;;

(define* (copy-store-item item target
                          #:key (deduplicate? #t)
                          (log-port (%make-void-port "w")))
  "Copy ITEM, a store item, to the store below TARGET, a root directory, sharing
equal files in there if DEDUPLICATE? is true.  Mention files on LOG-PORT."
  (define store (string-append target (%store-directory)))

  (copy-recursively item (string-append target item)
                    #:keep-mtime? #t
                    #:keep-permissions? #t
                    #:copy-file (if deduplicate?
                                    (lambda (file copy)
                                      (copy-file/deduplicate file copy
                                                             #:store store))
                                    copy-file)
                    #:log log-port))

(define* (populate-store reference-graphs target
                         #:key (deduplicate? #t)
                         (log-port (current-error-port)))
  "Copy all the items in REFERENCE-GRAPHS, a list of files, to the store below
TARGET, with times and permissions.  DEDUPLICATE? is as for 'copy-store-item'.
Say on LOG-PORT what is going on."
  (define items (graph-items reference-graphs))
  (define store (string-append target (%store-directory)))

  (mkdir-p store)
  (chmod store #o1775)
  (simple-format log-port "copying ~a store items~%" (length items))
  (for-each (lambda (item)
              (copy-store-item item target #:deduplicate? deduplicate?))
            items))
