// SPDX-License-Identifier: GPL-3.0-or-later
//! Clocks and calendars (Guile's manual, "Time").

use super::args::{fixnum, index, optional, string, wanting};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native;
use crate::native::{Native, Result};
use crate::ports::io::system_error;
use crate::sys::{self, Calendar};
use crate::value::Value;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// `internal-time-units-per-second`.
pub const UNITS: i64 = 1_000_000_000;

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("current-time", 0, |_| Ok(Value::fixnum(now().as_secs() as i64))),
    native!("gettimeofday", 0, |e| {
        let now = now();
        let seconds = Value::fixnum(now.as_secs() as i64);
        Ok(e.heap.cons(seconds, Value::fixnum(now.subsec_micros().into())))
    }),
    native!("get-internal-real-time", 0, |_| Ok(Value::fixnum(elapsed()))),
    native!("get-internal-run-time", 0, |_| {
        let ([user, system, _, _], ticks) = sys::times();
        Ok(Value::fixnum((user + system) * (UNITS / ticks.max(1))))
    }),
    native!("times", 0, |e| {
        let (times, ticks) = sys::times();
        let unit = UNITS / ticks.max(1);
        let mut fields = vec![Value::fixnum(elapsed())];
        fields.extend(times.map(|n| Value::fixnum(n * unit)));
        Ok(e.heap.vector(&fields))
    }),
    native!("sleep", 1, |e, seconds| {
        let seconds = index(e, "sleep", 1, seconds)?;
        sleep(e, Duration::from_secs(seconds as u64), 1_000_000)
    }),
    native!("usleep", 1, |e, micros| {
        let micros = index(e, "usleep", 1, micros)?;
        sleep(e, Duration::from_micros(micros as u64), 1)
    }),
    native!("tzset", 0, |_| {
        sys::tzset();
        Ok(Value::UNSPECIFIED)
    }),
    native!("gmtime", 1, |e, time| {
        let time = fixnum(e, "gmtime", 1, time)?;
        match sys::break_down(time, false) {
            Ok(mut calendar) => {
                calendar.zone = "GMT".to_owned();
                Ok(to_vector(e, &calendar))
            }
            Err(error) => system_error(e, "gmtime", &error, None),
        }
    }),
    native!("localtime", 1, 1, false, |e, args| {
        let time = fixnum(e, "localtime", 1, args[0])?;
        let zone = zone(e, "localtime", args)?;
        match in_zone(zone, || sys::break_down(time, true)) {
            Ok(calendar) => Ok(to_vector(e, &calendar)),
            Err(error) => system_error(e, "localtime", &error, None),
        }
    }),
    native!("mktime", 1, 1, false, |e, args| {
        let calendar = from_vector(e, "mktime", 1, args[0])?;
        let zone = zone(e, "mktime", args)?;
        match in_zone(zone, || sys::make_time(&calendar)) {
            Ok((seconds, calendar)) => {
                let vector = to_vector(e, &calendar);
                Ok(e.heap.cons(Value::fixnum(seconds), vector))
            }
            Err(error) => system_error(e, "mktime", &error, None),
        }
    }),
    native!("strftime", 2, |e, format, time| {
        let format = string(e, "strftime", 1, format)?;
        let calendar = from_vector(e, "strftime", 2, time)?;
        Ok(e.heap.string(&sys::format_time(&format, &calendar)))
    }),
    native!("strptime", 2, |e, format, text| {
        let format = string(e, "strptime", 1, format)?;
        let text = string(e, "strptime", 2, text)?;
        match sys::parse_time(&format, &text) {
            Some((calendar, bytes)) => {
                let chars = text.get(..bytes).map_or(bytes, |read| read.chars().count());
                let vector = to_vector(e, &calendar);
                if let Some(slots) = e.heap.slots_mut(vector, Tag::Vector) {
                    slots[10] = Value::FALSE;
                }
                Ok(e.heap.cons(vector, Value::fixnum(chars as i64)))
            }
            None => {
                let error = std::io::Error::from_raw_os_error(libc::EINVAL);
                system_error(e, "strptime", &error, None)
            }
        }
    }),
];

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Units since the program first asked.
fn elapsed() -> i64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as i64
}

/// The time zone that is the second argument.
fn zone(engine: &mut Engine, subr: &str, args: &[Value]) -> Result<Option<String>> {
    match optional(args, 1) {
        Some(zone) => Ok(Some(string(engine, subr, 2, zone)?)),
        None => Ok(None),
    }
}

/// Calls `f` with the environment's time zone set to `zone`.
fn in_zone<T>(zone: Option<String>, f: impl FnOnce() -> T) -> T {
    let Some(zone) = zone else {
        sys::tzset();
        return f();
    };
    let old = std::env::var("TZ").ok();
    sys::set_environment("TZ", Some(&zone));
    sys::tzset();
    let result = f();
    sys::set_environment("TZ", old.as_deref());
    sys::tzset();
    result
}

fn to_vector(engine: &mut Engine, calendar: &Calendar) -> Value {
    let mut fields: Vec<Value> = calendar.fields.map(|n| Value::fixnum(n.into())).to_vec();
    fields.push(Value::fixnum(calendar.west));
    fields.push(engine.heap.string(&calendar.zone));
    engine.heap.vector(&fields)
}

fn from_vector(engine: &mut Engine, subr: &str, position: usize, value: Value) -> Result<Calendar> {
    let slots = engine.heap.slots(value, Tag::Vector).filter(|slots| slots.len() == 11);
    let Some(slots) = slots.map(<[Value]>::to_vec) else {
        return wanting(engine, subr, position, "broken-down time", value);
    };
    let mut calendar = Calendar::default();
    for (field, slot) in calendar.fields.iter_mut().zip(&slots) {
        *field = fixnum(engine, subr, position, *slot)? as i32;
    }
    calendar.west = slots[9].as_fixnum().unwrap_or(0);
    calendar.zone = engine.heap.as_string(slots[10]).map(ToString::to_string).unwrap_or_default();
    Ok(calendar)
}

/// Sleeps, but not beyond the arrival of a signal that has a handler; gives what is left, in units of so many
/// microseconds.
fn sleep(engine: &mut Engine, time: Duration, unit: u128) -> Result {
    let start = std::time::Instant::now();
    let left = || time.saturating_sub(start.elapsed());
    while !left().is_zero() && !sys::signals_wait() {
        std::thread::sleep(left().min(Duration::from_millis(10)));
    }
    let left = left().as_micros().div_ceil(unit) as i64;
    super::processes::handling_signals(engine, Value::fixnum(left))
}
