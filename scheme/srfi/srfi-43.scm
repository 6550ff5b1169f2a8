;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-43: vectors.

(define-module (srfi srfi-43)
  #:re-export (make-vector vector vector? vector-ref vector-set! vector-length)
  #:replace (vector-copy vector-fill! list->vector vector->list)
  #:export (vector-empty? vector= vector-unfold vector-unfold-right vector-reverse-copy
            vector-append vector-concatenate vector-fold vector-fold-right vector-map vector-map!
            vector-for-each vector-count vector-index vector-index-right vector-skip
            vector-skip-right vector-binary-search vector-any vector-every vector-swap!
            vector-reverse! vector-copy! vector-reverse-copy! reverse-vector->list
            reverse-list->vector))

(cond-expand-provide (current-module) '(srfi-43))

(define (vector-empty? vec)
  "Return true if VEC has no element."
  (zero? (vector-length vec)))

(define (common-length vec rest)
  (apply min (vector-length vec) (map vector-length rest)))

(define (refs i vecs)
  (map (lambda (v) (vector-ref v i)) vecs))

(define (vector-unfold f len . seeds)
  "Build a vector left to right: F gets the index and the seeds, and returns an element and the next seeds."
  (let ((vec (make-vector len)))
    (let loop ((i 0) (seeds seeds))
      (if (= i len)
          vec
          (call-with-values (lambda () (apply f i seeds))
            (lambda (item . seeds)
              (vector-set! vec i item)
              (loop (+ i 1) seeds)))))))

(define (vector-unfold-right f len . seeds)
  "Build a vector right to left: F gets the index and the seeds, and returns an element and the next seeds."
  (let ((vec (make-vector len)))
    (let loop ((i (- len 1)) (seeds seeds))
      (if (< i 0)
          vec
          (call-with-values (lambda () (apply f i seeds))
            (lambda (item . seeds)
              (vector-set! vec i item)
              (loop (- i 1) seeds)))))))

(define* (vector-copy vec #:optional (start 0) (end (vector-length vec)) (fill (if #f #f)))
  "Return a copy of VEC from START up to END, with FILL past its end."
  (let ((new (make-vector (- end start) fill)))
    (vector-copy! new 0 vec start (min end (vector-length vec)))
    new))

(define* (vector-reverse-copy vec #:optional (start 0) (end (vector-length vec)))
  "Return a reversed copy of VEC from START up to END."
  (list->vector (reverse-vector->list vec start end)))

(define (vector-append . vecs)
  "Return the concatenation of VECS."
  (vector-concatenate vecs))

(define (vector-concatenate vecs)
  "Return the concatenation of the list VECS."
  (let ((new (make-vector (apply + (map vector-length vecs)))))
    (let loop ((l vecs) (at 0))
      (cond ((null? l) new)
            (else
             (vector-copy! new at (car l))
             (loop (cdr l) (+ at (vector-length (car l)))))))))

(define (vector= elt=? . vecs)
  "Return true if VECS are equal, element by element, by ELT=?."
  (define (two a b)
    (let ((len (vector-length a)))
      (and (= len (vector-length b))
           (let loop ((i 0))
             (or (= i len)
                 (and (elt=? (vector-ref a i) (vector-ref b i))
                      (loop (+ i 1))))))))
  (or (null? vecs)
      (let loop ((a (car vecs)) (rest (cdr vecs)))
        (or (null? rest)
            (and (or (eq? a (car rest)) (two a (car rest)))
                 (loop (car rest) (cdr rest)))))))

(define (vector-fold kons knil vec . rest)
  "Fold KONS, of an index, the result and the elements, over the vectors from the left."
  (let ((len (common-length vec rest)) (vecs (cons vec rest)))
    (let loop ((i 0) (result knil))
      (if (= i len)
          result
          (loop (+ i 1) (apply kons i result (refs i vecs)))))))

(define (vector-fold-right kons knil vec . rest)
  "Fold KONS, of an index, the result and the elements, over the vectors from the right."
  (let ((vecs (cons vec rest)))
    (let loop ((i (- (common-length vec rest) 1)) (result knil))
      (if (< i 0)
          result
          (loop (- i 1) (apply kons i result (refs i vecs)))))))

(define (vector-map f vec . rest)
  "Return the vector of the results of F on the index and the elements."
  (let* ((len (common-length vec rest)) (vecs (cons vec rest)) (new (make-vector len)))
    (let loop ((i 0))
      (cond ((= i len) new)
            (else
             (vector-set! new i (apply f i (refs i vecs)))
             (loop (+ i 1)))))))

(define (vector-map! f vec . rest)
  "Replace the elements of VEC by the results of F on the index and the elements."
  (let ((len (common-length vec rest)) (vecs (cons vec rest)))
    (let loop ((i 0))
      (when (< i len)
        (vector-set! vec i (apply f i (refs i vecs)))
        (loop (+ i 1))))))

(define (vector-for-each f vec . rest)
  "Apply F to the index and the elements."
  (let ((len (common-length vec rest)) (vecs (cons vec rest)))
    (let loop ((i 0))
      (when (< i len)
        (apply f i (refs i vecs))
        (loop (+ i 1))))))

(define (vector-count pred vec . rest)
  "Return how often PRED is true of the index and the elements."
  (let ((len (common-length vec rest)) (vecs (cons vec rest)))
    (let loop ((i 0) (n 0))
      (if (= i len)
          n
          (loop (+ i 1) (if (apply pred i (refs i vecs)) (+ n 1) n))))))

(define (search pred vecs from to step)
  (let loop ((i from))
    (and (not (= i to))
         (if (apply pred (refs i vecs))
             i
             (loop (+ i step))))))

(define (vector-index pred vec . rest)
  "Return the index of the first elements that satisfy PRED, or #f."
  (search pred (cons vec rest) 0 (common-length vec rest) 1))

(define (vector-index-right pred vec . rest)
  "Return the index of the last elements that satisfy PRED, or #f."
  (search pred (cons vec rest) (- (common-length vec rest) 1) -1 -1))

(define (vector-skip pred vec . rest)
  "Return the index of the first elements that do not satisfy PRED, or #f."
  (apply vector-index (lambda items (not (apply pred items))) vec rest))

(define (vector-skip-right pred vec . rest)
  "Return the index of the last elements that do not satisfy PRED, or #f."
  (apply vector-index-right (lambda items (not (apply pred items))) vec rest))

(define* (vector-binary-search vec value cmp #:optional (start 0) (end (vector-length vec)))
  "Return the index of VALUE in the sorted VEC, or #f; CMP is negative, zero or positive."
  (let loop ((low start) (high end))
    (and (< low high)
         (let* ((mid (quotient (+ low high) 2))
                (order (cmp (vector-ref vec mid) value)))
           (cond ((zero? order) mid)
                 ((positive? order) (loop low mid))
                 (else (loop (+ mid 1) high)))))))

(define (vector-any pred vec . rest)
  "Return the first true result of PRED on the elements, or #f."
  (let ((len (common-length vec rest)) (vecs (cons vec rest)))
    (let loop ((i 0))
      (and (< i len)
           (or (apply pred (refs i vecs))
               (loop (+ i 1)))))))

(define (vector-every pred vec . rest)
  "Return the last result of PRED on the elements if all are true, else #f."
  (let ((len (common-length vec rest)) (vecs (cons vec rest)))
    (let loop ((i 0) (result #t))
      (if (and result (< i len))
          (loop (+ i 1) (apply pred (refs i vecs)))
          result))))

(define (vector-swap! vec i j)
  "Exchange the elements of VEC at I and J."
  (let ((old (vector-ref vec i)))
    (vector-set! vec i (vector-ref vec j))
    (vector-set! vec j old)))

(define* (vector-fill! vec value #:optional (start 0) (end (vector-length vec)))
  "Set the elements of VEC from START up to END to VALUE."
  (let loop ((i start))
    (when (< i end)
      (vector-set! vec i value)
      (loop (+ i 1)))))

(define* (vector-reverse! vec #:optional (start 0) (end (vector-length vec)))
  "Reverse the elements of VEC from START up to END in place."
  (let loop ((i start) (j (- end 1)))
    (when (< i j)
      (vector-swap! vec i j)
      (loop (+ i 1) (- j 1)))))

(define* (vector-copy! target tstart source #:optional (sstart 0) (send (vector-length source)))
  "Copy the elements of SOURCE from SSTART up to SEND into TARGET at TSTART."
  (if (and (eq? target source) (> tstart sstart))
      (let loop ((i (- send 1)))
        (when (>= i sstart)
          (vector-set! target (+ tstart (- i sstart)) (vector-ref source i))
          (loop (- i 1))))
      (let loop ((i sstart))
        (when (< i send)
          (vector-set! target (+ tstart (- i sstart)) (vector-ref source i))
          (loop (+ i 1))))))

(define* (vector-reverse-copy! target tstart source #:optional (sstart 0)
                               (send (vector-length source)))
  "Copy the elements of SOURCE from SSTART up to SEND, reversed, into TARGET at TSTART."
  (let loop ((l (reverse-vector->list source sstart send)) (i tstart))
    (unless (null? l)
      (vector-set! target i (car l))
      (loop (cdr l) (+ i 1)))))

(define* (vector->list vec #:optional (start 0) (end (vector-length vec)))
  "Return the list of the elements of VEC from START up to END."
  (let loop ((i (- end 1)) (result '()))
    (if (< i start)
        result
        (loop (- i 1) (cons (vector-ref vec i) result)))))

(define* (reverse-vector->list vec #:optional (start 0) (end (vector-length vec)))
  "Return the reversed list of the elements of VEC from START up to END."
  (reverse (vector->list vec start end)))

(define* (list->vector lst #:optional (start 0) (end (length lst)))
  "Return the vector of the elements of LST from START up to END."
  ((@ (guile) list->vector) (list-head (list-tail lst start) (- end start))))

(define* (reverse-list->vector lst #:optional (start 0) (end (length lst)))
  "Return the reversed vector of the elements of LST from START up to END."
  (list->vector (reverse (list-head (list-tail lst start) (- end start)))))
