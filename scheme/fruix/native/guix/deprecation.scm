;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The native half of GNU Guix's (guix deprecation), evaluated in that module:
;;; Guix's own code is no news to users.  Compiled, it warned when it was compiled.

(define (of-this-tree? file)
  ;; Whether FILE, as it is named in locations, is one of the tree's.
  (let ((found (search-path %load-path file))
        (known (search-path %load-path "guix/deprecation.scm")))
    (and found known
         (string-prefix? (string-drop-right known
                                            (string-length "guix/deprecation.scm"))
                         found))))

(define warn-about-deprecation
  (let ((generic warn-about-deprecation))
    (lambda* (variable properties #:key replacement)
      "Warn that VARIABLE, used at the place of PROPERTIES, is deprecated."
      (let ((location (and properties
                           (source-properties->location properties))))
        (unless (and location (of-this-tree? (location-file location)))
          (generic variable properties #:replacement replacement))))))
