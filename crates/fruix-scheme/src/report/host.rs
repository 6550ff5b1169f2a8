// SPDX-License-Identifier: GPL-3.0-or-later
//! Errors of whoever runs the engine, on their way through Scheme as they are.

use crate::engine::Engine;
use crate::heap::{Foreign, Tracer};
use crate::native::{Exit, Result};
use crate::value::Value;
use std::error::Error;
use std::fmt::{Display, Formatter};
use std::sync::Arc;

/// An error of the host.
#[derive(Debug, Clone)]
pub struct HostError(Arc<dyn Error + Send + Sync>);

impl HostError {
    /// The error that the native failed with.
    pub fn error(&self) -> &(dyn Error + 'static) {
        &*self.0
    }

    /// What `(throw KEY SUBR MESSAGE ARGS DATA)` carries in DATA.
    pub(super) fn within(engine: &Engine, data: Value) -> Option<HostError> {
        let (first, _) = engine.heap.pair(data)?;
        engine.heap.as_foreign::<HostError>(first).cloned()
    }
}

impl PartialEq for HostError {
    fn eq(&self, other: &HostError) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for HostError {}

impl Display for HostError {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Foreign for HostError {
    fn type_name(&self) -> &'static str {
        "host-error"
    }
    fn trace(&self, _: &mut Tracer) {}
}

impl Engine {
    /// An error of the host, to be returned by a native. To Scheme it is a `misc-error` in the error's words;
    /// if nothing handles it, the report has the error itself ([`super::Fault::Host`]).
    ///
    /// # Errors
    /// That one.
    pub fn host_error<T>(
        &mut self,
        subr: &str,
        error: impl Error + Send + Sync + 'static,
    ) -> Result<T> {
        let key = self.heap.intern("misc-error");
        let subr = self.heap.string(subr);
        let message = self.heap.string("~A");
        let text = self.heap.string(&error.to_string());
        let args = self.heap.list(&[text]);
        let error = self.heap.foreign(HostError(Arc::new(error)));
        let data = self.heap.list(&[error]);
        Err(Box::new(Exit::Error { key, subr, message, args, data }))
    }
}
