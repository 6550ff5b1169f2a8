// SPDX-License-Identifier: GPL-3.0-or-later
//! Variables of `(guile)` that are no procedures: the system's numbers, versions, standard vtables.

use super::port_objects::define;
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native;
use crate::native::Native;
use crate::value::Value;

/// Procedures that only give a constant.
pub static NATIVES: &[Native] = &[
    native!("version", 0, |e| Ok(e.heap.string("3.0.11"))),
    native!("effective-version", 0, |e| Ok(e.heap.string("3.0"))),
    native!("major-version", 0, |e| Ok(e.heap.string("3"))),
    native!("minor-version", 0, |e| Ok(e.heap.string("0"))),
    native!("micro-version", 0, |e| Ok(e.heap.string("11"))),
    native!("setlocale", 1, 1, false, |e, args| {
        // Text is UTF-8 and nothing else depends on the locale: any name that means so is welcome.
        let Some(name) = super::args::optional(args, 1) else {
            return Ok(e.heap.string("C.UTF-8"));
        };
        let name = super::args::string(e, "setlocale", 2, name)?;
        let name = if name.is_empty() { "C.UTF-8" } else { &name };
        Ok(e.heap.string(name))
    }),
    native!("nl-langinfo", 1, 1, false, |e, args| {
        let text = match args[0].as_fixnum() {
            Some(14) => "UTF-8",
            _ => "",
        };
        Ok(e.heap.string(text))
    }),
];

macro_rules! system {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name as i64)),*] };
}

/// The system's numbers, under their own names.
#[allow(clippy::unnecessary_cast)]
static SYSTEM: &[(&str, i64)] = system!(
    O_RDONLY O_WRONLY O_RDWR O_CREAT O_EXCL O_NOCTTY O_TRUNC O_APPEND O_NONBLOCK O_NDELAY O_SYNC
    O_CLOEXEC O_NOFOLLOW O_DIRECTORY R_OK W_OK X_OK F_OK
    F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_GETOWN F_SETOWN FD_CLOEXEC
    LOCK_SH LOCK_EX LOCK_NB LOCK_UN AT_SYMLINK_NOFOLLOW AT_SYMLINK_FOLLOW AT_REMOVEDIR
    AT_EACCESS AT_FDCWD SEEK_SET SEEK_CUR SEEK_END WNOHANG WUNTRACED
    SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGIOT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2
    SIGPIPE SIGALRM SIGTERM SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ
    SIGVTALRM SIGPROF SIGWINCH SIGIO SIGSYS SA_NOCLDSTOP SA_RESTART
    E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF EBADMSG EBUSY ECHILD
    ECONNABORTED ECONNREFUSED ECONNRESET EDEADLK EDESTADDRREQ EDOM EDQUOT EEXIST EFAULT EFBIG
    EHOSTDOWN EHOSTUNREACH EIDRM EILSEQ EINPROGRESS EINTR EINVAL EIO EISCONN EISDIR ELOOP EMFILE
    EMLINK EMSGSIZE ENAMETOOLONG ENETDOWN ENETRESET ENETUNREACH ENFILE ENOBUFS ENODEV ENOENT ENOEXEC
    ENOLCK ENOLINK ENOMEM ENOMSG ENOPROTOOPT ENOSPC ENOSYS ENOTBLK ENOTCONN ENOTDIR ENOTEMPTY
    ENOTSOCK ENOTTY ENXIO EOPNOTSUPP EOVERFLOW EPERM EPFNOSUPPORT EPIPE EPROTO EPROTONOSUPPORT
    EPROTOTYPE ERANGE EREMOTE EROFS ESHUTDOWN ESOCKTNOSUPPORT ESPIPE ESRCH ESTALE ETIMEDOUT
    ETOOMANYREFS ETXTBSY EUSERS EWOULDBLOCK EXDEV
    AF_UNSPEC AF_UNIX AF_INET AF_INET6 PF_UNSPEC PF_UNIX PF_INET PF_INET6 SOCK_STREAM SOCK_DGRAM
    SOCK_RAW SOCK_RDM SOCK_SEQPACKET SOCK_CLOEXEC SOCK_NONBLOCK SOL_SOCKET SO_DEBUG SO_REUSEADDR
    SO_TYPE SO_ERROR SO_DONTROUTE SO_BROADCAST SO_SNDBUF SO_RCVBUF SO_KEEPALIVE SO_OOBINLINE
    SO_LINGER SO_REUSEPORT SO_RCVTIMEO SO_SNDTIMEO MSG_DONTWAIT MSG_OOB MSG_PEEK MSG_DONTROUTE
    IPPROTO_IP IPPROTO_TCP IPPROTO_UDP IPPROTO_IPV6 TCP_NODELAY SOMAXCONN
    AI_PASSIVE AI_CANONNAME AI_NUMERICHOST AI_NUMERICSERV AI_ADDRCONFIG
    EAI_AGAIN EAI_BADFLAGS EAI_FAIL EAI_FAMILY EAI_MEMORY EAI_NONAME EAI_SERVICE EAI_SOCKTYPE EAI_SYSTEM
    LC_CTYPE LC_NUMERIC LC_TIME LC_COLLATE LC_MONETARY LC_MESSAGES LC_ALL
    PRIO_PROCESS PRIO_PGRP PRIO_USER
);

/// Numbers that are the same everywhere, or only Guile's.
static OWN: &[(&str, i64)] = &[
    ("SEEK_DATA", 3),
    ("SEEK_HOLE", 4),
    ("WAIT_ANY", -1),
    ("WAIT_MYPGRP", 0),
    ("SIG_DFL", 0),
    ("SIG_IGN", 1),
    ("LC_PAPER", 7),
    ("LC_NAME", 8),
    ("LC_ADDRESS", 9),
    ("LC_TELEPHONE", 10),
    ("LC_MEASUREMENT", 11),
    ("LC_IDENTIFICATION", 12),
    ("CODESET", 14),
    ("INADDR_ANY", 0),
    ("INADDR_LOOPBACK", 0x7f00_0001),
    ("INADDR_BROADCAST", 0xffff_ffff),
    ("INADDR_NONE", 0xffff_ffff),
    ("ITIMER_REAL", 0),
    ("ITIMER_VIRTUAL", 1),
    ("ITIMER_PROF", 2),
    ("internal-time-units-per-second", super::time::UNITS),
    ("regexp/basic", 0),
    ("regexp/extended", 1),
    ("regexp/icase", 2),
    ("regexp/newline", 4),
    ("regexp/notbol", 1),
    ("regexp/noteol", 2),
    ("vtable-index-layout", crate::data::structs::VTABLE_LAYOUT as i64),
    ("vtable-index-printer", crate::data::structs::VTABLE_PRINTER as i64),
    ("vtable-offset-user", crate::data::structs::VTABLE_USER as i64),
    ("most-positive-fixnum", Value::FIXNUM_MAX),
    ("most-negative-fixnum", Value::FIXNUM_MIN),
    ("char-code-limit", 0x11_0000),
];

/// What Guile calls the kind of machine that the engine runs on.
fn host_type() -> String {
    let arch = std::env::consts::ARCH;
    match std::env::consts::OS {
        "linux" => format!("{arch}-pc-linux-gnu"),
        os => format!("{arch}-unknown-{os}"),
    }
}

/// Binds them.
pub(crate) fn install(engine: &mut Engine) {
    for &(name, n) in SYSTEM.iter().chain(OWN) {
        define(engine, name, Value::fixnum(n));
    }
    let texts = [
        ("%host-type", host_type()),
        ("OPEN_READ", "r".to_owned()),
        ("OPEN_WRITE", "w".to_owned()),
        ("OPEN_BOTH", "r+".to_owned()),
        ("standard-vtable-fields", crate::data::structs::STANDARD_LAYOUT.to_owned()),
    ];
    for (name, text) in texts {
        let text = engine.heap.string(&text);
        define(engine, name, text);
    }
    for name in crate::data::char_sets::STANDARD {
        let set = engine.heap.foreign(crate::data::char_sets::CharSet::standard(name));
        define(engine, &format!("char-set:{name}"), set);
    }
    let vtables = [
        ("<standard-vtable>", engine.vtables.standard),
        ("<applicable-struct-vtable>", engine.vtables.applicable),
        ("<applicable-struct-with-setter-vtable>", engine.vtables.with_setter),
    ];
    for (name, vtable) in vtables {
        define(engine, name, vtable);
    }
    for name in ["%guile-build-info", "%load-hook"] {
        let value = if name == "%load-hook" { Value::FALSE } else { Value::NULL };
        if engine.guile_value(name).is_none() {
            define(engine, name, value);
        }
    }
    debug_assert!(engine.heap.is(engine.vtables.standard, Tag::Struct));
}
