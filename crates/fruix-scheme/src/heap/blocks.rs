// SPDX-License-Identifier: GPL-3.0-or-later
//! Where cells come from: aligned blocks cut into cells of one size, and single allocations for
//! what is too large for them.
//!
//! A block starts with its mark bitmap: one bit for each 16 bytes. After a marking, a cell whose bit is
//! unset is free; blocks are searched for runs of free cells one by one as cells are needed (so
//! memory is touched once, by the program itself). Cells whose bodies have to be dropped live in
//! blocks of their own, which are swept before they are searched.

use super::object::{Header, Tag, drop_body};
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};

/// Size and alignment of a block in bytes.
const BLOCK: usize = 64 * 1024;
/// Bytes at a block's start that hold its mark bitmap: one bit for each 16 bytes of the block.
const BITMAP: usize = BLOCK / GRANULE / 8;
/// Cells grow in steps of this many bytes, which is also their alignment.
pub(super) const GRANULE: usize = 16;
/// Largest object in bytes, header included, that comes from a block. Under AddressSanitizer
/// (`tests/asan`) each object is an allocation of its own, so that it sees what is done with dead ones.
const SMALL_MAX: usize = if cfg!(fruix_asan) { 0 } else { 512 };
const CLASSES: usize = 512 / GRANULE + 1;

fn block_layout() -> Layout {
    Layout::from_size_align(BLOCK, BLOCK).expect("a constant, valid layout")
}

fn large_layout(size: usize) -> Layout {
    Layout::from_size_align(size, GRANULE).expect("object sizes are bounded by their header")
}

fn new_block() -> *mut u8 {
    // SAFETY: the layout's size is not zero.
    let block = unsafe { alloc(block_layout()) };
    if block.is_null() {
        handle_alloc_error(block_layout());
    }
    block.expose_provenance();
    // SAFETY: the bitmap lies at the block's start.
    unsafe { block.write_bytes(0, BITMAP) };
    block
}

/// What tells AddressSanitizer which cells of the pairs' blocks are free.
#[cfg(fruix_asan)]
mod asan {
    unsafe extern "C" {
        fn __asan_poison_memory_region(start: *const u8, size: usize);
        fn __asan_unpoison_memory_region(start: *const u8, size: usize);
    }

    /// Nothing may touch these bytes from now on.
    pub fn poison(start: *const u8, size: usize) {
        // SAFETY: a note in the sanitizer's shadow memory; the bytes are not touched.
        unsafe { __asan_poison_memory_region(start, size) };
    }

    /// These bytes are in use again.
    pub fn unpoison(start: *const u8, size: usize) {
        // SAFETY: as in `poison`.
        unsafe { __asan_unpoison_memory_region(start, size) };
    }
}

#[cfg(not(fruix_asan))]
mod asan {
    #[inline(always)]
    pub fn poison(_start: *const u8, _size: usize) {}
    #[inline(always)]
    pub fn unpoison(_start: *const u8, _size: usize) {}
}

/// The blocks of one cell size.
struct Space {
    /// Where the run of free cells that is in use goes on.
    cursor: *mut u8,
    /// Where it ends.
    end: *mut u8,
    blocks: Vec<*mut u8>,
    /// Blocks before this one have been searched since the last marking.
    next: usize,
    /// Where the search in the block before `next` goes on, as an offset.
    offset: usize,
    /// Bytes of a cell.
    size: usize,
    /// Whether bodies have to be dropped.
    drops: bool,
}

impl Space {
    fn new(size: usize, drops: bool) -> Space {
        let null = std::ptr::null_mut();
        Space { cursor: null, end: null, blocks: Vec::new(), next: 0, offset: BLOCK, size, drops }
    }

    /// An unused cell of `size` bytes, the space's.
    #[inline(always)]
    fn cell(&mut self, size: usize) -> *mut u8 {
        let cell = self.cursor;
        if cell == self.end {
            return self.cell_slow();
        }
        self.cursor = cell.wrapping_add(size);
        asan::unpoison(cell, size);
        cell
    }

    #[cold]
    fn cell_slow(&mut self) -> *mut u8 {
        while !self.next_run() {}
        let cell = self.cursor;
        self.cursor = cell.wrapping_add(self.size);
        asan::unpoison(cell, self.size);
        cell
    }

    /// The offset behind a block's last cell.
    fn limit(&self) -> usize {
        BITMAP + (BLOCK - BITMAP) / self.size * self.size
    }

    /// Goes on to another run of free cells; says whether it found one in what it looked at.
    fn next_run(&mut self) -> bool {
        let limit = self.limit();
        if self.offset < limit {
            let block = self.blocks[self.next - 1];
            // SAFETY: the offsets are those of cells of the block.
            unsafe {
                let mut start = self.offset;
                while start < limit && is_set(block, start) {
                    start += self.size;
                }
                let mut end = start;
                while end < limit && !is_set(block, end) {
                    end += self.size;
                }
                self.offset = end;
                self.cursor = block.add(start);
                self.end = block.add(end);
            }
            return self.cursor != self.end;
        }
        if self.next < self.blocks.len() {
            if self.drops {
                self.sweep_block(self.blocks[self.next]);
            }
            self.next += 1;
            self.offset = BITMAP;
            return false;
        }
        let block = new_block();
        if self.drops {
            for offset in (BITMAP..limit).step_by(self.size) {
                // SAFETY: each cell lies within the fresh block.
                unsafe { block.add(offset).cast::<Header>().write(Header::new(Tag::Free, 0)) };
            }
        }
        asan::poison(block.wrapping_add(BITMAP), limit - BITMAP);
        self.blocks.push(block);
        self.next = self.blocks.len();
        self.offset = limit;
        // SAFETY: offsets within the block.
        unsafe {
            self.cursor = block.add(BITMAP);
            self.end = block.add(limit);
        }
        true
    }

    /// Drops the bodies of the block's dead objects.
    fn sweep_block(&self, block: *mut u8) {
        for offset in (BITMAP..self.limit()).step_by(self.size) {
            // SAFETY: the cells of such blocks always have a header; dead bodies are dropped once.
            unsafe {
                let header = block.add(offset).cast::<Header>();
                if !is_set(block, offset) && (*header).tag() != Tag::Free {
                    drop_body(header);
                    header.write(Header::new(Tag::Free, 0));
                }
            }
        }
    }

    /// Prepares for a marking: drops what the last one found dead, unsets all marks.
    fn before_marking(&mut self) {
        self.finish_sweep();
        for &block in &self.blocks {
            // SAFETY: the bitmap lies at the block's start.
            unsafe { block.write_bytes(0, BITMAP) };
        }
    }

    fn finish_sweep(&mut self) {
        if self.drops {
            for &block in &self.blocks[self.next..] {
                self.sweep_block(block);
            }
            self.next = self.blocks.len();
        }
    }

    /// Starts to search from the first block.
    fn after_marking(&mut self) {
        self.cursor = std::ptr::null_mut();
        self.end = std::ptr::null_mut();
        self.next = 0;
        self.offset = BLOCK;
        if cfg!(fruix_asan) {
            self.poison_free_cells();
        }
    }

    /// Lets AddressSanitizer complain when something touches a cell that the marking did not reach.
    fn poison_free_cells(&self) {
        for &block in &self.blocks {
            for offset in (BITMAP..self.limit()).step_by(self.size) {
                // SAFETY: the offsets are those of cells of the block.
                if !unsafe { is_set(block, offset) } {
                    asan::poison(block.wrapping_add(offset), self.size);
                }
            }
        }
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        if self.drops {
            self.finish_sweep();
            for &block in &self.blocks {
                // SAFETY: as in `before_marking`; with no mark set all bodies are dropped.
                unsafe { block.write_bytes(0, BITMAP) };
                self.sweep_block(block);
            }
        }
        for &block in &self.blocks {
            asan::unpoison(block, BLOCK);
            // SAFETY: each block came from `new_block` and is freed once.
            unsafe { dealloc(block, block_layout()) };
        }
    }
}

/// Whether the mark of the cell at `offset` is set.
///
/// # Safety
/// `block` is a block, `offset` within it.
#[inline(always)]
unsafe fn is_set(block: *mut u8, offset: usize) -> bool {
    let index = offset / GRANULE;
    // SAFETY: the bitmap lies at the block's start.
    unsafe { *block.add(index / 8) >> (index % 8) & 1 == 1 }
}

/// All memory that cells live in.
pub(super) struct Blocks {
    pairs: Space,
    /// Objects whose bodies need not be dropped, by size in granules.
    plain: [Space; CLASSES],
    /// The others.
    dropped: [Space; CLASSES],
    large: Vec<(*mut Header, usize)>,
}

impl Blocks {
    pub(super) fn new() -> Blocks {
        Blocks {
            pairs: Space::new(GRANULE, false),
            plain: std::array::from_fn(|class| Space::new(class * GRANULE, false)),
            dropped: std::array::from_fn(|class| Space::new(class * GRANULE, true)),
            large: Vec::new(),
        }
    }

    /// An uninitialised pair cell.
    #[inline(always)]
    pub(super) fn pair(&mut self) -> *mut u8 {
        self.pairs.cell(GRANULE)
    }

    /// An uninitialised cell for an object of `size` bytes, header included; says whether it is a
    /// large one.
    #[inline(always)]
    pub(super) fn object(&mut self, size: usize, drops: bool) -> (*mut u8, bool) {
        if size > SMALL_MAX {
            return (self.large_object(size), true);
        }
        let class = size.div_ceil(GRANULE);
        let space = if drops { &mut self.dropped[class] } else { &mut self.plain[class] };
        (space.cell(class * GRANULE), false)
    }

    #[cold]
    fn large_object(&mut self, size: usize) -> *mut u8 {
        // SAFETY: `size` is not zero.
        let cell = unsafe { alloc(large_layout(size)) };
        if cell.is_null() {
            handle_alloc_error(large_layout(size));
        }
        cell.expose_provenance();
        self.large.push((cell.cast(), size));
        cell
    }

    fn spaces(&mut self) -> impl Iterator<Item = &mut Space> {
        let small = self.plain[1..].iter_mut().chain(&mut self.dropped[1..]);
        std::iter::once(&mut self.pairs).chain(small)
    }

    /// Prepares for a marking.
    pub(super) fn before_marking(&mut self) {
        self.spaces().for_each(Space::before_marking);
    }

    /// Makes every cell that the marking did not reach free, at once or by and by.
    pub(super) fn after_marking(&mut self) {
        self.spaces().for_each(Space::after_marking);
        self.large.retain(|&(header, size)| {
            // SAFETY: `header` starts a live allocation of ours; dead bodies are dropped once.
            unsafe {
                if (*header).take_mark() {
                    return true;
                }
                drop_body(header);
                dealloc(header.cast(), large_layout(size));
                false
            }
        });
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        for &(header, size) in &self.large {
            // SAFETY: as in `after_marking`.
            unsafe {
                drop_body(header);
                dealloc(header.cast(), large_layout(size));
            }
        }
    }
}

/// The bitmap byte and the bit in it of the cell at `address`.
#[inline(always)]
fn mark_of(address: usize) -> (*mut u8, u8) {
    let block = std::ptr::with_exposed_provenance_mut::<u8>(address & !(BLOCK - 1));
    let index = (address & (BLOCK - 1)) / GRANULE;
    (block.wrapping_add(index / 8), 1 << (index % 8))
}

/// Sets the mark of the cell at `address`; says whether it was unset.
///
/// # Safety
/// `address` is that of a live cell of a block.
#[inline(always)]
pub(super) unsafe fn mark_cell(address: usize) -> bool {
    let (byte, bit) = mark_of(address);
    // SAFETY: the bitmap of the cell's block lies at the block's start.
    unsafe {
        let unset = *byte & bit == 0;
        *byte |= bit;
        unset
    }
}

/// Whether the cell at `address` is marked.
///
/// # Safety
/// `address` is that of a cell of a block.
#[inline(always)]
pub(super) unsafe fn cell_is_marked(address: usize) -> bool {
    let (byte, bit) = mark_of(address);
    // SAFETY: as in `mark_cell`.
    unsafe { *byte & bit != 0 }
}
