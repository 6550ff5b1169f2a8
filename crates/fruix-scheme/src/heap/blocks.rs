// SPDX-License-Identifier: GPL-3.0-or-later
//! Where cells come from: aligned blocks cut into cells of one size, and single allocations for
//! what is too large for them.
//!
//! A block starts with two bitmaps of one bit for each 16 bytes: marks, and which marked cells have been changed
//! since (*dirty* ones). After a marking, a cell whose mark is
//! unset is free; blocks are searched for runs of free cells one by one as cells are needed (so
//! memory is touched once, by the program itself). Cells whose bodies have to be dropped live in
//! blocks of their own, which are swept before they are searched.
//!
//! Blocks stand in a ring. A marking makes all of them worth a search, which goes on where the last one ended:
//! so what a young collection leaves in one place is followed by the search of another.

use super::object::{Header, Tag, drop_body};
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};

/// Size and alignment of a block in bytes.
const BLOCK: usize = 64 * 1024;
/// Bytes of each of the bitmaps at a block's start: one bit for each 16 bytes of the block.
const BITMAP: usize = BLOCK / GRANULE / 8;
/// Where a block's cells begin.
const CELLS: usize = 2 * BITMAP;
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
    // SAFETY: the bitmaps lie at the block's start.
    unsafe { block.write_bytes(0, CELLS) };
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
    /// The block to search next.
    next: usize,
    /// How many blocks from there on have not been searched since the last marking.
    left: usize,
    /// The block that is being searched, and the offset where its search goes on.
    current: *mut u8,
    offset: usize,
    /// Bytes of a cell.
    size: usize,
    /// Whether bodies have to be dropped.
    drops: bool,
}

impl Space {
    fn new(size: usize, drops: bool) -> Space {
        let null = std::ptr::null_mut();
        let blocks = Vec::new();
        let (cursor, end, current) = (null, null, null);
        Space { cursor, end, blocks, next: 0, left: 0, current, offset: BLOCK, size, drops }
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
        CELLS + (BLOCK - CELLS) / self.size * self.size
    }

    /// Goes on to another run of free cells; says whether it found one in what it looked at.
    fn next_run(&mut self) -> bool {
        if self.offset < self.limit() {
            let (start, end) = self.free_run(self.offset);
            self.offset = end;
            self.cursor = self.current.wrapping_add(start);
            self.end = self.current.wrapping_add(end);
            return start != end;
        }
        if self.left > 0 {
            self.current = self.blocks[self.next];
            self.next = (self.next + 1) % self.blocks.len();
            self.left -= 1;
            if self.drops {
                self.sweep_block(self.current);
            }
            self.offset = if self.is_crowded(self.current) { BLOCK } else { CELLS };
            return false;
        }
        self.add_block();
        true
    }

    /// The first run of free cells of the current block from `offset` on: start and end, both the limit if there is
    /// none.
    fn free_run(&self, offset: usize) -> (usize, usize) {
        let (block, limit) = (self.current, self.limit());
        // SAFETY: the offsets are those of cells of the block.
        unsafe {
            if self.size == GRANULE {
                let start = next_bit(block, offset, limit, false);
                return (start, next_bit(block, start, limit, true));
            }
            let mut start = offset;
            while start < limit && is_set(block, start) {
                start += self.size;
            }
            let mut end = start;
            while end < limit && !is_set(block, end) {
                end += self.size;
            }
            (start, end)
        }
    }

    /// Whether too few cells of the block are free for a search to pay.
    fn is_crowded(&self, block: *mut u8) -> bool {
        let words = block.cast::<u64>();
        // SAFETY: the marks lie at the block's start, which is aligned.
        let live: u32 = (0..BITMAP / 8).map(|i| unsafe { (*words.add(i)).count_ones() }).sum();
        live as usize * 8 > (BLOCK - CELLS) / self.size * 7
    }

    fn add_block(&mut self) {
        let (block, limit) = (new_block(), self.limit());
        if self.drops {
            for offset in (CELLS..limit).step_by(self.size) {
                // SAFETY: each cell lies within the fresh block.
                unsafe { block.add(offset).cast::<Header>().write(Header::new(Tag::Free, 0)) };
            }
        }
        asan::poison(block.wrapping_add(CELLS), limit - CELLS);
        self.blocks.push(block);
        self.current = block;
        self.offset = BLOCK;
        self.cursor = block.wrapping_add(CELLS);
        self.end = block.wrapping_add(limit);
    }

    /// Drops the bodies of the block's dead objects.
    fn sweep_block(&self, block: *mut u8) {
        for offset in (CELLS..self.limit()).step_by(self.size) {
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

    /// Drops what the last marking found dead, and unsets all marks.
    fn unmark(&mut self) {
        if self.drops {
            for i in 0..self.left {
                self.sweep_block(self.blocks[(self.next + i) % self.blocks.len()]);
            }
        }
        for &block in &self.blocks {
            // SAFETY: the marks lie at the block's start.
            unsafe { block.write_bytes(0, BITMAP) };
        }
    }

    /// Starts to search anew.
    fn after_marking(&mut self) {
        self.cursor = std::ptr::null_mut();
        self.end = std::ptr::null_mut();
        self.left = self.blocks.len();
        self.offset = BLOCK;
        if cfg!(fruix_asan) {
            self.poison_free_cells();
        }
    }

    /// Lets AddressSanitizer complain when something touches a cell that the marking did not reach.
    fn poison_free_cells(&self) {
        for &block in &self.blocks {
            for offset in (CELLS..self.limit()).step_by(self.size) {
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
            for &block in &self.blocks {
                // SAFETY: as in `unmark`; with no mark set all bodies are dropped.
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

/// The offset of the first cell from `offset` on, before `limit`, whose mark is as wanted; else `limit`. For cells of
/// one granule.
///
/// # Safety
/// `block` is a block, `offset` and `limit` within it.
unsafe fn next_bit(block: *mut u8, offset: usize, limit: usize, wanted: bool) -> usize {
    let (mut index, last) = (offset / GRANULE, limit / GRANULE);
    while index < last {
        // SAFETY: the marks lie at the block's start, which is aligned.
        let word = unsafe { *block.cast::<u64>().add(index / 64) };
        // Little-endian or not, bytes are what other code looks at.
        let word = u64::from_le(word);
        let word = (if wanted { word } else { !word }) >> (index % 64);
        if word != 0 {
            index += word.trailing_zeros() as usize;
            return index.min(last) * GRANULE;
        }
        index = (index / 64 + 1) * 64;
    }
    limit
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

    /// Unsets all marks.
    pub(super) fn unmark(&mut self) {
        self.spaces().for_each(Space::unmark);
        for &(header, _) in &self.large {
            // SAFETY: `header` starts a live allocation of ours.
            unsafe { (*header).unset_mark() };
        }
    }

    /// Makes every cell that the marking did not reach free, at once or by and by.
    pub(super) fn after_marking(&mut self) {
        self.spaces().for_each(Space::after_marking);
        self.large.retain(|&(header, size)| {
            // SAFETY: `header` starts a live allocation of ours; dead bodies are dropped once.
            unsafe {
                if (*header).is_marked() {
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

/// If the cell at `address` is marked, notes that it is dirty; says whether that is new.
///
/// # Safety
/// `address` is that of a live cell of a block.
#[inline(always)]
pub(super) unsafe fn set_dirty(address: usize) -> bool {
    let (byte, bit) = mark_of(address);
    // SAFETY: the bitmaps of the cell's block lie at the block's start, one behind the other.
    unsafe {
        let dirty = byte.add(BITMAP);
        let first = *byte & !*dirty & bit != 0;
        if first {
            *dirty |= bit;
        }
        first
    }
}

/// Forgets that the cell at `address` is dirty.
///
/// # Safety
/// `address` is that of a live cell of a block.
pub(super) unsafe fn unset_dirty(address: usize) {
    let (byte, bit) = mark_of(address);
    // SAFETY: as in `set_dirty`.
    unsafe { *byte.add(BITMAP) &= !bit };
}
