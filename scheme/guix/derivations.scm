;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Derivations.  Same public interface as the module of this name in GNU Guix;
;;; their text, hashes and output paths are computed below (fruix core).

(define-module (guix derivations)
  #:use-module (fruix core)
  #:use-module (guix store)
  #:use-module (guix utils)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:use-module (srfi srfi-9 gnu)
  #:use-module (srfi srfi-26)
  #:use-module (srfi srfi-34)
  #:use-module (srfi srfi-35)
  #:use-module (ice-9 match)
  #:export (<derivation> derivation? derivation-outputs derivation-inputs
            derivation-sources derivation-system derivation-builder
            derivation-builder-arguments derivation-builder-environment-vars
            derivation-file-name derivation-name derivation-output-names
            derivation-substitutable? derivation-properties
            fixed-output-derivation?

            <derivation-output> derivation-output? derivation-output-path
            derivation-output-hash-algo derivation-output-hash
            derivation-output-recursive?

            <derivation-input> derivation-input derivation-input?
            derivation-input-derivation derivation-input-path
            derivation-input-sub-derivations derivation-input-output-paths
            derivation-input-output-path derivation-input-key

            &derivation-error derivation-error? derivation-error-derivation
            &derivation-missing-output-error derivation-missing-output-error?
            derivation-missing-output

            derivation->output-path derivation->output-paths
            derivation raw-derivation read-derivation-from-file
            build-derivations built-derivations))

(define-record-type <derivation>
  (make-derivation outputs inputs sources system builder args environment
                   file-name)
  derivation?
  (outputs     derivation-outputs)      ;alist of names to <derivation-output>
  (inputs      derivation-inputs)       ;<derivation-input>s
  (sources     derivation-sources)      ;store items
  (system      derivation-system)
  (builder     derivation-builder)
  (args        derivation-builder-arguments)
  (environment derivation-builder-environment-vars) ;alist
  (file-name   derivation-file-name))

(define-record-type <derivation-output>
  (make-derivation-output path hash-algo hash recursive?)
  derivation-output?
  (path       derivation-output-path)
  (hash-algo  derivation-output-hash-algo)        ;symbol or #f
  (hash       derivation-output-hash)             ;bytevector or #f
  (recursive? derivation-output-recursive?))

(define-record-type <derivation-input>
  (make-derivation-input derivation outputs)
  derivation-input?
  (derivation derivation-input-derivation)
  (outputs    derivation-input-sub-derivations))  ;strings

(set-record-type-printer! <derivation>
  (lambda (drv port)
    (simple-format port "#<derivation ~a => ~a>"
                   (derivation-file-name drv)
                   (string-join (map cdr (derivation->output-paths drv))))))

(define-condition-type &derivation-error &store-error
  derivation-error?
  (derivation derivation-error-derivation))

(define-condition-type &derivation-missing-output-error &derivation-error
  derivation-missing-output-error?
  (output derivation-missing-output))

(define* (derivation-input drv #:optional (outputs '("out")))
  "The input that is the OUTPUTS of DRV."
  (make-derivation-input drv outputs))

(define (derivation-input-path input)
  "The file name of the derivation of INPUT."
  (derivation-file-name (derivation-input-derivation input)))

(define (derivation-input-key input)
  (cons (derivation-input-path input)
        (derivation-input-sub-derivations input)))

(define (derivation-input-output-paths input)
  "The file names of the outputs in INPUT."
  (map (lambda (output)
         (derivation->output-path (derivation-input-derivation input) output))
       (derivation-input-sub-derivations input)))

(define (derivation-input-output-path input)
  "The file name of the only output in INPUT."
  (match (derivation-input-output-paths input)
    ((path) path)))

(define (derivation-name drv)
  "The name of DRV, without \".drv\"."
  (string-drop-right (store-path-package-name (derivation-file-name drv)) 4))

(define (derivation-output-names drv)
  (map car (derivation-outputs drv)))

(define* (derivation->output-path drv #:optional (output "out"))
  "The file name of OUTPUT of DRV."
  (match (assoc output (derivation-outputs drv))
    ((_ . found) (derivation-output-path found))
    (#f (raise (condition (&derivation-missing-output-error
                           (derivation drv)
                           (output output)))))))

(define (derivation->output-paths drv)
  "An alist of output names and file names of DRV."
  (map (match-lambda
         ((name . output) (cons name (derivation-output-path output))))
       (derivation-outputs drv)))

(define (fixed-output-derivation? drv)
  "Whether the contents of DRV's output are known beforehand."
  (match (derivation-outputs drv)
    ((("out" . output)) (->bool (derivation-output-hash output)))
    (_ #f)))

(define (derivation-substitutable? drv)
  (not (equal? "0" (assoc-ref (derivation-builder-environment-vars drv)
                              "allowSubstitutes"))))

(define (derivation-properties drv)
  (match (assoc-ref (derivation-builder-environment-vars drv)
                    "guix properties")
    ((? string? str) (call-with-input-string str read))
    (#f '())))

(define %derivations
  ;; File name => <derivation>, so that equal ones are `eq?'.
  (make-hash-table))

(define (input->pair input)
  (match input
    ((? derivation-input?)
     (cons (derivation-input-path input)
           (derivation-input-sub-derivations input)))
    (((? derivation? drv))
     (list (derivation-file-name drv) "out"))
    (((? derivation? drv) . outputs)
     (cons (derivation-file-name drv) outputs))
    (_ #f)))

(define (options->environment references-graphs allowed disallowed leaked
                              local-build? substitutable? properties)
  ;; What the daemon is told by variables of the environment.
  (define (variable name value)
    (if value (list (cons name value)) '()))

  (append
   (variable "exportReferencesGraph"
             (and references-graphs
                  (string-join (append-map (match-lambda
                                             ((file . item) (list file item)))
                                           references-graphs))))
   (variable "preferLocalBuild" (and local-build? "1"))
   (variable "allowSubstitutes" (if substitutable? #f "0"))
   (variable "allowedReferences" (and=> allowed string-join))
   (variable "disallowedReferences" (and=> disallowed string-join))
   (variable "impureEnvVars" (and=> leaked string-join))
   (variable "guix properties" (and (pair? properties)
                                    (object->string properties)))))

(define* (derivation store name builder args
                     #:key
                     (system (%current-system)) (env-vars '())
                     (inputs '()) (sources '())
                     (outputs '("out"))
                     hash hash-algo recursive?
                     references-graphs
                     allowed-references disallowed-references
                     leaked-env-vars local-build?
                     (substitutable? #t)
                     (properties '())
                     (%deprecation-warning? #t))
  "The derivation called NAME that runs BUILDER with ARGS on SYSTEM, with
ENV-VARS, an alist; it is in the store then.  INPUTS are <derivation-input>s,
SOURCES store items.  With HASH, of HASH-ALGO, its only output has that hash: of
the file, or if RECURSIVE? of its archive.  The other arguments are as in GNU
Guix."
  (let* ((options (options->environment references-graphs
                                        allowed-references
                                        disallowed-references leaked-env-vars
                                        local-build? substitutable?
                                        properties))
         (environment (append options env-vars))
         (sources (append (filter-map (match-lambda
                                        (((? string? file) . _)
                                         (if (direct-store-path? file)
                                             file
                                             (add-to-store store (basename file) #t
                                                           "sha256" file)))
                                        (_ #f))
                                      inputs)
                          sources))
         (result (core-add-derivation name system builder args environment
                                      (filter-map input->pair inputs)
                                      sources outputs
                                      (and=> hash-algo symbol->string)
                                      hash (->bool recursive?))))
    (match result
      ((file . paths)
       (or (hash-ref %derivations file)
           (let ((drv (make-derivation
                       (map (match-lambda
                              ((output . path)
                               (cons output
                                     (make-derivation-output path hash-algo hash
                                                             recursive?))))
                            paths)
                       (filter derivation-input? inputs)
                       sources system builder args environment file)))
             (hash-set! %derivations file drv)
             drv))))))

(define raw-derivation
  (store-lift derivation))

(define (read-derivation-from-file file)
  "The derivation in FILE, a store item."
  (or (hash-ref %derivations file)
      (match (core-read-derivation file)
        ((outputs inputs sources system builder args environment)
         (let ((drv (make-derivation
                     (map (match-lambda
                            ((name path algo hash recursive?)
                             (cons name
                                   (make-derivation-output
                                    path (and=> algo string->symbol)
                                    hash recursive?))))
                          outputs)
                     (map (match-lambda
                            ((path . names)
                             (make-derivation-input
                              (read-derivation-from-file path) names)))
                          inputs)
                     sources system builder args environment file)))
           (hash-set! %derivations file drv)
           drv)))))

(define (build-derivations store derivations)
  "Build DERIVATIONS, each a <derivation>, a <derivation-input>, the file name of
a derivation or a pair of that and the name of an output."
  (build-things store
                (append-map (match-lambda
                              ((? derivation? drv)
                               (list (derivation-file-name drv)))
                              ((? derivation-input? input)
                               (map (cut cons (derivation-input-path input) <>)
                                    (derivation-input-sub-derivations input)))
                              (thing (list thing)))
                            derivations)))

(define built-derivations
  (store-lift build-derivations))
