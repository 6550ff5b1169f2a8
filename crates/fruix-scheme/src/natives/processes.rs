// SPDX-License-Identifier: GPL-3.0-or-later
//! Processes, signals, users and what else the system knows (Guile's manual, "Processes" and others).

use super::args::{fixnum, list, optional, string, wanting};
use super::descriptors::{c_string, done, number, standard};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native;
use crate::native::{Native, Result};
use crate::ports::flush_all;
use crate::ports::io::system_error;
use crate::sys::{self, Disposition};
use crate::value::Value;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("getpid", 0, |_| Ok(Value::fixnum(std::process::id().into()))),
    native!("getppid", 0, |_| Ok(Value::fixnum(std::os::unix::process::parent_id().into()))),
    native!("getuid", 0, |_| Ok(Value::fixnum(rustix::process::getuid().as_raw().into()))),
    native!("geteuid", 0, |_| Ok(Value::fixnum(rustix::process::geteuid().as_raw().into()))),
    native!("getgid", 0, |_| Ok(Value::fixnum(rustix::process::getgid().as_raw().into()))),
    native!("getegid", 0, |_| Ok(Value::fixnum(rustix::process::getegid().as_raw().into()))),
    native!("getpgrp", 0, |_| {
        Ok(Value::fixnum(rustix::process::getpgrp().as_raw_nonzero().get().into()))
    }),
    native!("setsid", 0, |e| {
        let result = rustix::process::setsid().map(|pid| pid.as_raw_nonzero().get());
        number(e, "setsid", result.map_err(Into::into))
    }),
    native!("setpgid", 2, |e, pid, group| {
        let pid = rustix::process::Pid::from_raw(fixnum(e, "setpgid", 1, pid)? as i32);
        let group = rustix::process::Pid::from_raw(fixnum(e, "setpgid", 2, group)? as i32);
        done(e, "setpgid", rustix::process::setpgid(pid, group).map_err(Into::into))
    }),
    native!("setuid", 1, |e, id| {
        let id = fixnum(e, "setuid", 1, id)?;
        done(e, "setuid", sys::set_user(id as u32))
    }),
    native!("setgid", 1, |e, id| {
        let id = fixnum(e, "setgid", 1, id)?;
        done(e, "setgid", sys::set_group(id as u32))
    }),
    native!("getgroups", 0, |e| match rustix::process::getgroups() {
        Ok(groups) => {
            let groups: Vec<Value> =
                groups.iter().map(|g| Value::fixnum(g.as_raw().into())).collect();
            Ok(e.heap.vector(&groups))
        }
        Err(error) => system_error(e, "getgroups", &error.into(), None),
    }),
    native!("primitive-fork", 0, |e| number(e, "fork", sys::fork())),
    native!("waitpid", 1, 1, false, |e, args| {
        let pid = fixnum(e, "waitpid", 1, args[0])?;
        let options = match optional(args, 1) {
            Some(options) => fixnum(e, "waitpid", 2, options)?,
            None => 0,
        };
        loop {
            match sys::waitpid(pid as i32, options as i32) {
                Ok((pid, status)) => {
                    return Ok(e
                        .heap
                        .cons(Value::fixnum(pid.into()), Value::fixnum(status.into())));
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return system_error(e, "waitpid", &error, None),
            }
        }
    }),
    native!("status:exit-val", 1, |e, status| {
        let status = fixnum(e, "status:exit-val", 1, status)? as i32;
        let value = libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status));
        Ok(value.map_or(Value::FALSE, |n| Value::fixnum(n.into())))
    }),
    native!("status:term-sig", 1, |e, status| {
        let status = fixnum(e, "status:term-sig", 1, status)? as i32;
        let value = libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status));
        Ok(value.map_or(Value::FALSE, |n| Value::fixnum(n.into())))
    }),
    native!("status:stop-sig", 1, |e, status| {
        let status = fixnum(e, "status:stop-sig", 1, status)? as i32;
        let value = libc::WIFSTOPPED(status).then(|| libc::WSTOPSIG(status));
        Ok(value.map_or(Value::FALSE, |n| Value::fixnum(n.into())))
    }),
    native!("execl", 1, 0, true, |e, args| {
        let path = c_string(e, "execl", 1, args[0])?;
        let arguments = strings(e, "execl", &args[1..])?;
        replace(e, "execl", &path, &arguments, None)
    }),
    native!("execlp", 1, 0, true, |e, args| {
        let program = c_string(e, "execlp", 1, args[0])?;
        let arguments = strings(e, "execlp", &args[1..])?;
        let path = find_program(&program).unwrap_or(program);
        replace(e, "execlp", &path, &arguments, None)
    }),
    native!("execle", 2, 0, true, |e, args| {
        let path = c_string(e, "execle", 1, args[0])?;
        let environment = list(e, "execle", 2, args[1])?;
        let environment = strings(e, "execle", &environment)?;
        let arguments = strings(e, "execle", &args[2..])?;
        replace(e, "execle", &path, &arguments, Some(environment))
    }),
    native!("system", 0, 1, false, |e, args| {
        let Some(command) = optional(args, 0) else {
            return Ok(Value::bool(std::path::Path::new("/bin/sh").exists()));
        };
        let command = c_string(e, "system", 1, command)?;
        let arguments = [c"sh".to_owned(), c"-c".to_owned(), command];
        // In a build there is no /bin/sh, but there is a shell on PATH.
        let usual = std::path::Path::new("/bin/sh").exists();
        let shell = if usual { c"/bin/sh" } else { c"sh" };
        run(e, "system", shell, &arguments, [0, 1, 2])
    }),
    native!("system*", 1, 0, true, |e, args| {
        let arguments = strings(e, "system*", args)?;
        let files = [
            standard(e, "current-input-port", 0),
            standard(e, "current-output-port", 1),
            standard(e, "current-error-port", 2),
        ];
        let program = arguments[0].clone();
        run(e, "system*", &program, &arguments, files)
    }),
    native!("kill", 2, |e, pid, signal| {
        let pid = fixnum(e, "kill", 1, pid)?;
        let signal = fixnum(e, "kill", 2, signal)?;
        done(e, "kill", sys::kill(pid as i32, signal as i32))?;
        handling_signals(e, Value::UNSPECIFIED)
    }),
    native!("raise", 1, |e, signal| {
        let signal = fixnum(e, "raise", 1, signal)?;
        done(e, "raise", sys::kill(std::process::id() as i32, signal as i32))?;
        handling_signals(e, Value::UNSPECIFIED)
    }),
    native!("%set-signal", 3, |e, signal, how, flags| {
        let signal = fixnum(e, "sigaction", 1, signal)?;
        let flags = fixnum(e, "sigaction", 3, flags)? as i32;
        let disposition = match how.as_fixnum() {
            Some(0) => Disposition::Default,
            Some(_) => Disposition::Ignore,
            None => Disposition::Note,
        };
        if disposition == Disposition::Note {
            sys::wake_by_signals(e.interrupt_flag());
        }
        done(e, "sigaction", sys::set_signal(signal as i32, disposition, flags))
    }),
    native!("%arrived-signals", 0, |e| {
        let signals: Vec<Value> =
            sys::take_signals().into_iter().map(|n| Value::fixnum(n.into())).collect();
        Ok(e.heap.list(&signals))
    }),
    native!("alarm", 1, |e, seconds| {
        let seconds = fixnum(e, "alarm", 1, seconds)?;
        Ok(Value::fixnum(sys::alarm(seconds as u32).into()))
    }),
    native!("pause", 0, |e| {
        while !sys::signals_wait() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        handling_signals(e, Value::UNSPECIFIED)
    }),
    native!("primitive-exit", 0, 1, false, |e, args| {
        let status = exit_status(optional(args, 0));
        flush_all(e);
        std::process::exit(status)
    }),
    native!("primitive-_exit", 0, 1, false, |_, args| {
        sys::exit_now(exit_status(optional(args, 0)))
    }),
    native!("nice", 1, |e, n| {
        let n = fixnum(e, "nice", 1, n)?;
        let result = rustix::process::nice(n as i32);
        done(e, "nice", result.map(drop).map_err(Into::into))
    }),
    native!("getpriority", 2, |e, _, _| number(e, "getpriority", Ok(0))),
    native!("setpriority", 3, |_, _, _, _| Ok(Value::UNSPECIFIED)),
    native!("getrlimit", 1, |e, resource| {
        let resource = limit(e, "getrlimit", resource)?;
        match sys::get_limit(resource) {
            Ok((soft, hard)) => {
                let value = |n: Option<u64>| {
                    let n = n.and_then(|n| i64::try_from(n).ok());
                    n.and_then(Value::try_fixnum).unwrap_or(Value::FALSE)
                };
                Err(Box::new(crate::native::Exit::Values(vec![value(soft), value(hard)])))
            }
            Err(error) => system_error(e, "getrlimit", &error, None),
        }
    }),
    native!("setrlimit", 3, |e, resource, soft, hard| {
        let resource = limit(e, "setrlimit", resource)?;
        let value = |n: Value| n.as_fixnum().map(|n| n as u64);
        done(e, "setrlimit", sys::set_limit(resource, value(soft), value(hard)))
    }),
    native!("getenv", 1, |e, name| {
        let name = string(e, "getenv", 1, name)?;
        match environment_value(&name) {
            Some(value) => Ok(e.heap.string(&value)),
            None => Ok(Value::FALSE),
        }
    }),
    native!("putenv", 1, |e, text| {
        let entry = string(e, "putenv", 1, text)?;
        match entry.split_once('=') {
            Some((name, value)) if is_name(name) => sys::set_environment(name, Some(value)),
            None if is_name(&entry) => sys::set_environment(&entry, None),
            _ => {
                let error = std::io::Error::from_raw_os_error(libc::EINVAL);
                return system_error(e, "putenv", &error, None);
            }
        }
        Ok(Value::UNSPECIFIED)
    }),
    native!("environ", 0, 1, false, |e, args| {
        if let Some(entries) = optional(args, 0) {
            let entries = list(e, "environ", 1, entries)?;
            let mut pairs = Vec::new();
            for entry in entries {
                let entry = string(e, "environ", 1, entry)?;
                if let Some((name, value)) = entry.split_once('=').filter(|(name, _)| is_name(name))
                {
                    pairs.push((name.to_owned(), value.to_owned()));
                }
            }
            for (name, _) in std::env::vars_os() {
                sys::set_environment(&name.to_string_lossy(), None);
            }
            for (name, value) in pairs {
                sys::set_environment(&name, Some(&value));
            }
            return Ok(Value::UNSPECIFIED);
        }
        let entries: Vec<String> = std::env::vars_os()
            .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
            .collect();
        let entries: Vec<Value> = entries.iter().map(|entry| e.heap.string(entry)).collect();
        Ok(e.heap.list(&entries))
    }),
    native!("uname", 0, |e| {
        let system = rustix::system::uname();
        let parts = [
            system.sysname(),
            system.nodename(),
            system.release(),
            system.version(),
            system.machine(),
        ];
        let parts = parts.map(|part| e.heap.string(&part.to_string_lossy()));
        Ok(e.heap.vector(&parts))
    }),
    native!("gethostname", 0, |e| {
        let system = rustix::system::uname();
        Ok(e.heap.string(&system.nodename().to_string_lossy()))
    }),
    native!("getlogin", 0, |e| match environment_value("LOGNAME") {
        Some(name) => Ok(e.heap.string(&name)),
        None => Ok(Value::FALSE),
    }),
    native!("%file-entry", 2, |e, file, key| {
        let file = string(e, "getpw", 1, file)?;
        entry(e, &file, key)
    }),
    native!("strerror", 1, |e, n| {
        let n = fixnum(e, "strerror", 1, n)?;
        Ok(e.heap.string(&sys::error_text(n as i32)))
    }),
];

/// Procedures of `(fruix native)`.
pub static LIBRARY: &[Native] = &[
    native!("total-processor-count", 0, |_| Ok(processors())),
    native!("current-processor-count", 0, |_| Ok(processors())),
    native!("piped-process", 2, 2, false, |e, args| {
        // (piped-process program args [from-pipe [to-pipe]]): pairs (read . write) of descriptors.
        let subr = "piped-process";
        let mut arguments = vec![c_string(e, subr, 1, args[0])?];
        let rest = list(e, subr, 2, args[1])?;
        arguments.extend(strings(e, subr, &rest)?);
        let mut pipe = |at: usize| -> Result<Option<(i32, i32)>> {
            match optional(args, at).and_then(|pair| e.heap.pair(pair)) {
                Some((read, write)) => Ok(Some((
                    fixnum(e, subr, at + 1, read)? as i32,
                    fixnum(e, subr, at + 1, write)? as i32,
                ))),
                None => Ok(None),
            }
        };
        let (from, to) = (pipe(2)?, pipe(3)?);
        let files = [
            to.map_or_else(|| standard(e, "current-input-port", 0), |(read, _)| read),
            from.map_or_else(|| standard(e, "current-output-port", 1), |(_, write)| write),
            standard(e, "current-error-port", 2),
        ];
        let program = arguments[0].clone();
        let pid = start(e, subr, &program, &arguments, files)?;
        for fd in [from.map(|p| p.1), to.map(|p| p.0)].into_iter().flatten() {
            // It was handed over: the child has it now.
            let _ = sys::close(fd);
        }
        Ok(Value::fixnum(pid.into()))
    }),
];

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

fn environment_value(name: &str) -> Option<String> {
    if !is_name(name) {
        return None;
    }
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// The status that `exit`'s argument means.
pub fn exit_status(value: Option<Value>) -> i32 {
    match value {
        None | Some(Value::TRUE) => 0,
        Some(Value::FALSE) => 1,
        Some(value) => value.as_fixnum().map_or(0, |n| n as i32),
    }
}

fn processors() -> Value {
    Value::fixnum(std::thread::available_parallelism().map_or(1, |n| n.get() as i64))
}

fn strings(engine: &mut Engine, subr: &str, values: &[Value]) -> Result<Vec<CString>> {
    values.iter().enumerate().map(|(i, &v)| c_string(engine, subr, i + 1, v)).collect()
}

fn environment() -> Vec<CString> {
    let entry = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        let mut bytes = name.as_bytes().to_vec();
        bytes.push(b'=');
        bytes.extend_from_slice(value.as_bytes());
        CString::new(bytes).ok()
    };
    std::env::vars_os().filter_map(entry).collect()
}

/// The file that a program's name means: the first executable one of that name on `PATH`.
fn find_program(name: &CString) -> Option<CString> {
    let text = name.to_str().ok()?;
    if text.contains('/') {
        return Some(name.clone());
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    let executable = |file: &std::path::PathBuf| {
        file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
    };
    let found = std::env::split_paths(&path).map(|dir| dir.join(text)).find(executable)?;
    CString::new(found.as_os_str().as_bytes()).ok()
}

/// Becomes another program. Its first argument is the program's name if none are given.
fn replace(
    engine: &mut Engine,
    subr: &str,
    path: &CString,
    arguments: &[CString],
    given: Option<Vec<CString>>,
) -> Result {
    flush_all(engine);
    let environment = given.unwrap_or_else(environment);
    let error = if arguments.is_empty() {
        sys::exec(path, std::slice::from_ref(path), &environment)
    } else {
        sys::exec(path, arguments, &environment)
    };
    system_error(engine, subr, &error, None)
}

/// Starts a program with these standard descriptors.
fn start(
    engine: &mut Engine,
    subr: &str,
    program: &std::ffi::CStr,
    arguments: &[CString],
    files: [i32; 3],
) -> Result<i32> {
    flush_all(engine);
    let program = program.to_owned();
    let path = find_program(&program);
    let environment = environment();
    match sys::spawn(path.as_ref().unwrap_or(&program), &program, arguments, &environment, files) {
        Ok(pid) => Ok(pid),
        Err(error) => system_error(engine, subr, &error, None),
    }
}

/// Runs a program to its end; its raw status. Meanwhile interrupts and quits are the program's affair.
fn run(
    engine: &mut Engine,
    subr: &str,
    program: &std::ffi::CStr,
    arguments: &[CString],
    files: [i32; 3],
) -> Result {
    let pid = start(engine, subr, program, arguments, files)?;
    loop {
        match sys::waitpid(pid, 0) {
            Ok((_, status)) => return Ok(Value::fixnum(status.into())),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return system_error(engine, subr, &error, None),
        }
    }
}

fn limit(engine: &mut Engine, subr: &str, resource: Value) -> Result<i32> {
    let name = engine.heap.symbol_name(resource).unwrap_or_default().to_owned();
    Ok(match name.as_str() {
        "as" => libc::RLIMIT_AS as i32,
        "core" => libc::RLIMIT_CORE as i32,
        "cpu" => libc::RLIMIT_CPU as i32,
        "data" => libc::RLIMIT_DATA as i32,
        "fsize" => libc::RLIMIT_FSIZE as i32,
        "memlock" => libc::RLIMIT_MEMLOCK as i32,
        "nofile" => libc::RLIMIT_NOFILE as i32,
        "nproc" => libc::RLIMIT_NPROC as i32,
        "rss" => libc::RLIMIT_RSS as i32,
        "stack" => libc::RLIMIT_STACK as i32,
        _ => match resource.as_fixnum() {
            Some(n) => n as i32,
            None => return wanting(engine, subr, 1, "symbol or integer", resource),
        },
    })
}

/// The fields of a line of `/etc/passwd` or `/etc/group`: of the line whose name (a string) or third field (a
/// number) is `key`, or a list of all lines' if `key` is `#t`. The files are read as they are, without the C
/// library's name services, so that a static program answers the same.
fn entry(engine: &mut Engine, file: &str, key: Value) -> Result {
    let text = std::fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '+', '-']));
    let lines: Vec<Vec<&str>> = lines.map(|line| line.split(':').collect()).collect();
    let fields = |engine: &mut Engine, line: &[&str]| {
        let fields: Vec<Value> = line.iter().map(|field| engine.heap.string(field)).collect();
        engine.heap.list(&fields)
    };
    if key == Value::TRUE {
        let all: Vec<Value> = lines.iter().map(|line| fields(engine, line)).collect();
        return Ok(engine.heap.list(&all));
    }
    let wanted = match key.as_fixnum() {
        Some(n) => n.to_string(),
        None if engine.heap.is(key, Tag::String) => string(engine, "getpw", 1, key)?,
        None => return wanting(engine, "getpw", 1, "string or integer", key),
    };
    let at = if key.is_fixnum() { 2 } else { 0 };
    match lines.iter().find(|line| line.get(at) == Some(&wanted.as_str())) {
        Some(line) => Ok(fields(engine, line)),
        None => Ok(Value::FALSE),
    }
}

/// Gives `value` after the handlers of signals that have arrived, if there are any, have run.
///
/// # Errors
/// How the handlers are called: `(%after-signal-handlers VALUE)` in tail position.
pub(crate) fn handling_signals(engine: &mut Engine, value: Value) -> Result {
    match engine.guile_value("%after-signal-handlers") {
        Some(run) if sys::signals_wait() => {
            Err(Box::new(crate::native::Exit::TailCall(run, vec![value])))
        }
        _ => Ok(value),
    }
}
