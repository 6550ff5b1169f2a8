;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; Reading, and piecewise writing, the headers and tables of ELF files, for
;;; 32 and 64 bits and either byte order; see elf(5).  Same public interface as
;;; the module of this name in GNU Guix.
;;;
;;; Each structure is described by a table of field offsets and widths per word
;;; size, from which one reader and one writer work.

(define-module (guix elf)
  #:use-module (rnrs bytevectors)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  ;; Only for the defaults of `make-elf', which nothing in a build calls.
  #:autoload   (system base target) (target-endianness target-word-size)
  #:export (has-elf-header?

            (make-elf* . make-elf)
            elf? elf-bytes elf-word-size elf-byte-order elf-abi elf-type
            elf-machine-type elf-entry elf-phoff elf-shoff elf-flags
            elf-ehsize elf-phentsize elf-phnum elf-shentsize elf-shnum
            elf-shstrndx
            parse-elf elf-header-len elf-header-shoff-offset write-elf-header

            (make-elf-segment* . make-elf-segment)
            elf-segment? elf-segment-index elf-segment-type
            elf-segment-offset elf-segment-vaddr elf-segment-paddr
            elf-segment-filesz elf-segment-memsz elf-segment-flags
            elf-segment-align
            elf-segment elf-segments
            elf-program-header-len write-elf-program-header

            (make-elf-section* . make-elf-section)
            elf-section? elf-section-index elf-section-name elf-section-type
            elf-section-flags elf-section-addr elf-section-offset
            elf-section-size elf-section-link elf-section-info
            elf-section-addralign elf-section-entsize
            elf-section elf-sections elf-section-by-name elf-sections-by-name
            elf-section-header-len elf-section-header-addr-offset
            elf-section-header-offset-offset write-elf-section-header

            (make-elf-symbol* . make-elf-symbol)
            elf-symbol? elf-symbol-name elf-symbol-value elf-symbol-size
            elf-symbol-info elf-symbol-other elf-symbol-shndx
            elf-symbol-binding elf-symbol-type elf-symbol-visibility
            elf-symbol-len elf-symbol-value-offset write-elf-symbol
            elf-symbol-table-len elf-symbol-table-ref

            string-table-ref

            parse-elf-note elf-note-name elf-note-desc elf-note-type))


;;;
;;; Constants, as elf(5) and <elf.h> have them.
;;;

(define-syntax-rule (define-constants (name value) ...)
  ;; Define and export each NAME.
  (begin
    (define name value) ...
    (export name ...)))

(define ELFCLASS32 1)
(define ELFCLASS64 2)
(define ELFDATA2LSB 1)
(define ELFDATA2MSB 2)
(define EV_CURRENT 1)

(define-constants                       ;operating systems
  (ELFOSABI_NONE 0) (ELFOSABI_HPUX 1) (ELFOSABI_NETBSD 2) (ELFOSABI_GNU 3)
  (ELFOSABI_SOLARIS 6) (ELFOSABI_AIX 7) (ELFOSABI_IRIX 8)
  (ELFOSABI_FREEBSD 9) (ELFOSABI_TRU64 10) (ELFOSABI_MODESTO 11)
  (ELFOSABI_OPENBSD 12) (ELFOSABI_ARM_AEABI 64) (ELFOSABI_ARM 97)
  (ELFOSABI_STANDALONE 255))

(define-constants                       ;object file types
  (ET_NONE 0) (ET_REL 1) (ET_EXEC 2) (ET_DYN 3) (ET_CORE 4))

(define-constants                       ;machines
  (EM_NONE 0) (EM_SPARC 2) (EM_386 3) (EM_MIPS 8) (EM_PPC 20) (EM_PPC64 21)
  (EM_ARM 40) (EM_SH 42) (EM_SPARCV9 43) (EM_IA_64 50) (EM_X86_64 62))

(define-constants                       ;segment types and flags
  (PT_NULL 0) (PT_LOAD 1) (PT_DYNAMIC 2) (PT_INTERP 3) (PT_NOTE 4)
  (PT_SHLIB 5) (PT_PHDR 6) (PT_TLS 7) (PT_NUM 8) (PT_LOOS #x60000000)
  (PT_GNU_EH_FRAME #x6474e550) (PT_GNU_STACK #x6474e551)
  (PT_GNU_RELRO #x6474e552)
  (PF_X 1) (PF_W 2) (PF_R 4))

(define-constants                       ;section numbers and types
  (SHN_UNDEF 0)
  (SHT_NULL 0) (SHT_PROGBITS 1) (SHT_SYMTAB 2) (SHT_STRTAB 3) (SHT_RELA 4)
  (SHT_HASH 5) (SHT_DYNAMIC 6) (SHT_NOTE 7) (SHT_NOBITS 8) (SHT_REL 9)
  (SHT_SHLIB 10) (SHT_DYNSYM 11) (SHT_INIT_ARRAY 14) (SHT_FINI_ARRAY 15)
  (SHT_PREINIT_ARRAY 16) (SHT_GROUP 17) (SHT_SYMTAB_SHNDX 18) (SHT_NUM 19)
  (SHT_LOOS #x60000000) (SHT_HIOS #x6fffffff) (SHT_LOPROC #x70000000)
  (SHT_HIPROC #x7fffffff) (SHT_LOUSER #x80000000) (SHT_HIUSER #x8fffffff))

(define-constants                       ;section flags
  (SHF_WRITE #x1) (SHF_ALLOC #x2) (SHF_EXECINSTR #x4) (SHF_MERGE #x10)
  (SHF_STRINGS #x20) (SHF_INFO_LINK #x40) (SHF_LINK_ORDER #x80)
  (SHF_OS_NONCONFORMING #x100) (SHF_GROUP #x200) (SHF_TLS #x400))

(define-constants                       ;tags of dynamic entries
  (DT_NULL 0) (DT_NEEDED 1) (DT_PLTRELSZ 2) (DT_PLTGOT 3) (DT_HASH 4)
  (DT_STRTAB 5) (DT_SYMTAB 6) (DT_RELA 7) (DT_RELASZ 8) (DT_RELAENT 9)
  (DT_STRSZ 10) (DT_SYMENT 11) (DT_INIT 12) (DT_FINI 13) (DT_SONAME 14)
  (DT_RPATH 15) (DT_SYMBOLIC 16) (DT_REL 17) (DT_RELSZ 18) (DT_RELENT 19)
  (DT_PLTREL 20) (DT_DEBUG 21) (DT_TEXTREL 22) (DT_JMPREL 23)
  (DT_BIND_NOW 24) (DT_INIT_ARRAY 25) (DT_FINI_ARRAY 26)
  (DT_INIT_ARRAYSZ 27) (DT_FINI_ARRAYSZ 28) (DT_RUNPATH 29) (DT_FLAGS 30)
  (DT_ENCODING 32) (DT_PREINIT_ARRAY 32) (DT_PREINIT_ARRAYSZ 33) (DT_NUM 34)
  (DT_LOGUILE #x37146000) (DT_GUILE_GC_ROOT #x37146000)
  (DT_GUILE_GC_ROOT_SZ #x37146001) (DT_GUILE_ENTRY #x37146002)
  (DT_GUILE_VM_VERSION #x37146003) (DT_GUILE_FRAME_MAPS #x37146004)
  (DT_HIGUILE #x37146fff)
  (DT_LOOS #x6000000d) (DT_HIOS #x6ffff000)
  (DT_LOPROC #x70000000) (DT_HIPROC #x7fffffff))

(define-constants                       ;symbol bindings
  (STB_LOCAL 0) (STB_GLOBAL 1) (STB_WEAK 2) (STB_NUM 3) (STB_LOOS 10)
  (STB_GNU 10) (STB_HIOS 12) (STB_LOPROC 13) (STB_HIPROC 15))

(define-constants                       ;symbol types
  (STT_NOTYPE 0) (STT_OBJECT 1) (STT_FUNC 2) (STT_SECTION 3) (STT_FILE 4)
  (STT_COMMON 5) (STT_TLS 6) (STT_NUM 7) (STT_LOOS 10) (STT_GNU 10)
  (STT_HIOS 12) (STT_LOPROC 13) (STT_HIPROC 15))

(define-constants                       ;symbol visibility
  (STV_DEFAULT 0) (STV_INTERNAL 1) (STV_HIDDEN 2) (STV_PROTECTED 3))

(define-constants                       ;note types
  (NT_GNU_ABI_TAG 1) (NT_GNU_HWCAP 2) (NT_GNU_BUILD_ID 3)
  (NT_GNU_GOLD_VERSION 4))


;;;
;;; Structures.
;;;

;; A layout is the size of a structure followed by an (OFFSET . WIDTH) pair per
;; field, in bytes, in the order of the record's fields.  Each structure has
;; two: for words of 4 and of 8 bytes.

(define %header-layouts
  '((4 . (52 (7 . 1) (16 . 2) (18 . 2) (24 . 4) (28 . 4) (32 . 4) (36 . 4)
             (40 . 2) (42 . 2) (44 . 2) (46 . 2) (48 . 2) (50 . 2)))
    (8 . (64 (7 . 1) (16 . 2) (18 . 2) (24 . 8) (32 . 8) (40 . 8) (48 . 4)
             (52 . 2) (54 . 2) (56 . 2) (58 . 2) (60 . 2) (62 . 2)))))

(define %segment-layouts
  ;; The place of the flags differs.
  '((4 . (32 (0 . 4) (4 . 4) (8 . 4) (12 . 4) (16 . 4) (20 . 4) (24 . 4)
             (28 . 4)))
    (8 . (56 (0 . 4) (8 . 8) (16 . 8) (24 . 8) (32 . 8) (40 . 8) (4 . 4)
             (48 . 8)))))

(define %section-layouts
  '((4 . (40 (0 . 4) (4 . 4) (8 . 4) (12 . 4) (16 . 4) (20 . 4) (24 . 4)
             (28 . 4) (32 . 4) (36 . 4)))
    (8 . (64 (0 . 4) (4 . 4) (8 . 8) (16 . 8) (24 . 8) (32 . 8) (40 . 4)
             (44 . 4) (48 . 8) (56 . 8)))))

(define %symbol-layouts
  ;; Name, value, size, info, other, section.
  '((4 . (16 (0 . 4) (4 . 4) (8 . 4) (12 . 1) (13 . 1) (14 . 2)))
    (8 . (24 (0 . 4) (8 . 8) (16 . 8) (4 . 1) (5 . 1) (6 . 2)))))

(define (layout-for layouts word-size)
  (or (assv-ref layouts word-size)
      (error "not a word size of ELF files:" word-size)))

(define (layout-size layouts word-size)
  (car (layout-for layouts word-size)))

(define (field-offset layouts word-size index)
  ;; Return the offset of field INDEX.
  (car (list-ref (layout-for layouts word-size) (+ index 1))))

(define (read-structure bv base layouts word-size byte-order)
  ;; Return the list of the fields of the structure at BASE in BV.
  (let ((layout (layout-for layouts word-size)))
    (unless (<= 0 (+ base (car layout)) (bytevector-length bv))
      (error "corrupt ELF file: table beyond its end:" base))
    (map (lambda (field)
           (bytevector-uint-ref bv (+ base (car field)) byte-order
                                (cdr field)))
         (cdr layout))))

(define (write-structure bv base layouts word-size byte-order values)
  ;; Write VALUES to the fields of the structure at BASE in BV.
  (for-each (lambda (field value)
              (bytevector-uint-set! bv (+ base (car field)) value byte-order
                                    (cdr field)))
            (cdr (layout-for layouts word-size))
            values))


;;;
;;; The file header.
;;;

(define-record-type <elf>
  (make-elf bytes word-size byte-order abi type machine-type
            entry phoff shoff flags ehsize phentsize phnum
            shentsize shnum shstrndx)
  elf?
  (bytes        elf-bytes)
  (word-size    elf-word-size)
  (byte-order   elf-byte-order)
  (abi          elf-abi)
  (type         elf-type)
  (machine-type elf-machine-type)
  (entry        elf-entry)
  (phoff        elf-phoff)
  (shoff        elf-shoff)
  (flags        elf-flags)
  (ehsize       elf-ehsize)
  (phentsize    elf-phentsize)
  (phnum        elf-phnum)
  (shentsize    elf-shentsize)
  (shnum        elf-shnum)
  (shstrndx     elf-shstrndx))

(define* (make-elf* #:key (bytes #f)
                    (byte-order (target-endianness))
                    (word-size (target-word-size))
                    (abi ELFOSABI_STANDALONE) (type ET_DYN)
                    (machine-type EM_NONE) (entry 0)
                    (phoff (elf-header-len word-size)) (shoff -1) (flags 0)
                    (ehsize (elf-header-len word-size))
                    (phentsize (elf-program-header-len word-size)) (phnum 0)
                    (shentsize (elf-section-header-len word-size)) (shnum 0)
                    (shstrndx SHN_UNDEF))
  "Return an ELF header with the fields BYTES, BYTE-ORDER, WORD-SIZE, ABI, TYPE,
MACHINE-TYPE, ENTRY, PHOFF, SHOFF, FLAGS, EHSIZE, PHENTSIZE, PHNUM, SHENTSIZE,
SHNUM and SHSTRNDX."
  (make-elf bytes word-size byte-order abi type machine-type
            entry phoff shoff flags ehsize phentsize phnum
            shentsize shnum shstrndx))

(define (elf-header-len word-size)
  "Return the size of the file header for words of WORD-SIZE bytes."
  (layout-size %header-layouts word-size))

(define (elf-header-shoff-offset word-size)
  "Return the offset of the field that says where the section headers are."
  (field-offset %header-layouts word-size 5))

(define (ident-word-size bv)
  ;; Return the word size in bytes that BV's identification names, or #f.
  (let ((class (bytevector-u8-ref bv 4)))
    (cond ((= class ELFCLASS32) 4)
          ((= class ELFCLASS64) 8)
          (else #f))))

(define (ident-byte-order bv)
  (let ((data (bytevector-u8-ref bv 5)))
    (cond ((= data ELFDATA2LSB) (endianness little))
          ((= data ELFDATA2MSB) (endianness big))
          (else #f))))

(define (has-elf-header? bv)
  "Return true if BV, a bytevector, starts with a valid ELF header."
  (and (>= (bytevector-length bv) 16)
       (= #x7f454c46 (bytevector-u32-ref bv 0 (endianness big)))
       (let ((word-size  (ident-word-size bv))
             (byte-order (ident-byte-order bv)))
         (and word-size byte-order
              (>= (bytevector-length bv) (elf-header-len word-size))
              (= EV_CURRENT (bytevector-u8-ref bv 6))
              (zero? (bytevector-u8-ref bv 8)) ;version of the ABI
              (= EV_CURRENT (bytevector-u32-ref bv 20 byte-order))))))

(define (parse-elf bv)
  "Return the <elf> record for BV, the contents of an ELF file."
  (unless (has-elf-header? bv)
    (error "not an ELF file, of this size:" (bytevector-length bv)))
  (let ((word-size  (ident-word-size bv))
        (byte-order (ident-byte-order bv)))
    (apply make-elf bv word-size byte-order
           (read-structure bv 0 %header-layouts word-size byte-order))))

(define (write-elf-header bv elf)
  "Write the header of ELF to the start of BV."
  (let ((word-size  (elf-word-size elf))
        (byte-order (elf-byte-order elf)))
    (for-each (lambda (index byte)
                (bytevector-u8-set! bv index byte))
              (iota 16)
              (append '(#x7f #x45 #x4c #x46)
                      (list (if (= word-size 4) ELFCLASS32 ELFCLASS64)
                            (case byte-order
                              ((little) ELFDATA2LSB)
                              ((big) ELFDATA2MSB)
                              (else (error "unknown byte order:" byte-order)))
                            EV_CURRENT)
                      (make-list 9 0)))
    (bytevector-u32-set! bv 20 EV_CURRENT byte-order)
    (write-structure bv 0 %header-layouts word-size byte-order
                     (map (lambda (field) (field elf))
                          (list elf-abi elf-type elf-machine-type elf-entry
                                elf-phoff elf-shoff elf-flags elf-ehsize
                                elf-phentsize elf-phnum elf-shentsize
                                elf-shnum elf-shstrndx)))))

(define (table-entry elf n count offset entry-size layouts what)
  ;; Return the fields of entry N of a table of COUNT entries.
  (unless (< -1 n count)
    (error (string-append "no such " what ":") n))
  (read-structure (elf-bytes elf) (+ offset (* n entry-size))
                  layouts (elf-word-size elf) (elf-byte-order elf)))


;;;
;;; Segments.
;;;

(define-record-type <elf-segment>
  (make-elf-segment index type offset vaddr paddr filesz memsz flags align)
  elf-segment?
  (index  elf-segment-index)
  (type   elf-segment-type)
  (offset elf-segment-offset)
  (vaddr  elf-segment-vaddr)
  (paddr  elf-segment-paddr)
  (filesz elf-segment-filesz)
  (memsz  elf-segment-memsz)
  (flags  elf-segment-flags)
  (align  elf-segment-align))

(define* (make-elf-segment* #:key (index -1) (type PT_LOAD) (offset 0)
                            (vaddr 0) (paddr 0) (filesz 0) (memsz filesz)
                            (flags (logior PF_W PF_R)) (align 8))
  "Return a segment with the fields INDEX, TYPE, OFFSET, VADDR, PADDR, FILESZ,
MEMSZ, FLAGS and ALIGN."
  (make-elf-segment index type offset vaddr paddr filesz memsz flags align))

(define (elf-program-header-len word-size)
  "Return the size of a program header for words of WORD-SIZE bytes."
  (layout-size %segment-layouts word-size))

(define (elf-segment elf n)
  "Return segment N of ELF."
  (apply make-elf-segment n
         (table-entry elf n (elf-phnum elf) (elf-phoff elf)
                      (elf-phentsize elf) %segment-layouts "segment")))

(define (elf-segments elf)
  "Return the list of the segments of ELF."
  (map (lambda (n) (elf-segment elf n))
       (iota (elf-phnum elf))))

(define (write-elf-program-header bv offset byte-order word-size seg)
  "Write the program header of SEG to BV at OFFSET, according to BYTE-ORDER and
WORD-SIZE."
  (write-structure bv offset %segment-layouts word-size byte-order
                   (map (lambda (field) (field seg))
                        (list elf-segment-type elf-segment-offset
                              elf-segment-vaddr elf-segment-paddr
                              elf-segment-filesz elf-segment-memsz
                              elf-segment-flags elf-segment-align))))


;;;
;;; Sections.
;;;

(define-record-type <elf-section>
  (make-elf-section index name type flags addr offset size link info
                    addralign entsize)
  elf-section?
  (index     elf-section-index)
  (name      elf-section-name)
  (type      elf-section-type)
  (flags     elf-section-flags)
  (addr      elf-section-addr)
  (offset    elf-section-offset)
  (size      elf-section-size)
  (link      elf-section-link)
  (info      elf-section-info)
  (addralign elf-section-addralign)
  (entsize   elf-section-entsize))

(define* (make-elf-section* #:key (index SHN_UNDEF) (name 0)
                            (type SHT_PROGBITS) (flags SHF_ALLOC) (addr 0)
                            (offset 0) (size 0) (link 0) (info 0)
                            (addralign 8) (entsize 0))
  "Return a section with the fields INDEX, NAME, TYPE, FLAGS, ADDR, OFFSET,
SIZE, LINK, INFO, ADDRALIGN and ENTSIZE."
  (make-elf-section index name type flags addr offset size link info
                    addralign entsize))

(define (elf-section-header-len word-size)
  "Return the size of a section header for words of WORD-SIZE bytes."
  (layout-size %section-layouts word-size))

(define (elf-section-header-addr-offset word-size)
  "Return the offset of the address in section headers."
  (field-offset %section-layouts word-size 3))

(define (elf-section-header-offset-offset word-size)
  "Return the offset of the offset in section headers."
  (field-offset %section-layouts word-size 4))

(define (elf-section elf n)
  "Return section N of ELF."
  (apply make-elf-section n
         (table-entry elf n (elf-shnum elf) (elf-shoff elf)
                      (elf-shentsize elf) %section-layouts "section")))

(define (elf-sections elf)
  "Return the list of the sections of ELF."
  (map (lambda (n) (elf-section elf n))
       (iota (elf-shnum elf))))

(define (write-elf-section-header bv offset byte-order word-size sec)
  "Write the header of section SEC to BV at OFFSET, according to BYTE-ORDER and
WORD-SIZE."
  (write-structure bv offset %section-layouts word-size byte-order
                   (map (lambda (field) (field sec))
                        (list elf-section-name elf-section-type
                              elf-section-flags elf-section-addr
                              elf-section-offset elf-section-size
                              elf-section-link elf-section-info
                              elf-section-addralign elf-section-entsize))))

(define (string-table-ref bv offset)
  "Return the zero-terminated string at OFFSET of BV."
  (let* ((end  (let loop ((i offset))
                 (if (zero? (bytevector-u8-ref bv i)) i (loop (+ i 1)))))
         (text (make-bytevector (- end offset))))
    (bytevector-copy! bv offset text 0 (- end offset))
    (utf8->string text)))

(define (elf-sections-by-name elf)
  "Return an alist from section names to the sections of ELF."
  (let ((names (elf-section-offset (elf-section elf (elf-shstrndx elf)))))
    (map (lambda (section)
           (cons (string-table-ref (elf-bytes elf)
                                   (+ names (elf-section-name section)))
                 section))
         (elf-sections elf))))

(define (elf-section-by-name elf name)
  "Return the last section of ELF called NAME, or #f."
  (assoc-ref (reverse (elf-sections-by-name elf)) name))


;;;
;;; Symbols.
;;;

(define-record-type <elf-symbol>
  (make-elf-symbol name value size info other shndx)
  elf-symbol?
  (name  elf-symbol-name)
  (value elf-symbol-value)
  (size  elf-symbol-size)
  (info  elf-symbol-info)
  (other elf-symbol-other)
  (shndx elf-symbol-shndx))

(define* (make-elf-symbol* #:key (name 0) (value 0) (size 0)
                           (binding STB_LOCAL) (type STT_NOTYPE)
                           (info (logior (ash binding 4) type))
                           (visibility STV_DEFAULT) (other visibility)
                           (shndx SHN_UNDEF))
  "Return a symbol with the fields NAME, VALUE, SIZE, INFO (of which BINDING and
TYPE are parts), OTHER (of which VISIBILITY is a part) and SHNDX."
  (make-elf-symbol name value size info other shndx))

(define (elf-symbol-binding sym)
  "Return the binding of SYM, one of the STB_ constants."
  (ash (elf-symbol-info sym) -4))

(define (elf-symbol-type sym)
  "Return the type of SYM, one of the STT_ constants."
  (logand (elf-symbol-info sym) #b1111))

(define (elf-symbol-visibility sym)
  "Return the visibility of SYM, one of the STV_ constants."
  (logand (elf-symbol-other sym) #b11))

(define (elf-symbol-len word-size)
  "Return the size of a symbol for words of WORD-SIZE bytes."
  (layout-size %symbol-layouts word-size))

(define (elf-symbol-value-offset word-size)
  "Return the offset of the value in symbols."
  (field-offset %symbol-layouts word-size 1))

(define (write-elf-symbol bv offset byte-order word-size sym)
  "Write SYM to BV at OFFSET, according to BYTE-ORDER and WORD-SIZE."
  (write-structure bv offset %symbol-layouts word-size byte-order
                   (map (lambda (field) (field sym))
                        (list elf-symbol-name elf-symbol-value
                              elf-symbol-size elf-symbol-info
                              elf-symbol-other elf-symbol-shndx))))

(define (elf-symbol-table-len section)
  "Return how many symbols there are in SECTION, a symbol table."
  (let ((size       (elf-section-size section))
        (entry-size (elf-section-entsize section)))
    (unless (and (positive? entry-size)
                 (zero? (remainder size entry-size)))
      (error "corrupt ELF file: size of symbol table:" section))
    (quotient size entry-size)))

(define* (elf-symbol-table-ref elf section n #:optional strtab)
  "Return symbol N of SECTION, a symbol table of ELF.  Its name is a string if
STRTAB, the section of the strings, is given, else the offset in there."
  (define entry-size (elf-section-entsize section))

  (unless (<= (* (+ n 1) entry-size) (elf-section-size section))
    (error "no such symbol:" section n))
  (unless (<= (elf-symbol-len (elf-word-size elf)) entry-size)
    (error "corrupt ELF file: size of symbols:" section))

  (let ((fields (read-structure (elf-bytes elf)
                                (+ (elf-section-offset section)
                                   (* n entry-size))
                                %symbol-layouts
                                (elf-word-size elf) (elf-byte-order elf))))
    (apply make-elf-symbol
           (if strtab
               (string-table-ref (elf-bytes elf)
                                 (+ (elf-section-offset strtab)
                                    (car fields)))
               (car fields))
           (cdr fields))))


;;;
;;; Notes.
;;;

(define-record-type <elf-note>
  (make-elf-note name desc type)
  elf-note?
  (name elf-note-name)
  (desc elf-note-desc)
  (type elf-note-type))

(define (parse-elf-note elf section)
  "Return the first note of SECTION of ELF."
  (define bv (elf-bytes elf))
  (define offset (elf-section-offset section))
  (define (check-end end)
    (unless (<= end (bytevector-length bv))
      (error "corrupt ELF file: table beyond its end:" offset)))
  (define (word n)
    (bytevector-u32-ref bv (+ offset (* 4 n)) (elf-byte-order elf)))

  (check-end (+ offset 12))
  (let* ((name-size (word 0))           ;with the final zero
         (desc-size (word 1))
         (desc      (make-bytevector desc-size)))
    (check-end (+ offset 12 name-size desc-size))
    (bytevector-copy! bv (+ offset 12 name-size) desc 0 desc-size)
    (make-elf-note (string-table-ref bv (+ offset 12)) desc (word 2))))
