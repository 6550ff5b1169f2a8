;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; SRFI-1: lists.  The procedures with "!" may reuse their arguments; most of ours do not.

(define-module (srfi srfi-1)
  #:export (alist-cons alist-copy alist-delete alist-delete! any append-map append-map!
            append-reverse append-reverse! break! car+cdr circular-list circular-list?
            concatenate concatenate! count delete-duplicates delete-duplicates! dotted-list? drop
            drop-right drop-right! drop-while eighth every fifth filter-map find find-tail first fold
            fold-right fourth last length+ list-tabulate list= lset-adjoin lset-diff+intersection
            lset-diff+intersection! lset-difference lset-difference! lset-intersection
            lset-intersection! lset-union lset-union! lset-xor lset-xor! lset<= lset= map! ninth
            not-pair? null-list? pair-fold pair-fold-right pair-for-each partition partition!
            proper-list? reduce reduce-right remove remove! second seventh sixth span span! split-at
            split-at! take take! take-right take-while take-while! tenth third unfold unfold-right
            unzip1 unzip2 unzip3 unzip4 unzip5 xcons zip)
  #:replace (map map-in-order for-each list-index member assoc delete delete! iota break
             list-copy)
  #:re-export (append append! assq assv caaaar caaadr caaar caadar caaddr caadr caar cadaar cadadr
               cadar caddar cadddr caddr cadr car cdaaar cdaadr cdaar cdadar cdaddr cdadr cdar cddaar
               cddadr cddar cdddar cddddr cdddr cddr cdr cons cons* filter filter! last-pair
               length list list-ref list-tail make-list memq memv null? pair? reverse reverse!
               set-car! set-cdr!))

(cond-expand-provide (current-module) '(srfi-1))

(define core:list-copy (@ (guile) list-copy))
(define core:member (@ (guile) member))
(define core:assoc (@ (guile) assoc))
(define core:delete (@ (guile) delete))

(define (bad-argument who pos obj)
  (scm-error 'wrong-type-arg who "Wrong type argument: ~S" (list obj) '()))

(define-syntax-rule (check who pos ok? obj)
  (unless (ok? obj) (bad-argument who pos obj)))

(define (listish? x) (or (pair? x) (null? x)))

;;; Constructors

(define (xcons d a)
  "Return the pair (A . D)."
  (cons a d))

(define (list-copy lst)
  "Return a copy of the spine of LST."
  (let loop ((l lst))
    (if (pair? l)
        (cons (car l) (loop (cdr l)))
        l)))

(define (list-tabulate n proc)
  "Return the list of N elements whose element at index i is (PROC i)."
  (let loop ((i (- n 1)) (result '()))
    (if (< i 0)
        result
        (loop (- i 1) (cons (proc i) result)))))

(define (circular-list . elements)
  "Return the circular list of ELEMENTS."
  (unless (null? elements)
    (set-cdr! (last-pair elements) elements))
  elements)

(define iota (@ (guile) iota))

(define (proper-list? x)
  "Return true if X is a proper list."
  (list? x))

(define (length+ x)
  "Return the length of X, #f if it is circular."
  (let loop ((slow x) (fast x) (n 0))
    (cond ((not (pair? fast)) n)
          ((not (pair? (cdr fast))) (+ n 1))
          (else
           (let ((slow (cdr slow)) (fast (cddr fast)))
             (and (not (eq? slow fast))
                  (loop slow fast (+ n 2))))))))

(define (circular-list? x)
  "Return true if X is a circular list."
  (not (length+ x)))

(define (dotted-list? x)
  "Return true if X ends in something else than the empty list."
  (let loop ((slow x) (fast x))
    (cond ((null? fast) #f)
          ((not (pair? fast)) #t)
          ((null? (cdr fast)) #f)
          ((not (pair? (cdr fast))) #t)
          (else
           (let ((slow (cdr slow)) (fast (cddr fast)))
             (and (not (eq? slow fast))
                  (loop slow fast)))))))

(define (not-pair? x)
  "Return true if X is not a pair."
  (not (pair? x)))

(define (null-list? x)
  "Return true if the list X is empty."
  (cond ((pair? x) #f)
        ((null? x) #t)
        (else (error "not a proper list in null-list?"))))

(define (list= elt= . lists)
  "Return true if LISTS are equal, element by element, by ELT=."
  (define (two a b)
    (cond ((null? a) (null? b))
          ((null? b) #f)
          (else (and (elt= (car a) (car b))
                     (two (cdr a) (cdr b))))))
  (or (null? lists)
      (let loop ((a (car lists)) (rest (cdr lists)))
        (or (null? rest)
            (and (or (eq? a (car rest)) (two a (car rest)))
                 (loop (car rest) (cdr rest)))))))

;;; Selectors

(define (first x) "Return the first element of X." (car x))
(define (second x) "Return the second element of X." (cadr x))
(define (third x) "Return the third element of X." (caddr x))
(define (fourth x) "Return the fourth element of X." (cadddr x))
(define (fifth x) "Return the fifth element of X." (car (cddddr x)))
(define (sixth x) "Return the sixth element of X." (cadr (cddddr x)))
(define (seventh x) "Return the seventh element of X." (caddr (cddddr x)))
(define (eighth x) "Return the eighth element of X." (cadddr (cddddr x)))
(define (ninth x) "Return the ninth element of X." (car (cddddr (cddddr x))))
(define (tenth x) "Return the tenth element of X." (cadr (cddddr (cddddr x))))

(define (car+cdr x)
  "Return the car and the cdr of X."
  (values (car x) (cdr x)))

(define (take lst k)
  "Return the first K elements of LST."
  (list-head lst k))

(define (drop lst k)
  "Return LST without its first K elements."
  (list-tail lst k))

(define (take! lst k)
  "Cut LST after its first K elements."
  (cond ((zero? k) '())
        (else
         (set-cdr! (list-tail lst (- k 1)) '())
         lst)))

(define (take-right lst k)
  "Return the last K elements of LST."
  (let loop ((lag lst) (lead (drop lst k)))
    (if (pair? lead)
        (loop (cdr lag) (cdr lead))
        lag)))

(define (drop-right lst k)
  "Return LST without its last K elements."
  (let loop ((lag lst) (lead (drop lst k)) (result '()))
    (if (pair? lead)
        (loop (cdr lag) (cdr lead) (cons (car lag) result))
        (reverse! result))))

(define (drop-right! lst k)
  "Cut the last K elements off LST."
  (drop-right lst k))

(define (split-at lst k)
  "Return the first K elements of LST, and the rest."
  (let loop ((l lst) (k k) (result '()))
    (if (zero? k)
        (values (reverse! result) l)
        (loop (cdr l) (- k 1) (cons (car l) result)))))

(define (split-at! lst k)
  "Cut LST after its first K elements; return both parts."
  (split-at lst k))

(define (last lst)
  "Return the last element of LST."
  (car (last-pair lst)))

;;; Miscellaneous

(define (concatenate lists)
  "Append LISTS."
  (apply append lists))

(define (concatenate! lists)
  "Append LISTS, reusing them."
  (apply append! lists))

(define (append-reverse rev-head tail)
  "Append the reverse of REV-HEAD to TAIL."
  (if (pair? rev-head)
      (append-reverse (cdr rev-head) (cons (car rev-head) tail))
      tail))

(define (append-reverse! rev-head tail)
  "Append the reverse of REV-HEAD to TAIL."
  (append-reverse rev-head tail))

(define (zip l . rest)
  "Return the list of lists of corresponding elements."
  (apply map list l rest))

(define (unzip1 l) "Return the list of first elements." (map first l))
(define (unzip2 l)
  "Return the lists of first and of second elements."
  (values (map first l) (map second l)))
(define (unzip3 l)
  "Return the lists of first, second and third elements."
  (values (map first l) (map second l) (map third l)))
(define (unzip4 l)
  "Return the lists of first to fourth elements."
  (values (map first l) (map second l) (map third l) (map fourth l)))
(define (unzip5 l)
  "Return the lists of first to fifth elements."
  (values (map first l) (map second l) (map third l) (map fourth l) (map fifth l)))

(define (count pred lst . rest)
  "Return how often PRED is true of the elements of the lists."
  (if (null? rest)
      (let loop ((l lst) (n 0))
        (if (pair? l)
            (loop (cdr l) (if (pred (car l)) (+ n 1) n))
            n))
      (apply fold (lambda args
                    (let ((n (last args)))
                      (if (apply pred (drop-right args 1)) (+ n 1) n)))
             0 lst rest)))

;;; Fold, unfold, map

(define (cars+cdrs lists)
  ;; The cars and the cdrs of LISTS, or #f and #f if one has ended.
  (let loop ((l lists) (cars '()) (cdrs '()))
    (cond ((null? l) (values (reverse! cars) (reverse! cdrs)))
          ((pair? (car l)) (loop (cdr l) (cons (caar l) cars) (cons (cdar l) cdrs)))
          (else (values #f #f)))))

(define fold
  (case-lambda
    "Fold KONS over the lists from the left."
    ((kons knil lst)
     (check "fold" 1 procedure? kons)
     (check "fold" 3 listish? lst)
     (let loop ((l lst) (result knil))
       (if (pair? l)
           (loop (cdr l) (kons (car l) result))
           result)))
    ((kons knil a b)
     (check "fold" 1 procedure? kons)
     (let loop ((a a) (b b) (result knil))
       (if (and (pair? a) (pair? b))
           (loop (cdr a) (cdr b) (kons (car a) (car b) result))
           result)))
    ((kons knil . lists)
     (check "fold" 1 procedure? kons)
     (let loop ((lists lists) (result knil))
       (call-with-values (lambda () (cars+cdrs lists))
         (lambda (cars cdrs)
           (if cars
               (loop cdrs (apply kons (append! cars (list result))))
               result)))))))

(define (fold-right kons knil lst . rest)
  "Fold KONS over the lists from the right."
  (check "fold-right" 1 procedure? kons)
  (if (null? rest)
      (let loop ((l (reverse lst)) (result knil))
        (if (pair? l)
            (loop (cdr l) (kons (car l) result))
            result))
      ;; As in Guile, lists of different lengths are aligned at their ends.
      (apply fold kons knil (map reverse (cons lst rest)))))

(define (pair-fold kons knil lst . rest)
  "Fold KONS over the pairs of the lists from the left."
  (let loop ((lists (cons lst rest)) (result knil))
    (if (every pair? lists)
        (let ((tails (map cdr lists)))
          (loop tails (apply kons (append lists (list result)))))
        result)))

(define (pair-fold-right kons knil lst . rest)
  "Fold KONS over the pairs of the lists from the right."
  (let loop ((lists (cons lst rest)))
    (if (every pair? lists)
        (apply kons (append lists (list (loop (map cdr lists)))))
        knil)))

(define* (unfold stop? mapper next seed #:optional (tail-gen (lambda (x) '())))
  "Build a list left to right: (MAPPER seed) gives an element, (NEXT seed) the next seed, until STOP?."
  (let loop ((seed seed) (result '()))
    (if (stop? seed)
        (append-reverse! result (tail-gen seed))
        (loop (next seed) (cons (mapper seed) result)))))

(define* (unfold-right stop? mapper next seed #:optional (tail '()))
  "Build a list right to left: (MAPPER seed) gives an element, (NEXT seed) the next seed, until STOP?."
  (let loop ((seed seed) (result tail))
    (if (stop? seed)
        result
        (loop (next seed) (cons (mapper seed) result)))))

(define (reduce f identity lst)
  "Fold F over the elements of LST, from the left, beginning with the first; IDENTITY if LST is empty."
  (if (null? lst)
      identity
      (fold f (car lst) (cdr lst))))

(define (reduce-right f identity lst)
  "Fold F over the elements of LST, from the right, beginning with the last; IDENTITY if LST is empty."
  (if (null? lst)
      identity
      (let ((rev (reverse lst)))
        (fold f (car rev) (cdr rev)))))

(define map
  (case-lambda
    "Return the list of the results of F on the elements of the lists, up to the shortest one's end."
    ((f l)
     (check "map" 1 procedure? f)
     (check "map" 2 listish? l)
     (let loop ((l l))
       (if (pair? l)
           (let ((head (f (car l))))
             (cons head (loop (cdr l))))
           '())))
    ((f l1 l2)
     (check "map" 1 procedure? f)
     (let loop ((l1 l1) (l2 l2))
       (if (and (pair? l1) (pair? l2))
           (let ((head (f (car l1) (car l2))))
             (cons head (loop (cdr l1) (cdr l2))))
           '())))
    ((f l1 . rest)
     (check "map" 1 procedure? f)
     (let loop ((lists (cons l1 rest)))
       (call-with-values (lambda () (cars+cdrs lists))
         (lambda (cars cdrs)
           (if cars
               (let ((head (apply f cars)))
                 (cons head (loop cdrs)))
               '())))))))

(define map-in-order map)
(define map! map)

(define for-each
  (case-lambda
    "Apply F to the elements of the lists, up to the shortest one's end."
    ((f l)
     (check "for-each" 1 procedure? f)
     (check "for-each" 2 listish? l)
     (let loop ((l l))
       (when (pair? l)
         (f (car l))
         (loop (cdr l)))))
    ((f l1 l2)
     (check "for-each" 1 procedure? f)
     (let loop ((l1 l1) (l2 l2))
       (when (and (pair? l1) (pair? l2))
         (f (car l1) (car l2))
         (loop (cdr l1) (cdr l2)))))
    ((f l1 . rest)
     (check "for-each" 1 procedure? f)
     (let loop ((lists (cons l1 rest)))
       (call-with-values (lambda () (cars+cdrs lists))
         (lambda (cars cdrs)
           (when cars
             (apply f cars)
             (loop cdrs))))))))

(define append-map
  (case-lambda
    "Append the lists that F gives for the elements of the lists."
    ((f l) (concatenate (map f l)))
    ((f l . rest) (concatenate (apply map f l rest)))))

(define append-map! append-map)

(define (filter-map f lst . rest)
  "Return the list of the true results of F on the elements of the lists."
  (if (null? rest)
      (let loop ((l lst) (result '()))
        (if (pair? l)
            (let ((value (f (car l))))
              (loop (cdr l) (if value (cons value result) result)))
            (reverse! result)))
      (filter identity (apply map f lst rest))))

(define (pair-for-each f lst . rest)
  "Apply F to the pairs of the lists, in order."
  (if (null? rest)
      (let loop ((l lst))
        (when (pair? l)
          (let ((tail (cdr l)))
            (f l)
            (loop tail))))
      (let loop ((lists (cons lst rest)))
        (when (every pair? lists)
          (let ((tails (map cdr lists)))
            (apply f lists)
            (loop tails))))))

;;; Filtering and searching

(define (partition pred lst)
  "Return the list of the elements of LST that satisfy PRED, and that of the others."
  (let loop ((l lst) (in '()) (out '()))
    (cond ((null? l) (values (reverse! in) (reverse! out)))
          ((pred (car l)) (loop (cdr l) (cons (car l) in) out))
          (else (loop (cdr l) in (cons (car l) out))))))

(define partition! partition)

(define (remove pred lst)
  "Return the elements of LST that do not satisfy PRED."
  (let loop ((l lst) (result '()))
    (cond ((null? l) (reverse! result))
          ((pred (car l)) (loop (cdr l) result))
          (else (loop (cdr l) (cons (car l) result))))))

(define remove! remove)

(define (find pred lst)
  "Return the first element of LST that satisfies PRED, or #f."
  (check "find" 1 procedure? pred)
  (let loop ((l lst))
    (and (not (null? l))
         (let ((head (car l)))
           (if (pred head)
               head
               (loop (cdr l)))))))

(define (find-tail pred lst)
  "Return the first pair of LST whose car satisfies PRED, or #f."
  (check "find-tail" 1 procedure? pred)
  (let loop ((l lst))
    (and (not (null? l))
         (if (pred (car l))
             l
             (loop (cdr l))))))

(define (take-while pred lst)
  "Return the longest head of LST whose elements all satisfy PRED."
  (let loop ((l lst) (result '()))
    (if (and (pair? l) (pred (car l)))
        (loop (cdr l) (cons (car l) result))
        (reverse! result))))

(define take-while! take-while)

(define (drop-while pred lst)
  "Return LST without its longest head whose elements all satisfy PRED."
  (let loop ((l lst))
    (if (and (pair? l) (pred (car l)))
        (loop (cdr l))
        l)))

(define (span pred lst)
  "Return the longest head of LST whose elements all satisfy PRED, and the rest."
  (let loop ((l lst) (result '()))
    (if (and (pair? l) (pred (car l)))
        (loop (cdr l) (cons (car l) result))
        (values (reverse! result) l))))

(define span! span)

(define (break pred lst)
  "Return the longest head of LST none of whose elements satisfies PRED, and the rest."
  (span (lambda (x) (not (pred x))) lst))

(define break! break)

(define any
  (case-lambda
    "Return the first true result of PRED on the elements of the lists, or #f."
    ((pred lst)
     (check "any" 1 procedure? pred)
     (and (pair? lst)
          (let loop ((l lst))
            (if (null? (cdr l))
                (pred (car l))
                (or (pred (car l))
                    (loop (cdr l)))))))
    ((pred a b)
     (let loop ((a a) (b b))
       (and (pair? a) (pair? b)
            (or (pred (car a) (car b))
                (loop (cdr a) (cdr b))))))
    ((pred . lists)
     (let loop ((lists lists))
       (call-with-values (lambda () (cars+cdrs lists))
         (lambda (cars cdrs)
           (and cars
                (or (apply pred cars)
                    (loop cdrs)))))))))

(define every
  (case-lambda
    "Return the last result of PRED on the elements of the lists if all are true, else #f."
    ((pred lst)
     (check "every" 1 procedure? pred)
     (or (null? lst)
         (let loop ((l lst))
           (if (null? (cdr l))
               (pred (car l))
               (and (pred (car l))
                    (loop (cdr l)))))))
    ((pred a b)
     (let loop ((a a) (b b) (result #t))
       (if (and result (pair? a) (pair? b))
           (loop (cdr a) (cdr b) (pred (car a) (car b)))
           result)))
    ((pred . lists)
     (let loop ((lists lists) (result #t))
       (call-with-values (lambda () (cars+cdrs lists))
         (lambda (cars cdrs)
           (if (and result cars)
               (loop cdrs (apply pred cars))
               result)))))))

(define (list-index pred lst . rest)
  "Return the index of the first elements of the lists that satisfy PRED, or #f."
  (if (null? rest)
      (let loop ((l lst) (i 0))
        (and (pair? l)
             (if (pred (car l))
                 i
                 (loop (cdr l) (+ i 1)))))
      (let loop ((lists (cons lst rest)) (i 0))
        (call-with-values (lambda () (cars+cdrs lists))
          (lambda (cars cdrs)
            (and cars
                 (if (apply pred cars)
                     i
                     (loop cdrs (+ i 1)))))))))

(define* (member x lst #:optional (= equal?))
  "Return the first pair of LST whose car is equal to X by =, or #f."
  (if (eq? = equal?)
      (core:member x lst)
      (let loop ((l lst))
        (and (pair? l)
             (if (= x (car l))
                 l
                 (loop (cdr l)))))))

;;; Deletion

(define* (delete x lst #:optional (= equal?))
  "Return the elements of LST that are not equal to X by =."
  (if (eq? = equal?)
      (core:delete x lst)
      (remove (lambda (y) (= x y)) lst)))

(define delete! delete)

(define* (delete-duplicates lst #:optional (= equal?))
  "Return LST without the elements equal by = to an earlier one."
  (or (cond ((eq? = equal?) (%delete-duplicates lst 2))
            ((eq? = eq?) (%delete-duplicates lst 0))
            ((eq? = eqv?) (%delete-duplicates lst 1))
            ((eq? = string=?) (%delete-duplicates lst 3))
            (else #f))
      (delete-duplicates-by lst =)))

(define (delete-duplicates-by lst =)
  ;; Each element is compared with the ones kept, the earlier one first, as SRFI-1 demands.  A predicate
  ;; may have a property which says that only elements whose cars are equal strings can be equal by it.
  (define (seen? x kept)
    (let loop ((l kept))
      (and (pair? l)
           (or (= (car l) x)
               (loop (cdr l))))))
  (define (by-cars)
    (define table (make-hash-table))
    (let loop ((l lst) (result '()))
      (if (null? l)
          (reverse! result)
          (let* ((x (car l)) (alike (hash-ref table (car x) '())))
            (if (seen? x alike)
                (loop (cdr l) result)
                (begin
                  (hash-set! table (car x) (append alike (list x)))
                  (loop (cdr l) (cons x result))))))))
  (define (by-all)
    (define kept (list 'head))
    (let loop ((l lst) (last kept))
      (cond ((null? l) (cdr kept))
            ((seen? (car l) (cdr kept)) (loop (cdr l) last))
            (else
             (let ((pair (list (car l))))
               (set-cdr! last pair)
               (loop (cdr l) pair))))))
  (if (and (procedure-property = '%cars-decide)
           (and-map (lambda (x) (and (pair? x) (string? (car x)))) lst))
      (by-cars)
      (by-all)))

(define delete-duplicates! delete-duplicates)

;;; Association lists

(define* (assoc key alist #:optional (= equal?))
  "Return the first pair of ALIST whose car is equal to KEY by =, or #f."
  (if (eq? = equal?)
      (core:assoc key alist)
      (let loop ((l alist))
        (and (pair? l)
             (if (= key (caar l))
                 (car l)
                 (loop (cdr l)))))))

(define (alist-cons key value alist)
  "Add the pair of KEY and VALUE to ALIST."
  (acons key value alist))

(define (alist-copy alist)
  "Return a copy of ALIST and of its pairs."
  (map (lambda (entry) (cons (car entry) (cdr entry))) alist))

(define* (alist-delete key alist #:optional (= equal?))
  "Return ALIST without the entries of KEY, compared by =."
  (remove (lambda (entry) (= key (car entry))) alist))

(define alist-delete! alist-delete)

;;; Lists as sets

(define (lset-member? x lst =)
  (let loop ((l lst))
    (and (pair? l)
         (or (= (car l) x)
             (loop (cdr l))))))

(define (lset<= = . lists)
  "Return true if each of LISTS is a subset of the next."
  (or (null? lists)
      (let loop ((a (car lists)) (rest (cdr lists)))
        (or (null? rest)
            (and (every (lambda (x) (member x (car rest) =)) a)
                 (loop (car rest) (cdr rest)))))))

(define (lset= = . lists)
  "Return true if all LISTS are equal as sets."
  (or (null? lists)
      (let loop ((a (car lists)) (rest (cdr lists)))
        (or (null? rest)
            (and (every (lambda (x) (member x (car rest) =)) a)
                 (every (lambda (x) (member x a (lambda (x y) (= y x)))) (car rest))
                 (loop (car rest) (cdr rest)))))))

(define (lset-adjoin = lst . elements)
  "Add those ELEMENTS that are not in it to the set LST."
  (fold (lambda (x result)
          (if (lset-member? x result =) result (cons x result)))
        lst elements))

(define (lset-union = . lists)
  "Return the union of LISTS."
  (if (null? lists)
      '()
      (fold (lambda (lst result)
              (cond ((null? lst) result)
                    ((null? result) lst)
                    ((eq? lst result) result)
                    (else
                     (fold (lambda (x result)
                             (if (lset-member? x result =) result (cons x result)))
                           result lst))))
            '() lists)))

(define lset-union! lset-union)

(define (lset-intersection = lst . rest)
  "Return the elements of LST that are in all the other lists."
  (filter (lambda (x) (every (lambda (other) (member x other =)) rest))
          lst))

(define lset-intersection! lset-intersection)

(define (lset-difference = lst . rest)
  "Return the elements of LST that are in none of the other lists."
  (if (null? rest)
      lst
      (remove (lambda (x) (any (lambda (other) (member x other =)) rest))
              lst)))

(define lset-difference! lset-difference)

(define (lset-xor = . lists)
  "Return the elements that are in an odd number of LISTS."
  (reduce (lambda (b a)
            (fold (lambda (x result)
                    (if (lset-member? x a =) result (cons x result)))
                  (remove (lambda (x) (lset-member? x b =)) a)
                  b))
          '() lists))

(define lset-xor! lset-xor)

(define (lset-diff+intersection = lst . rest)
  "Return the elements of LST that are in no other list, and those that are in one."
  (partition (lambda (x) (not (any (lambda (other) (member x other =)) rest)))
             lst))

(define lset-diff+intersection! lset-diff+intersection)
