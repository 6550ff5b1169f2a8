// SPDX-License-Identifier: GPL-3.0-or-later
//! Ports: buffers of bytes with a device behind them, and the text view on them.
//!
//! Natives never call Scheme. So a read from a custom port (one whose device is Scheme procedures) whose buffer is
//! empty leaves by a tail call to Scheme's `%port-retry`, which fills the buffer and calls the
//! native anew; natives therefore take nothing from a port before they have all they need.

pub mod encoding;
pub mod io;

use crate::engine::Engine;
use crate::heap::{Foreign, Tracer};
use crate::reader::Input;
use crate::sys::Descriptor;
use crate::value::Value;
use std::io::Write;

/// What is behind a port's buffers.
pub enum Device {
    /// A file descriptor.
    File(Descriptor),
    /// Nothing: an input port over given bytes, an output port whose bytes are asked for.
    Memory,
    /// Nothing: output vanishes, input is at its end.
    Void,
    /// Scheme procedures, in the order of `%make-custom-binary-port`'s arguments.
    Custom(Vec<Value>),
}

/// When output goes from the buffer to the device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Buffering {
    /// At once.
    None,
    /// At the end of each line.
    Line,
    /// When the buffer is full.
    Block,
}

/// What becomes of characters that the encoding does not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conversion {
    /// An error.
    Error,
    /// A question mark.
    Substitute,
    /// An escape sequence.
    Escape,
}

/// A port.
pub struct Port {
    /// What is behind the buffers.
    pub device: Device,
    /// Bytes read ahead and the place of the next character.
    pub input: Input,
    /// Bytes not yet written to the device; all bytes, for [`Device::Memory`].
    pub output: Vec<u8>,
    /// Whether it can be read from.
    pub readable: bool,
    /// Whether it can be written to.
    pub writable: bool,
    /// Whether it is open.
    pub open: bool,
    /// When output reaches the device.
    pub buffering: Buffering,
    /// What `port-encoding` says: `UTF-8`, `ISO-8859-1`, ….
    pub encoding: String,
    /// What becomes of characters that the encoding does not have.
    pub conversion: Conversion,
    /// The file's name, a string or `#f`.
    pub filename: Value,
    /// Column after the last character written.
    pub column: u32,
    /// Line after the last character written.
    pub line: u32,
    /// How many times the file descriptor was handed out (`fileno`'s revealed count).
    pub revealed: u32,
    /// Properties set by `%set-port-property!`, an association list.
    pub properties: Value,
}

impl Port {
    /// A closed port with empty buffers, to be changed into what is wanted.
    pub fn new(device: Device) -> Port {
        Port {
            device,
            input: Input::default(),
            output: Vec::new(),
            readable: false,
            writable: false,
            open: true,
            buffering: Buffering::Block,
            encoding: "UTF-8".to_owned(),
            conversion: Conversion::Substitute,
            filename: Value::FALSE,
            column: 0,
            line: 0,
            revealed: 0,
            properties: Value::NULL,
        }
    }

    /// An input port over `bytes`.
    pub fn from_bytes(bytes: Vec<u8>) -> Port {
        let mut port = Port::new(Device::Memory);
        port.input = Input::from_bytes(bytes);
        port.readable = true;
        port
    }
}

impl Foreign for Port {
    fn type_name(&self) -> &'static str {
        "port"
    }

    fn trace(&self, tracer: &mut Tracer) {
        if let Device::Custom(procedures) = &self.device {
            tracer.visit_all(procedures);
        }
        tracer.visit_all(&[self.filename, self.properties]);
    }

    fn describe(&self, engine: &Engine, value: Value) -> Option<String> {
        let direction = match (self.readable, self.writable) {
            (true, true) => "input-output",
            (true, false) => "input",
            _ => "output",
        };
        if !self.open {
            return Some(format!("#<closed: file {:x}>", value.bits()));
        }
        let name = if let Device::Custom(parts) = &self.device { parts[0] } else { self.filename };
        let name = engine.heap.as_string(name).map(ToString::to_string);
        let name = name.as_deref().unwrap_or("file");
        Some(match &self.device {
            Device::File(file) => format!("#<{direction}: {name} {}>", file.fd()),
            _ => format!("#<{direction}: {name} {:x}>", value.bits()),
        })
    }
}

impl Port {
    /// Writes what is buffered to a file's device, as far as that goes.
    pub fn flush_file(&mut self) -> std::io::Result<()> {
        let Device::File(file) = &mut self.device else { return Ok(()) };
        let output = std::mem::take(&mut self.output);
        file.write_all(&output)
    }

    /// Sets the encoding of input and output.
    pub fn set_encoding(&mut self, name: &str) {
        self.encoding = name.to_ascii_uppercase();
        self.input.latin1 = encoding::is_latin1(name);
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        // A port that is forgotten has nobody to tell of errors.
        if self.open && !self.output.is_empty() {
            let _ = self.flush_file();
        }
    }
}

/// The variable of `(guile)` that holds the list of open ports.
const PORT_LIST: &str = "%open-ports";

/// The ports that are open; they are held weakly.
#[derive(Default)]
struct PortList(Vec<Value>);

impl Foreign for PortList {
    fn type_name(&self) -> &'static str {
        "port-list"
    }
    fn trace(&self, _: &mut Tracer) {}
    fn is_weak(&self) -> bool {
        true
    }
    fn forget_dead(&mut self, is_live: &dyn Fn(Value) -> bool) {
        self.0.retain(|&port| is_live(port));
    }
}

/// Makes the list of open ports.
pub(crate) fn install_list(engine: &mut Engine) {
    let list = engine.heap.foreign(PortList::default());
    let name = engine.heap.intern(PORT_LIST);
    engine.module_define(engine.modules.guile, name, list);
}

/// Makes the port an object and notes that it is open.
pub fn add(engine: &mut Engine, port: Port) -> Value {
    let value = engine.heap.foreign(port);
    if let Some(list) = engine.guile_value(PORT_LIST)
        && let Some(list) = engine.heap.as_foreign_mut::<PortList>(list)
    {
        list.0.push(value);
    }
    value
}

/// All open ports, the newest first.
pub fn all(engine: &Engine) -> Vec<Value> {
    let Some(list) = engine.guile_value(PORT_LIST) else { return Vec::new() };
    let Some(list) = engine.heap.as_foreign::<PortList>(list) else { return Vec::new() };
    let is_open = |v: &&Value| engine.heap.as_foreign::<Port>(**v).is_some_and(|port| port.open);
    list.0.iter().rev().filter(is_open).copied().collect()
}

/// Writes what all file ports have buffered; for the end of the program. Errors are dropped, as Guile does.
pub fn flush_all(engine: &mut Engine) {
    for port in all(engine) {
        if let Some(port) = engine.heap.as_foreign_mut::<Port>(port) {
            let _ = port.flush_file();
        }
    }
}

/// Takes the input out of a port, for a reader that works on it at length. The port is without input until
/// [`restore_input`].
pub fn take_input(engine: &mut Engine, port: Value) -> Input {
    match engine.heap.as_foreign_mut::<Port>(port) {
        Some(port) => std::mem::take(&mut port.input),
        None => Input::default(),
    }
}

/// Gives back what [`take_input`] took.
pub fn restore_input(engine: &mut Engine, port: Value, input: Input) {
    if let Some(port) = engine.heap.as_foreign_mut::<Port>(port) {
        port.input = input;
    }
}
