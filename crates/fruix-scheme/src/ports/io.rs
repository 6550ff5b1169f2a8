// SPDX-License-Identifier: GPL-3.0-or-later
//! Moving bytes between a port's buffers and its device.

use super::{Buffering, Device, Port};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native::{Exit, Native, Result};
use crate::natives::args::wanting;
use crate::value::Value;
use std::io::Write;

/// Bytes of output that a block-buffered port gathers before it writes them.
const OUTPUT_BUFFER: usize = 8192;

/// A call of a native on a port, to be made anew once the port's buffer has been filled or emptied by Scheme.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The native's name.
    pub name: &'static str,
    /// Its arguments.
    pub args: &'a [Value],
}

/// The port at `position` (from 1) of the call's arguments, or the current one if it is missing. Checks that it is
/// open and can be read from (`input`) or written to.
pub fn port_argument(
    engine: &mut Engine,
    call: Call,
    position: usize,
    input: bool,
) -> Result<Value> {
    let given = crate::natives::args::optional(call.args, position - 1);
    let value = match given {
        Some(value) => value,
        None => current(engine, if input { "current-input-port" } else { "current-output-port" }),
    };
    let fits = |port: &Port| port.open && if input { port.readable } else { port.writable };
    if !engine.heap.as_foreign::<Port>(value).is_some_and(fits) {
        let expected = if input { "open input port" } else { "open output port" };
        return wanting(engine, call.name, position, expected, value);
    }
    Ok(value)
}

/// The value of one of the current port parameters.
pub fn current(engine: &Engine, parameter: &str) -> Value {
    let Some(parameter) = engine.guile_value(parameter) else { return Value::FALSE };
    let fluid = engine.heap.slots(parameter, Tag::Parameter).map_or(Value::FALSE, |slots| slots[0]);
    fluid_value(engine, fluid)
}

/// The value of a fluid, `#f` if it has none.
pub fn fluid_value(engine: &Engine, fluid: Value) -> Value {
    let value = engine.heap.slots(fluid, Tag::Fluid).map_or(Value::FALSE, |slots| slots[0]);
    if value == Value::UNBOUND { Value::FALSE } else { value }
}

/// A `system-error` exception, as Guile words it.
pub fn system_error<T>(
    engine: &mut Engine,
    subr: &str,
    error: &std::io::Error,
    file: Option<&str>,
) -> Result<T> {
    let errno = error.raw_os_error().unwrap_or(libc::EIO);
    let text = crate::sys::error_text(errno);
    let heap = &mut engine.heap;
    let (message, args) = match file {
        Some(file) => ("~A: ~S", vec![heap.string(&text), heap.string(file)]),
        None => ("~A", vec![heap.string(&text)]),
    };
    Err(Box::new(Exit::Error {
        key: heap.intern("system-error"),
        subr: heap.string(subr),
        message: heap.string(message),
        args: heap.list(&args),
        data: heap.list(&[Value::fixnum(errno.into())]),
    }))
}

/// Leaves to Scheme, which calls `procedure` on the port and then makes the call anew.
fn retry<T>(engine: &mut Engine, procedure: &str, port: Value, call: Call) -> Result<T> {
    let find = |native: &&'static Native| native.name == call.name;
    let tables = crate::natives::TABLES.iter().flat_map(|(_, table)| table.iter());
    let native = tables.into_iter().find(find);
    let (Some(native), Some(retry)) = (native, engine.guile_value("%port-retry")) else {
        return engine.error("misc-error", call.name, "custom ports are not there yet", &[]);
    };
    let native = engine.heap.native(native);
    let procedure = engine.heap.intern(procedure);
    let args = engine.heap.list(call.args);
    Err(Box::new(Exit::TailCall(retry, vec![procedure, port, native, args])))
}

/// Reads more into the port's buffer. False at the end of input.
pub fn fill(engine: &mut Engine, port: Value, call: Call) -> Result<bool> {
    // What was asked on the terminal should be seen before an answer is waited for.
    if let Some(body) = engine.heap.as_foreign::<Port>(port)
        && matches!(body.device, Device::File(_))
        && body.writable
    {
        flush(engine, port, call)?;
    }
    let Some(body) = engine.heap.as_foreign_mut::<Port>(port) else { return Ok(false) };
    match &mut body.device {
        Device::File(file) => loop {
            match body.input.fill_from(file) {
                Ok(count) => {
                    // A terminal or pipe may have more after an end; the next read asks again.
                    let more = count > 0;
                    return Ok(more);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return system_error(engine, call.name, &error, None),
            }
        },
        Device::Custom(_) if !body.input.complete => retry(engine, "%port-fill", port, call),
        _ => {
            body.input.complete = true;
            Ok(false)
        }
    }
}

/// Takes note that the end of input was seen, so that the next read asks the device again.
pub fn saw_end(engine: &mut Engine, port: Value) {
    if let Some(body) = engine.heap.as_foreign_mut::<Port>(port)
        && matches!(body.device, Device::File(_) | Device::Custom(_))
    {
        body.input.complete = false;
    }
}

/// Makes sure that at least one byte is buffered; false at the end of input.
pub fn want_byte(engine: &mut Engine, port: Value, call: Call) -> Result<bool> {
    loop {
        match engine.heap.as_foreign::<Port>(port) {
            Some(body) if !body.input.pending().is_empty() => return Ok(true),
            Some(body) if body.input.complete => return Ok(false),
            _ => {
                fill(engine, port, call)?;
            }
        }
    }
}

/// Makes sure that all that is left of the input is buffered.
pub fn want_all(engine: &mut Engine, port: Value, call: Call) -> Result<()> {
    loop {
        match engine.heap.as_foreign::<Port>(port) {
            Some(body) if body.input.complete => return Ok(()),
            _ => {
                fill(engine, port, call)?;
            }
        }
    }
}

/// Makes sure that `count` bytes are buffered, or all up to the end of input.
pub fn want_bytes(engine: &mut Engine, port: Value, count: usize, call: Call) -> Result<()> {
    loop {
        match engine.heap.as_foreign::<Port>(port) {
            Some(body) if body.input.complete || body.input.pending().len() >= count => {
                return Ok(());
            }
            _ => {
                fill(engine, port, call)?;
            }
        }
    }
}

/// Appends bytes to the port's output and moves its column; writes to the device as the buffering says.
pub fn put_bytes(engine: &mut Engine, port: Value, bytes: &[u8], call: Call) -> Result<()> {
    let Some(body) = engine.heap.as_foreign_mut::<Port>(port) else { return Ok(()) };
    if matches!(body.device, Device::Void) {
        return Ok(());
    }
    body.output.extend_from_slice(bytes);
    let due = match (&body.device, body.buffering) {
        (Device::Memory, _) => false,
        (_, Buffering::None) => true,
        (_, Buffering::Line) => bytes.contains(&b'\n') || body.output.len() >= OUTPUT_BUFFER,
        (_, Buffering::Block) => body.output.len() >= OUTPUT_BUFFER,
    };
    if due { flush_written(engine, port, call) } else { Ok(()) }
}

/// Writes text in the port's encoding.
pub fn put_text(engine: &mut Engine, port: Value, text: &str, call: Call) -> Result<()> {
    let Some(body) = engine.heap.as_foreign_mut::<Port>(port) else { return Ok(()) };
    body.line += text.matches('\n').count() as u32;
    let (before, last) = match text.rsplit_once('\n') {
        Some((_, last)) => (0, last),
        None => (body.column, text),
    };
    body.column = last.chars().fold(before, |column, c| match c {
        '\t' => (column / 8 + 1) * 8,
        '\r' => 0,
        '\x08' => column.saturating_sub(1),
        '\x07' => column,
        _ => column.wrapping_add(1),
    });
    let encoded = super::encoding::encode(text, &body.encoding, body.conversion);
    match encoded {
        Ok(bytes) => put_bytes(engine, port, &bytes, call),
        Err(c) => {
            let args = [port, Value::char(c)];
            let message = "conversion to port encoding failed";
            engine.error("encoding-error", call.name, message, &args)
        }
    }
}

/// Writes what is buffered to the device.
pub fn flush(engine: &mut Engine, port: Value, call: Call) -> Result<()> {
    let Some(body) = engine.heap.as_foreign_mut::<Port>(port) else { return Ok(()) };
    if body.output.is_empty() {
        return Ok(());
    }
    match &mut body.device {
        Device::File(file) => {
            let output = std::mem::take(&mut body.output);
            match file.write_all(&output) {
                Ok(()) => Ok(()),
                Err(error) => system_error(engine, call.name, &error, None),
            }
        }
        Device::Custom(_) => retry(engine, "%port-drain", port, call),
        Device::Memory => Ok(()),
        Device::Void => {
            body.output.clear();
            Ok(())
        }
    }
}

/// As [`flush`], after the call's own bytes have been buffered: it must not be made anew, only the port be
/// emptied.
fn flush_written(engine: &mut Engine, port: Value, call: Call) -> Result<()> {
    let custom = engine
        .heap
        .as_foreign::<Port>(port)
        .is_some_and(|body| matches!(body.device, Device::Custom(_)));
    if custom && let Some(drain) = engine.guile_value("%port-drain") {
        return Err(Box::new(Exit::TailCall(drain, vec![port])));
    }
    flush(engine, port, call)
}
