;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The fast half of GNU Guix's (guix scripts package), evaluated in that
;;; module: packages are searched in the index of them.

(use-modules (fruix core index))

(define (more-relevant? a b)
  ;; Whether A, a package and its score, comes before B.
  (match (list a b)
    (((package-a . score-a) (package-b . score-b))
     (let ((name-a (package-name package-a))
           (name-b (package-name package-b)))
       (cond ((not (= score-a score-b)) (> score-a score-b))
             ((string=? name-a name-b)
              (version>? (package-version package-a)
                         (package-version package-b)))
             (else (string>? name-a name-b)))))))

(define find-packages-by-description
  (let ((generic find-packages-by-description))
    (lambda (regexps)
      "Return pairs of packages that match REGEXPS and of their scores, the most
relevant first."
      (if ((@@ (gnu packages) package-index) #:make? #t)
          (sort (map (match-lambda
                       ((module symbol score)
                        (cons (module-ref (resolve-interface module) symbol)
                              score)))
                     ;; In the order in which folding would collect them.
                     (reverse (index-scores regexps)))
                more-relevant?)
          (generic regexps)))))
