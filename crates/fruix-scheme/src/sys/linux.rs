// SPDX-License-Identifier: GPL-3.0-or-later
//! GNU libc's allocator, told how the engine uses memory.

/// Bytes by which the heap grows at once.
const GROWTH: libc::c_int = 8 << 20;

/// All threads allocate in one place, which grows in large steps and does not shrink: what an engine has needed it
/// needs again. (A thread's own place grows page by page, a system call each time.)
pub fn tune_allocator() {
    // SAFETY: these set parameters of the allocator; they can fail but do no harm.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_TOP_PAD, GROWTH);
        libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
        libc::mallopt(libc::M_MMAP_THRESHOLD, 64 << 20);
    }
}
