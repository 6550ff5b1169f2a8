// SPDX-License-Identifier: GPL-3.0-or-later
//! How the machine dresses addresses as values, and looks into objects without checks.

use super::code::Code;
use crate::heap::{Header, Tag};
use crate::value::Value;

/// An instruction's address as a value.
#[inline(always)]
pub(super) fn return_address(pc: *const u64) -> Value {
    Value::from_bits((pc as u64) << 2 | 1)
}

/// The inverse of [`return_address`].
#[inline(always)]
pub(super) fn decode_address(value: Value) -> *const u64 {
    std::ptr::with_exposed_provenance((value.bits() >> 2) as usize)
}

/// A frame's distance in bytes to its caller's and how results are received, as a value.
#[inline(always)]
pub(super) fn link(distance: usize, receive: u32) -> Value {
    Value::from_bits((distance as u64) << 2 | u64::from(receive) << 2 | 1)
}

/// The inverse of [`link`].
#[inline(always)]
pub(super) fn decode_link(value: Value) -> (usize, u32) {
    let bits = value.bits() >> 2;
    ((bits & !7) as usize, (bits & 7) as u32)
}

/// The first slot of an object.
///
/// # Safety
/// `object` is an object of a slots tag.
#[inline(always)]
pub(super) unsafe fn slots(object: Value) -> *mut Value {
    std::ptr::with_exposed_provenance_mut::<Value>(object.address() + 8)
}

/// The code of a closure.
///
/// # Safety
/// `closure` is a closure.
#[inline(always)]
pub(super) unsafe fn code_of(closure: Value) -> *const Code {
    // SAFETY: a closure's first slot is its code object, whose body follows the header.
    unsafe { std::ptr::with_exposed_provenance::<Code>((*slots(closure)).address() + 8) }
}

/// Whether `value` is an object of kind `tag`.
///
/// # Safety
/// `value` is a live value.
#[inline(always)]
pub(super) unsafe fn has_tag(value: Value, tag: Tag) -> bool {
    // SAFETY: live objects start with a header.
    value.is_object()
        && unsafe { (*std::ptr::with_exposed_provenance::<Header>(value.address())).tag() == tag }
}

/// The double in a flonum.
///
/// # Safety
/// `value` is a live value.
#[inline(always)]
pub(super) unsafe fn flonum(value: Value) -> Option<f64> {
    // SAFETY: a flonum's body is its double.
    unsafe {
        if has_tag(value, Tag::Flonum) {
            Some(*std::ptr::with_exposed_provenance::<f64>(value.address() + 8))
        } else {
            None
        }
    }
}

#[inline(always)]
pub(super) unsafe fn slot_count(object: Value) -> usize {
    // SAFETY: by contract a live slots object.
    unsafe { (*std::ptr::with_exposed_provenance::<Header>(object.address())).len as usize }
}

/// The vector's slot at `index`, if these are a vector and an index into it.
#[inline(always)]
pub(super) unsafe fn vector_slot(vector: Value, index: Value) -> Option<*mut Value> {
    // SAFETY: the tag and the length are checked.
    unsafe {
        if !has_tag(vector, Tag::Vector) || !index.is_fixnum() {
            return None;
        }
        let index = index.bits() as i64 >> 2;
        if (index as u64) < slot_count(vector) as u64 {
            Some(slots(vector).add(index as usize))
        } else {
            None
        }
    }
}
