;; Modules that import each other.
(add-to-load-path (string-append (dirname (current-filename)) "/cycle.d"))
(use-modules (c left))
(write (left-uses)) (newline)
(write ((@ (c right) right-uses))) (newline)
