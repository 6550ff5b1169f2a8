// SPDX-License-Identifier: GPL-3.0-or-later
//! Ports as objects: opening, closing, their properties, string and bytevector ports (Guile's manual, "Ports").

use super::args::{beyond, check_string, fixnum, index, optional, string, symbol, wanting};
use super::text_ports::any_port;
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native;
use crate::native::{Exit, Native, Result};
use crate::ports::io::{Call, current, fluid_value, flush};
use crate::ports::{Buffering, Conversion, Device, Port};
use crate::sys::Descriptor;
use crate::value::Value;
use std::io::IsTerminal;

/// Procedures of `(guile)`.
pub static NATIVES: &[Native] = &[
    native!("port?", 1, |e, v| Ok(Value::bool(e.heap.as_foreign::<Port>(v).is_some()))),
    native!("input-port?", 1, |e, v| is_port(e, v, |port| port.readable)),
    native!("output-port?", 1, |e, v| is_port(e, v, |port| port.writable)),
    native!("file-port?", 1, |e, v| is_port(e, v, |port| matches!(port.device, Device::File(_)))),
    native!("port-closed?", 1, |e, v| Ok(Value::bool(!any_port(e, "port-closed?", 1, v)?.open))),
    native!("eof-object?", 1, |_, v| Ok(Value::bool(v == Value::EOF))),
    native!("open-input-string", 1, |e, text| {
        let text = string(e, "open-input-string", 1, text)?;
        Ok(crate::ports::add(e, Port::from_bytes(text.into_bytes())))
    }),
    native!("open-output-string", 0, |e| {
        let mut port = Port::new(Device::Memory);
        port.writable = true;
        Ok(crate::ports::add(e, port))
    }),
    native!("get-output-string", 1, |e, port| {
        let port = any_port(e, "get-output-string", 1, port)?;
        let conversion = Conversion::Substitute;
        let text = crate::ports::encoding::decode(&port.output, &port.encoding, conversion);
        let text = text.unwrap_or_default();
        Ok(e.heap.string(&text))
    }),
    native!("close-port", 1, |e, port| close_port(e, "close-port", port)),
    native!("close-input-port", 1, |e, port| close_port(e, "close-input-port", port)),
    native!("close-output-port", 1, |e, port| close_port(e, "close-output-port", port)),
    native!("%port-mark-closed!", 1, |e, port| {
        any_port(e, "close-port", 1, port)?.open = false;
        Ok(Value::UNSPECIFIED)
    }),
    native!("port-line", 1, |e, port| {
        let port = any_port(e, "port-line", 1, port)?;
        Ok(Value::fixnum(if port.readable { port.input.line } else { port.line }.into()))
    }),
    native!("port-column", 1, |e, port| {
        let port = any_port(e, "port-column", 1, port)?;
        Ok(Value::fixnum(if port.readable { port.input.column } else { port.column }.into()))
    }),
    native!("set-port-line!", 2, |e, port, n| {
        let n = index(e, "set-port-line!", 2, n)? as u32;
        let port = any_port(e, "set-port-line!", 1, port)?;
        (port.input.line, port.line) = (n, n);
        Ok(Value::UNSPECIFIED)
    }),
    native!("set-port-column!", 2, |e, port, n| {
        // Before the first column is where some programs start from, which count from one.
        let n = match n.as_fixnum() {
            Some(-1) => u32::MAX,
            _ => index(e, "set-port-column!", 2, n)? as u32,
        };
        let port = any_port(e, "set-port-column!", 1, port)?;
        (port.input.column, port.column) = (n, n);
        Ok(Value::UNSPECIFIED)
    }),
    native!("port-filename", 1, |e, port| Ok(any_port(e, "port-filename", 1, port)?.filename)),
    native!("set-port-filename!", 2, |e, port, name| {
        any_port(e, "set-port-filename!", 1, port)?.filename = name;
        Ok(Value::UNSPECIFIED)
    }),
    native!("port-encoding", 1, |e, port| {
        let name = any_port(e, "port-encoding", 1, port)?.encoding.clone();
        Ok(e.heap.string(&name))
    }),
    native!("set-port-encoding!", 2, |e, port, name| {
        any_port(e, "set-port-encoding!", 1, port)?;
        let name = match name {
            Value::FALSE => "ISO-8859-1".to_owned(),
            _ => string(e, "set-port-encoding!", 2, name)?,
        };
        any_port(e, "set-port-encoding!", 1, port)?.set_encoding(&name);
        Ok(Value::UNSPECIFIED)
    }),
    native!("port-conversion-strategy", 1, |e, port| {
        let conversion = match port {
            Value::FALSE => default_conversion(e),
            _ => any_port(e, "port-conversion-strategy", 1, port)?.conversion,
        };
        Ok(e.heap.intern(match conversion {
            Conversion::Error => "error",
            Conversion::Substitute => "substitute",
            Conversion::Escape => "escape",
        }))
    }),
    native!("set-port-conversion-strategy!", 2, |e, port, strategy| {
        let name = symbol(e, "set-port-conversion-strategy!", 2, strategy)?;
        let Some(conversion) = conversion(&name) else {
            let message = "unknown conversion strategy ~S";
            return e.error("misc-error", "set-port-conversion-strategy!", message, &[strategy]);
        };
        if port == Value::FALSE {
            let fluid = e.guile_value("%default-port-conversion-strategy");
            if let Some(slots) = fluid.and_then(|f| e.heap.slots_mut(f, Tag::Fluid)) {
                slots[0] = strategy;
            }
        } else {
            any_port(e, "set-port-conversion-strategy!", 1, port)?.conversion = conversion;
        }
        Ok(Value::UNSPECIFIED)
    }),
    native!("setvbuf", 2, 1, false, |e, args| {
        let mode = match e.heap.symbol_name(args[1]) {
            Some("none") => Buffering::None,
            Some("line") => Buffering::Line,
            Some("block") => Buffering::Block,
            _ => return beyond(e, "setvbuf", args[1]),
        };
        let call = Call { name: "setvbuf", args };
        any_port(e, "setvbuf", 1, args[0])?;
        flush(e, args[0], call)?;
        any_port(e, "setvbuf", 1, args[0])?.buffering = mode;
        Ok(Value::UNSPECIFIED)
    }),
    native!("flush-all-ports", 0, |e| {
        crate::ports::flush_all(e);
        Ok(Value::UNSPECIFIED)
    }),
    native!("%all-ports", 0, |e| {
        let ports = crate::ports::all(e);
        Ok(e.heap.list(&ports))
    }),
    native!("drain-input", 1, |e, port| {
        if !any_port(e, "drain-input", 1, port)?.readable {
            return wanting(e, "drain-input", 1, "open input port", port);
        }
        let body = any_port(e, "drain-input", 1, port)?;
        let bytes = body.input.pending().to_vec();
        body.input.skip_bytes(bytes.len());
        let encoding = body.encoding.clone();
        let conversion = Conversion::Substitute;
        let text = crate::ports::encoding::decode(&bytes, &encoding, conversion);
        Ok(e.heap.string(&text.unwrap_or_default()))
    }),
    native!("%make-void-port", 1, |e, mode| {
        let mode = string(e, "%make-void-port", 1, mode)?;
        let mut port = Port::new(Device::Void);
        (port.readable, port.writable) = directions(&mode);
        port.input.complete = true;
        Ok(crate::ports::add(e, port))
    }),
    native!("%port-property", 2, |e, port, key| {
        let properties = any_port(e, "%port-property", 1, port)?.properties;
        for entry in e.heap.list_to_vec(properties).unwrap_or_default() {
            if let Some((k, value)) = e.heap.pair(entry)
                && k == key
            {
                return Ok(value);
            }
        }
        Ok(Value::FALSE)
    }),
    native!("%set-port-property!", 3, |e, port, key, value| {
        let properties = any_port(e, "%set-port-property!", 1, port)?.properties;
        let entry = e.heap.cons(key, value);
        let properties = e.heap.cons(entry, properties);
        any_port(e, "%set-port-property!", 1, port)?.properties = properties;
        Ok(Value::UNSPECIFIED)
    }),
    native!("port-mode", 1, |e, port| {
        let port = any_port(e, "port-mode", 1, port)?;
        let mut mode = match (port.readable, port.writable) {
            (true, true) => "r+".to_owned(),
            (true, false) => "r".to_owned(),
            _ => "w".to_owned(),
        };
        if port.writable && port.buffering == Buffering::None {
            mode.push('0');
        }
        Ok(e.heap.string(&mode))
    }),
    native!("current-load-port", 0, |_| Ok(Value::FALSE)),
    native!("%check-input-port", 1, |e, v| check_direction(e, v, true)),
    native!("%check-output-port", 1, |e, v| check_direction(e, v, false)),
    native!("%custom-port-ref", 2, |e, port, n| {
        let n = index(e, "%custom-port-ref", 2, n)?;
        match &any_port(e, "%custom-port-ref", 1, port)?.device {
            Device::Custom(parts) => Ok(parts.get(n).copied().unwrap_or(Value::FALSE)),
            _ => Ok(Value::FALSE),
        }
    }),
    native!("%port-supply!", 4, 0, false, |e, args| {
        let start = index(e, "%port-supply!", 3, args[2])?;
        let count = index(e, "%port-supply!", 4, args[3])?;
        let bytes = super::bytevectors::bytes(e, "%port-supply!", 2, args[1])?;
        let Some(bytes) = bytes.get(start..start.saturating_add(count)).map(<[u8]>::to_vec) else {
            return e.out_of_range("%port-supply!", 4, args[3]);
        };
        let port = any_port(e, "%port-supply!", 1, args[0])?;
        port.input.complete = count == 0;
        port.input.supply(&bytes);
        Ok(Value::UNSPECIFIED)
    }),
    native!("%port-pending", 1, |e, port| {
        let bytes = std::mem::take(&mut any_port(e, "%port-pending", 1, port)?.output);
        Ok(e.heap.bytevector(bytes))
    }),
    native!("%port-read-ahead", 1, |e, port| {
        let pending = any_port(e, "seek", 1, port)?.input.pending().len();
        Ok(Value::fixnum(pending as i64))
    }),
    native!("%port-discard-input!", 1, |e, port| {
        let input = &mut any_port(e, "seek", 1, port)?.input;
        input.skip_bytes(usize::MAX / 2);
        input.complete = false;
        Ok(Value::UNSPECIFIED)
    }),
    native!("%make-bytes", 1, |e, n| {
        let n = index(e, "%make-bytes", 1, n)?;
        Ok(e.heap.bytevector(vec![0; n]))
    }),
    native!("%bytes-length", 1, |e, bytes| {
        Ok(Value::fixnum(super::bytevectors::bytes(e, "%bytes-length", 1, bytes)?.len() as i64))
    }),
];

/// Procedures of `(fruix native)`.
pub static LIBRARY: &[Native] = &[
    native!("open-bytevector-input-port", 1, 1, false, |e, args| {
        let bytes =
            super::bytevectors::bytes(e, "open-bytevector-input-port", 1, args[0])?.to_vec();
        let mut port = Port::from_bytes(bytes);
        port.set_encoding("ISO-8859-1");
        Ok(crate::ports::add(e, port))
    }),
    native!("%open-bytevector-output-port", 0, |e| {
        let mut port = Port::new(Device::Memory);
        port.writable = true;
        port.set_encoding("ISO-8859-1");
        Ok(crate::ports::add(e, port))
    }),
    native!("%get-output-bytevector", 1, |e, port| {
        let port = any_port(e, "get-output-bytevector", 1, port)?;
        (port.line, port.column) = (0, 0);
        let bytes = std::mem::take(&mut port.output);
        Ok(e.heap.bytevector(bytes))
    }),
    native!("%make-custom-binary-port", 6, 0, false, |e, args| {
        let mut port = Port::new(Device::Custom(args.to_vec()));
        (port.readable, port.writable) = (args[1].is_true(), args[2].is_true());
        port.set_encoding("ISO-8859-1");
        Ok(crate::ports::add(e, port))
    }),
];

fn is_port(engine: &mut Engine, value: Value, test: fn(&Port) -> bool) -> Result {
    Ok(Value::bool(engine.heap.as_foreign::<Port>(value).is_some_and(test)))
}

/// The converter of the current port parameters.
fn check_direction(engine: &mut Engine, value: Value, input: bool) -> Result {
    let port = engine.heap.as_foreign::<Port>(value);
    if port.is_some_and(|port| if input { port.readable } else { port.writable }) {
        return Ok(value);
    }
    let key = engine.heap.intern("misc-error");
    let expected = if input { "an input port" } else { "an output port" };
    let message = engine.heap.string(&format!("expected {expected} ~S"));
    let args = engine.heap.list(&[value]);
    Err(Box::new(Exit::Error { key, subr: Value::FALSE, message, args, data: Value::FALSE }))
}

/// Whether a mode string means input, output.
pub fn directions(mode: &str) -> (bool, bool) {
    let plus = mode.contains('+');
    (mode.starts_with('r') || plus, !mode.starts_with('r') || plus)
}

/// The conversion strategy of this name.
pub fn conversion(name: &str) -> Option<Conversion> {
    match name {
        "error" => Some(Conversion::Error),
        "substitute" => Some(Conversion::Substitute),
        "escape" => Some(Conversion::Escape),
        _ => None,
    }
}

fn default_conversion(engine: &Engine) -> Conversion {
    let fluid = engine.guile_value("%default-port-conversion-strategy").unwrap_or(Value::FALSE);
    let name = engine.heap.symbol_name(fluid_value(engine, fluid));
    name.and_then(conversion).unwrap_or(Conversion::Substitute)
}

/// The encoding that new file ports get.
pub fn default_encoding(engine: &Engine) -> String {
    let fluid = engine.guile_value("%default-port-encoding").unwrap_or(Value::FALSE);
    let name = engine.heap.as_string(fluid_value(engine, fluid));
    name.map_or_else(|| "UTF-8".to_owned(), ToString::to_string)
}

/// A port on a descriptor, as `fdopen` makes it. The modes are those of `open-file`.
pub fn file_port(engine: &mut Engine, file: Descriptor, mode: &str, name: &str) -> Value {
    let mut port = Port::new(Device::File(file));
    (port.readable, port.writable) = directions(mode);
    port.buffering = if mode.contains('0') {
        Buffering::None
    } else if mode.contains('l') {
        Buffering::Line
    } else {
        Buffering::Block
    };
    let binary = mode.contains('b');
    let encoding = if binary { "ISO-8859-1".to_owned() } else { default_encoding(engine) };
    port.set_encoding(&encoding);
    port.conversion = default_conversion(engine);
    port.filename = engine.heap.string(name);
    crate::ports::add(engine, port)
}

/// Closes a port: `#f` if it was closed already. Custom ports' procedures are called by Scheme.
pub fn close_port(engine: &mut Engine, name: &'static str, value: Value) -> Result {
    let port = any_port(engine, name, 1, value)?;
    if !port.open {
        return Ok(Value::FALSE);
    }
    if matches!(port.device, Device::Custom(_)) {
        if let Some(close) = engine.guile_value("%custom-port-close") {
            return Err(Box::new(Exit::TailCall(close, vec![value])));
        }
        return Ok(Value::FALSE);
    }
    let flushed = port.flush_file();
    port.open = false;
    let closed = match &mut port.device {
        Device::File(file) => file.close(),
        _ => Ok(()),
    };
    match flushed.and(closed) {
        Ok(()) => Ok(Value::TRUE),
        Err(error) => crate::ports::io::system_error(engine, name, &error, None),
    }
}

/// Makes the standard ports, the parameters that name them, and the fluids of new ports.
pub(crate) fn install(engine: &mut Engine) {
    crate::ports::install_list(engine);
    let encoding = engine.heap.string("UTF-8");
    let encoding = fluid(engine, encoding);
    define(engine, "%default-port-encoding", encoding);
    let strategy = engine.heap.intern("substitute");
    let strategy = fluid(engine, strategy);
    define(engine, "%default-port-conversion-strategy", strategy);
    let to_terminal = std::io::stdout().is_terminal();
    let ports = [
        ("current-input-port", 0, "r", "%check-input-port"),
        ("current-output-port", 1, if to_terminal { "wl" } else { "w" }, "%check-output-port"),
        ("current-error-port", 2, "w0", "%check-output-port"),
    ];
    for (name, fd, mode, check) in ports {
        let port = file_port(engine, Descriptor::borrowed(fd), mode, "file");
        if let Some(body) = engine.heap.as_foreign_mut::<Port>(port) {
            body.filename = Value::FALSE;
        }
        parameter(engine, name, port, check);
        if fd == 2 {
            parameter(engine, "current-warning-port", port, check);
        }
    }
}

/// Binds `name` in `(guile)`.
pub(super) fn define(engine: &mut Engine, name: &str, value: Value) {
    let name = engine.heap.intern(name);
    engine.module_define(engine.modules.guile, name, value);
}

fn fluid(engine: &mut Engine, value: Value) -> Value {
    let fluid = engine.heap.slots_from(Tag::Fluid, &[value, value]);
    engine.machine.add_fluid(fluid);
    fluid
}

fn parameter(engine: &mut Engine, name: &str, value: Value, converter: &str) {
    let fluid = fluid(engine, value);
    let converter = engine.guile_value(converter).unwrap_or(Value::FALSE);
    let parameter = engine.heap.slots_from(Tag::Parameter, &[fluid, converter]);
    define(engine, name, parameter);
}

/// The port at argument `position`, or the current output port.
pub fn port_or_current(engine: &mut Engine, args: &[Value], position: usize) -> Value {
    optional(args, position - 1).unwrap_or_else(|| current(engine, "current-output-port"))
}

/// The number of a descriptor given as a number or as a file port.
pub fn descriptor(engine: &mut Engine, subr: &str, position: usize, value: Value) -> Result<i32> {
    if let Some(n) = value.as_fixnum() {
        return Ok(n as i32);
    }
    match engine.heap.as_foreign::<Port>(value) {
        Some(Port { device: Device::File(file), open: true, .. }) => Ok(file.fd()),
        Some(_) | None => wanting(engine, subr, position, "open file port", value),
    }
}

/// Arguments of `open-file` and its kin behind the mode: the encoding asked for, and whether to guess it.
pub fn open_options(
    engine: &mut Engine,
    subr: &'static str,
    options: &[Value],
) -> Result<(Option<String>, bool)> {
    let (mut encoding, mut guess) = (None, false);
    for pair in options.chunks(2) {
        let name = engine.heap.keyword_symbol(pair[0]);
        let name = name.and_then(|name| engine.heap.symbol_name(name)).map(str::to_owned);
        match (name.as_deref(), pair.get(1)) {
            (Some("encoding"), Some(&Value::FALSE)) => {}
            (Some("encoding"), Some(&value)) => {
                check_string(engine, subr, 3, value)?;
                encoding = Some(string(engine, subr, 3, value)?);
            }
            (Some("guess-encoding"), Some(value)) => guess = value.is_true(),
            _ => {
                let key = "keyword-argument-error";
                return engine.error(key, subr, "Unrecognized keyword", &[pair[0]]);
            }
        }
    }
    Ok((encoding, guess))
}

/// The integer that `seek`'s third argument is.
pub fn whence(engine: &mut Engine, subr: &str, value: Value) -> Result<i32> {
    match fixnum(engine, subr, 3, value)? {
        n @ 0..=2 => Ok(n as i32),
        _ => engine.out_of_range(subr, 3, value),
    }
}
