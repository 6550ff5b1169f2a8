;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The fast half of GNU Guix's (guix gexp), evaluated in that module: the
;;; expander makes what the transformer of 'gexp' would make.

(use-modules ((fruix native) #:select (%register-escapes!)))

(%register-escapes!
 (macro-transformer (module-ref (current-module) 'gexp))
 #'ungexp #'ungexp-splicing #'ungexp-native #'ungexp-native-splicing #'output
 #'gexp-output #'%gexp-input #'make-gexp #'list #'cons #'append
 #'current-imported-modules #'current-imported-extensions
 "out")
