;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; The interface of Guile-Git, as far as GNU Guix uses it.

(define-module (git))

(for-each (lambda (name)
            (module-use! (module-public-interface (current-module))
                         (resolve-interface `(git ,name))))
          '(bindings branch clone commit config errors fetch
            graph object oid reference remote repository reset
            settings structs submodule tag tree))
