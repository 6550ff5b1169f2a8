;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; VLists, and VHashes above them: immutable lists whose elements live in blocks of growing size,
;;; with hash chains in each block for the latter.  A vlist points to its head in a block; a block
;;; is filled in place as long as the list that is consed on ends where the block ends.

(define-module (ice-9 vlist)
  #:use-module (fruix native)
  #:use-module (srfi srfi-9)
  #:use-module (srfi srfi-9 gnu)
  #:export (vlist? vlist-cons vlist-head vlist-tail vlist-null? vlist-null list->vlist vlist-ref
            vlist-drop vlist-take vlist-length vlist-fold vlist-fold-right vlist-map vlist-unfold
            vlist-unfold-right vlist-append vlist-reverse vlist-filter vlist-delete vlist->list
            vlist-for-each block-growth-factor
            vhash? vhash-cons vhash-consq vhash-consv vhash-assoc vhash-assq vhash-assv vhash-delete
            vhash-delq vhash-delv vhash-fold vhash-fold-right vhash-fold* vhash-foldq* vhash-foldv*
            alist->vhash))

;; Natives know the order of these records' fields (natives/vhashes.rs).
(define core:hash hash)

(define block-growth-factor (make-fluid 2))

;; CHAINS is #f in a block of a vlist; in one of a vhash, the vector of the indices of the previous
;; entry with the same hash, and BUCKETS the vector of the last one for each hash; #f ends a chain.
(define-record-type <block>
  (make-block content size free base offset buckets chains)
  block?
  (content block-content)
  (size block-size)
  (free block-free set-block-free!)
  (base block-base)                     ;the next block, #f for the null block
  (offset block-offset)                 ;index of the next element there
  (buckets block-buckets)
  (chains block-chains))

(define-record-type <vlist>
  (make-vlist block offset)
  %vlist?
  (block vlist-block)
  (offset vlist-offset))

(define null-block (make-block #() 0 0 #f 0 #f #f))
(define vlist-null (make-vlist null-block 0))

(set-record-type-printer!
 <vlist>
 (lambda (vl port)
   (cond ((vlist-null? vl) (display "#<vlist ()>" port))
         ((vhash? vl)
          (simple-format port "#<vhash ~a ~a pairs>"
                         (number->string (object-address vl) 16) (vlist-length vl)))
         (else
          (display "#<vlist " port)
          (write (vlist->list vl) port)
          (display ">" port)))))

(define (vlist? obj)
  "Return true if OBJ is a vlist."
  (%vlist? obj))

(define (check who vl)
  (unless (%vlist? vl)
    (throw 'wrong-type-arg who "Not a vlist: ~S" (list vl) (list vl))))

(define (vlist-null? vl)
  "Return true if the vlist VL is empty."
  (check 'vlist-null? vl)
  (eq? (vlist-block vl) null-block))

(define (vhash? obj)
  "Return true if OBJ is a hash list."
  (and (%vlist? obj)
       (and (block-chains (vlist-block obj)) #t)))

(define (grown vl)
  ;; The size of the block to follow that of VL.
  (let ((block (vlist-block vl)))
    (cond ((eq? block null-block) 1)
          ((= (+ (vlist-offset vl) 1) (block-size block))
           (* (fluid-ref block-growth-factor) (block-size block)))
          (else 1))))

(define (room? vl hashed?)
  ;; Can an element be put after the head of VL in its block?
  (let ((block (vlist-block vl)))
    (and (= (+ (vlist-offset vl) 1) (block-free block))
         (< (block-free block) (block-size block))
         (eq? hashed? (and (block-chains block) #t)))))

(define (append-item! block item)
  (let ((index (block-free block)))
    (vector-set! (block-content block) index item)
    (set-block-free! block (+ index 1))
    (make-vlist block index)))

(define (vlist-cons item vl)
  "Return the vlist with ITEM before VL."
  (check 'vlist-cons vl)
  (if (room? vl #f)
      (append-item! (vlist-block vl) item)
      (let ((size (grown vl)))
        (append-item! (make-block (make-vector size #f) size 0 (vlist-block vl)
                                  (vlist-offset vl) #f #f)
                      item))))

(define (vlist-head vl)
  "Return the first element of VL."
  (check 'vlist-head vl)
  (vector-ref (block-content (vlist-block vl)) (vlist-offset vl)))

(define (vlist-tail vl)
  "Return VL without its first element."
  (check 'vlist-tail vl)
  (let ((block (vlist-block vl)) (offset (vlist-offset vl)))
    (cond ((> offset 0) (make-vlist block (- offset 1)))
          ((not (block-base block))
           (throw 'wrong-type-arg 'vlist-tail "Not a non-empty vlist: ~S" (list vl) (list vl)))
          ((eq? (block-base block) null-block) vlist-null)
          (else (make-vlist (block-base block) (block-offset block))))))

(define (locate vl index k)
  ;; Call K with the block and offset of element INDEX of VL.
  (let loop ((block (vlist-block vl)) (offset (vlist-offset vl)) (index index))
    (cond ((not (block-base block))
           (if (zero? index)
               (k block 0)
               (throw 'out-of-range 'vlist-ref "Index out of range: ~S" (list index)
                      (list index))))
          ((<= index offset) (k block (- offset index)))
          (else (loop (block-base block) (block-offset block) (- index offset 1))))))

(define (vlist-ref vl index)
  "Return the element at INDEX of VL."
  (check 'vlist-ref vl)
  (locate vl index
          (lambda (block offset) (vector-ref (block-content block) offset))))

(define (vlist-drop vl count)
  "Return VL without its first COUNT elements."
  (check 'vlist-drop vl)
  (locate vl count
          (lambda (block offset)
            (if (eq? block null-block) vlist-null (make-vlist block offset)))))

(define (vlist-take vl count)
  "Return the vlist of the first COUNT elements of VL."
  (let loop ((n count) (vl vl) (items '()))
    (if (zero? n)
        (reversed->vlist items)
        (loop (- n 1) (vlist-tail vl) (cons (vlist-head vl) items)))))

(define (reversed->vlist items)
  (let loop ((l items) (vl vlist-null))
    (if (null? l)
        vl
        (loop (cdr l) (vlist-cons (car l) vl)))))

(define (list->vlist lst)
  "Return the vlist of the elements of LST."
  (reversed->vlist (reverse lst)))

(define (vlist-length vl)
  "Return the number of elements of VL."
  (check 'vlist-length vl)
  (let loop ((block (vlist-block vl)) (offset (vlist-offset vl)) (n 0))
    (if (block-base block)
        (loop (block-base block) (block-offset block) (+ n offset 1))
        n)))

(define (vlist-fold proc init vl)
  "Fold PROC over the elements of VL, from the head."
  (check 'vlist-fold vl)
  (let loop ((block (vlist-block vl)) (offset (vlist-offset vl)) (result init))
    (if (block-base block)
        (let ((next (proc (vector-ref (block-content block) offset) result)))
          (if (zero? offset)
              (loop (block-base block) (block-offset block) next)
              (loop block (- offset 1) next)))
        result)))

(define (vlist->list vl)
  "Return the list of the elements of VL."
  (reverse! (vlist-fold cons '() vl)))

(define (vlist-fold-right proc init vl)
  "Fold PROC over the elements of VL, from the end."
  (let loop ((l (vlist-fold cons '() vl)) (result init))
    (if (null? l)
        result
        (loop (cdr l) (proc (car l) result)))))

(define (vlist-reverse vl)
  "Return the reverse of VL."
  (vlist-fold vlist-cons vlist-null vl))

(define (vlist-map proc vl)
  "Return the vlist of the results of PROC on the elements of VL."
  (vlist-fold (lambda (item result) (vlist-cons (proc item) result))
              vlist-null
              (vlist-reverse vl)))

(define (vlist-for-each proc vl)
  "Apply PROC to the elements of VL, from the head."
  (vlist-fold (lambda (item dummy) (proc item) dummy) (if #f #f) vl))

(define (vlist-append . vlists)
  "Append VLISTS."
  (if (null? vlists)
      vlist-null
      (let loop ((vlists (reverse vlists)))
        (if (null? (cdr vlists))
            (car vlists)
            (loop (cons (vlist-fold-right vlist-cons (car vlists) (cadr vlists))
                        (cddr vlists)))))))

(define (vlist-filter pred vl)
  "Return the vlist of the elements of VL that satisfy PRED."
  (vlist-fold-right (lambda (item result) (if (pred item) (vlist-cons item result) result))
                    vlist-null vl))

(define* (vlist-delete x vl #:optional (= equal?))
  "Return VL without the elements equal to X by =."
  (vlist-filter (lambda (item) (not (= item x))) vl))

(define* (vlist-unfold stop? f next seed #:optional (tail (lambda (x) vlist-null)))
  "Build a vlist left to right: (F seed) gives an element, (NEXT seed) the next seed, until STOP?."
  (let loop ((seed seed) (items '()))
    (if (stop? seed)
        (let add ((l items) (vl (tail seed)))
          (if (null? l)
              vl
              (add (cdr l) (vlist-cons (car l) vl))))
        (loop (next seed) (cons (f seed) items)))))

(define* (vlist-unfold-right stop? f next seed #:optional (tail vlist-null))
  "Build a vlist right to left: (F seed) gives an element, (NEXT seed) the next seed, until STOP?."
  (let loop ((seed seed) (vl tail))
    (if (stop? seed)
        vl
        (loop (next seed) (vlist-cons (f seed) vl)))))

;;; Hash lists

(define* (vhash-cons key value vhash #:optional (hash hash))
  "Return VHASH with an association of KEY to VALUE, by HASH."
  (check 'vhash-cons vhash)
  (let* ((block (if (room? vhash #t)
                    (vlist-block vhash)
                    (let ((size (grown vhash)))
                      (make-block (make-vector size #f) size 0 (vlist-block vhash)
                                  (vlist-offset vhash) (make-vector size #f)
                                  (make-vector size #f)))))
         (bucket (hash key (block-size block)))
         (index (block-free block)))
    (vector-set! (block-chains block) index (vector-ref (block-buckets block) bucket))
    (vector-set! (block-buckets block) bucket index)
    (append-item! block (cons key value))))

(define (vhash-consq key value vhash)
  "Return VHASH with an association of KEY to VALUE, by eq?."
  (vhash-cons key value vhash hashq))

(define (vhash-consv key value vhash)
  "Return VHASH with an association of KEY to VALUE, by eqv?."
  (vhash-cons key value vhash hashv))

(define-syntax-rule (search key vhash = hash (entry result next) init visit)
  ;; Look at the entries of KEY, latest first: VISIT is evaluated with ENTRY and RESULT bound, and
  ;; goes on by (NEXT RESULT).
  (let blocks ((block (vlist-block vhash)) (offset (vlist-offset vhash)) (result init))
    (if (block-base block)
        (let entries ((index (and (block-chains block)
                                  (vector-ref (block-buckets block)
                                              (hash key (block-size block)))))
                      (result result))
          (cond ((not index)
                 (blocks (block-base block) (block-offset block) result))
                ((and (<= index offset)
                      (= key (car (vector-ref (block-content block) index))))
                 (let ((entry (vector-ref (block-content block) index))
                       (next (lambda (result)
                               (entries (vector-ref (block-chains block) index) result))))
                   visit))
                (else
                 (entries (vector-ref (block-chains block) index) result))))
        result)))

(define (kind = hash)
  ;; What natives call a look-up by = and HASH; #f if they have none.
  (cond ((eq? hash core:hash) (and (eq? = equal?) 2))
        ((eq? hash hashq) (and (eq? = eq?) 0))
        ((eq? hash hashv) (and (eq? = eqv?) 1))
        (else #f)))

(define* (vhash-assoc key vhash #:optional (= equal?) (hash hash))
  "Return the latest pair of KEY in VHASH, or #f."
  (let ((kind (kind = hash)))
    (if kind
        (%vhash-entry key vhash kind)
        (search key vhash = hash (entry result next) #f entry))))

(define (vhash-assq key vhash)
  "Return the latest pair of KEY in VHASH by eq?, or #f."
  (%vhash-entry key vhash 0))

(define (vhash-assv key vhash)
  "Return the latest pair of KEY in VHASH by eqv?, or #f."
  (%vhash-entry key vhash 1))

(define* (vhash-fold* proc init key vhash #:optional (= equal?) (hash hash))
  "Fold PROC over the values of KEY in VHASH, latest first."
  (let ((kind (kind = hash)))
    (if kind
        (let loop ((entries (%vhash-entries key vhash kind)) (result init))
          (if (pair? entries)
              (loop (cdr entries) (proc (cdar entries) result))
              result))
        (search key vhash = hash (entry result next) init (next (proc (cdr entry) result))))))

(define (vhash-foldq* proc init key vhash)
  "Fold PROC over the values of KEY in VHASH by eq?, latest first."
  (vhash-fold* proc init key vhash eq? hashq))

(define (vhash-foldv* proc init key vhash)
  "Fold PROC over the values of KEY in VHASH by eqv?, latest first."
  (vhash-fold* proc init key vhash eqv? hashv))

(define* (vhash-delete key vhash #:optional (= equal?) (hash hash))
  "Return VHASH without the associations of KEY."
  (if (vhash-assoc key vhash = hash)
      (vlist-fold (lambda (entry result)
                    (if (= key (car entry))
                        result
                        (vhash-cons (car entry) (cdr entry) result hash)))
                  vlist-null
                  vhash)
      vhash))

(define (vhash-delq key vhash)
  "Return VHASH without the associations of KEY, by eq?."
  (vhash-delete key vhash eq? hashq))

(define (vhash-delv key vhash)
  "Return VHASH without the associations of KEY, by eqv?."
  (vhash-delete key vhash eqv? hashv))

(define (vhash-fold proc init vhash)
  "Fold PROC over the keys and values of VHASH, latest first."
  (vlist-fold (lambda (entry result) (proc (car entry) (cdr entry) result)) init vhash))

(define (vhash-fold-right proc init vhash)
  "Fold PROC over the keys and values of VHASH, latest last."
  (vlist-fold-right (lambda (entry result) (proc (car entry) (cdr entry) result)) init vhash))

(define* (alist->vhash alist #:optional (hash hash))
  "Return the hash list of the pairs of ALIST."
  (let loop ((l (reverse alist)) (vhash vlist-null))
    (if (null? l)
        vhash
        (loop (cdr l) (vhash-cons (caar l) (cdar l) vhash hash)))))
