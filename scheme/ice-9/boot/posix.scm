;;; SPDX-License-Identifier: GPL-3.0-or-later
;;; The vectors that POSIX procedures return, and small conveniences above them.

(define-syntax define-vector-fields
  (syntax-rules ()
    ((_ (name index) ...)
     (begin (define (name obj) (vector-ref obj index)) ...))))

(define-syntax define-vector-setters
  (syntax-rules ()
    ((_ (name index) ...)
     (begin (define (name obj value) (vector-set! obj index value)) ...))))

(define-vector-fields
  (stat:dev 0) (stat:ino 1) (stat:mode 2) (stat:nlink 3) (stat:uid 4) (stat:gid 5) (stat:rdev 6)
  (stat:size 7) (stat:atime 8) (stat:mtime 9) (stat:ctime 10) (stat:blksize 11) (stat:blocks 12)
  (stat:type 13) (stat:perms 14) (stat:atimensec 15) (stat:mtimensec 16) (stat:ctimensec 17)
  (passwd:name 0) (passwd:passwd 1) (passwd:uid 2) (passwd:gid 3) (passwd:gecos 4) (passwd:dir 5)
  (passwd:shell 6)
  (group:name 0) (group:passwd 1) (group:gid 2) (group:mem 3)
  (utsname:sysname 0) (utsname:nodename 1) (utsname:release 2) (utsname:version 3)
  (utsname:machine 4)
  (tm:sec 0) (tm:min 1) (tm:hour 2) (tm:mday 3) (tm:mon 4) (tm:year 5) (tm:wday 6) (tm:yday 7)
  (tm:isdst 8) (tm:gmtoff 9) (tm:zone 10)
  (tms:clock 0) (tms:utime 1) (tms:stime 2) (tms:cutime 3) (tms:cstime 4)
  (hostent:name 0) (hostent:aliases 1) (hostent:addrtype 2) (hostent:length 3) (hostent:addr-list 4)
  (netent:name 0) (netent:aliases 1) (netent:addrtype 2) (netent:net 3)
  (protoent:name 0) (protoent:aliases 1) (protoent:proto 2)
  (servent:name 0) (servent:aliases 1) (servent:port 2) (servent:proto 3)
  (sockaddr:fam 0) (sockaddr:path 1) (sockaddr:addr 1) (sockaddr:port 2) (sockaddr:flowinfo 3)
  (sockaddr:scopeid 4)
  (addrinfo:flags 0) (addrinfo:fam 1) (addrinfo:socktype 2) (addrinfo:protocol 3) (addrinfo:addr 4)
  (addrinfo:canonname 5))

(define-vector-setters
  (set-tm:sec 0) (set-tm:min 1) (set-tm:hour 2) (set-tm:mday 3) (set-tm:mon 4) (set-tm:year 5)
  (set-tm:wday 6) (set-tm:yday 7) (set-tm:isdst 8) (set-tm:gmtoff 9) (set-tm:zone 10))

(define (getpwnam name) (getpw name))
(define (getpwuid uid) (getpw uid))
(define (getpwent) (getpw))
(define (setpwent) (setpw #t))
(define (endpwent) (setpw))
(define (getgrnam name) (getgr name))
(define (getgrgid id) (getgr id))
(define (getgrent) (getgr))
(define (setgrent) (setgr #t))
(define (endgrent) (setgr))
(define (gethostbyaddr addr) (gethost addr))
(define (gethostbyname name) (gethost name))
(define (getservbyname name proto) (getserv name proto))
(define (getservbyport port proto) (getserv port proto))
(define (getprotobyname name) (getproto name))
(define (getprotobynumber number) (getproto number))

(define (system-error-errno args)
  "Return the error number in ARGS, what a handler of `catch' got, or #f."
  (and (eq? (car args) 'system-error)
       (car (list-ref args 4))))

(define (file-exists? file)
  "Return true if FILE exists."
  (->bool (stat file #f)))

(define (file-is-directory? file)
  "Return true if FILE is a directory."
  (eq? (stat:type (stat file)) 'directory))

(define (setenv name value)
  "Set the environment variable NAME to VALUE; #f removes it."
  (putenv (if value (string-append name "=" value) name)))

(define (unsetenv name)
  "Remove the environment variable NAME."
  (putenv name))

(define file-name-separator-string "/")

(define (file-name-separator? c)
  "Return true if C separates the parts of a file name."
  (char=? c #\/))

(define (absolute-file-name? file)
  "Return true if FILE begins at the root."
  (string-prefix? "/" file))

(define (in-vicinity directory file)
  "Return the name of FILE in DIRECTORY."
  (if (or (string-null? directory) (string-suffix? "/" directory))
      (string-append directory file)
      (string-append directory "/" file)))

(define* (parse-path path #:optional (tail '()))
  "Return the list of directories of the colon-separated PATH, before TAIL."
  (if path
      (append (string-split path #\:) tail)
      tail))

(define* (search-path path file #:optional (extensions '("")) require-exts?)
  "Return the full name of FILE in the first directory of PATH that has it, with one of EXTENSIONS."
  (define (regular? name)
    (let ((st (stat name #f)))
      (and st (not (eq? (stat:type st) 'directory)))))
  (define (has-extension? name)
    (let ((dot (string-rindex name #\.))
          (slash (string-rindex name #\/)))
      (and dot (or (not slash) (> dot slash)))))
  (define suffixes
    (cond ((has-extension? file)
           (if (and require-exts?
                    (not (or-map (lambda (ext)
                                   (and (not (string-null? ext)) (string-suffix? ext file)))
                                 extensions)))
               '()
               '("")))
          (else extensions)))
  (define (try base)
    (or-map (lambda (ext)
              (let ((name (string-append base ext)))
                (and (regular? name) name)))
            suffixes))
  (if (absolute-file-name? file)
      (try file)
      (or-map (lambda (dir) (try (in-vicinity dir file))) path)))
