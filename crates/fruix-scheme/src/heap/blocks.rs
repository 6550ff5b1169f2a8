// SPDX-License-Identifier: GPL-3.0-or-later
//! Where cells come from: aligned blocks cut into cells of one size, and single allocations for
//! what is too large for them.
//!
//! A block holds either pairs (no header; a mark bitmap stands at the block's start) or objects of
//! one size class (marks are in the objects' headers).

use super::object::{Header, Tag, drop_body};
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};

/// Size and alignment of a block in bytes.
const BLOCK: usize = 64 * 1024;
/// Bytes at a pair block's start that hold its mark bitmap: one bit for each 16 bytes of the block.
const BITMAP: usize = BLOCK / 16 / 8;
/// Cells grow in steps of this many bytes, which is also their alignment.
pub(super) const GRANULE: usize = 16;
/// Largest object in bytes, header included, that comes from a block.
const SMALL_MAX: usize = 512;
const CLASSES: usize = SMALL_MAX / GRANULE + 1;

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
    block
}

/// A singly linked list of free cells; the link is a free cell's second word, so that an object
/// cell's header stays readable (its tag says [`Tag::Free`]).
struct FreeList(*mut u8);

impl FreeList {
    #[inline(always)]
    fn pop(&mut self) -> Option<*mut u8> {
        if self.0.is_null() {
            return None;
        }
        let cell = self.0;
        // SAFETY: every cell on the list is at least two words, ours, and holds a link.
        self.0 = unsafe { cell.cast::<*mut u8>().add(1).read() };
        Some(cell)
    }

    /// # Safety
    /// `cell` is an unused cell of at least two words of a block of this heap.
    #[inline(always)]
    unsafe fn push(&mut self, cell: *mut u8) {
        // SAFETY: by this function's contract.
        unsafe { cell.cast::<*mut u8>().add(1).write(self.0) };
        self.0 = cell;
    }
}

/// All memory that cells live in.
pub(super) struct Blocks {
    pair_blocks: Vec<*mut u8>,
    free_pairs: FreeList,
    object_blocks: [Vec<*mut u8>; CLASSES],
    free_objects: [FreeList; CLASSES],
    large: Vec<(*mut Header, usize)>,
}

impl Blocks {
    pub(super) fn new() -> Blocks {
        Blocks {
            pair_blocks: Vec::new(),
            free_pairs: FreeList(std::ptr::null_mut()),
            object_blocks: std::array::from_fn(|_| Vec::new()),
            free_objects: std::array::from_fn(|_| FreeList(std::ptr::null_mut())),
            large: Vec::new(),
        }
    }

    /// An uninitialised pair cell.
    #[inline(always)]
    pub(super) fn pair(&mut self) -> *mut u8 {
        match self.free_pairs.pop() {
            Some(cell) => cell,
            None => self.pair_slow(),
        }
    }

    #[cold]
    fn pair_slow(&mut self) -> *mut u8 {
        let block = new_block();
        self.pair_blocks.push(block);
        // SAFETY: the bitmap and all cells lie within the fresh block.
        unsafe {
            block.write_bytes(0, BITMAP);
            for offset in (BITMAP..BLOCK).step_by(GRANULE).rev() {
                self.free_pairs.push(block.add(offset));
            }
        }
        self.free_pairs.pop().expect("a fresh block has free cells")
    }

    /// An uninitialised cell for an object of `size` bytes, header included.
    #[inline(always)]
    pub(super) fn object(&mut self, size: usize) -> *mut u8 {
        if size > SMALL_MAX {
            return self.large_object(size);
        }
        let class = size.div_ceil(GRANULE);
        match self.free_objects[class].pop() {
            Some(cell) => cell,
            None => self.object_slow(class),
        }
    }

    #[cold]
    fn object_slow(&mut self, class: usize) -> *mut u8 {
        let block = new_block();
        self.object_blocks[class].push(block);
        let size = class * GRANULE;
        for i in (0..BLOCK / size).rev() {
            // SAFETY: cell `i` lies within the fresh block.
            unsafe {
                let cell = block.add(i * size);
                cell.cast::<Header>().write(Header::new(Tag::Free, 0));
                self.free_objects[class].push(cell);
            }
        }
        self.free_objects[class].pop().expect("a fresh block has free cells")
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

    /// Frees every cell that the last marking did not reach and clears the marks of the others.
    /// Returns the bytes that stay in use.
    pub(super) fn sweep(&mut self) -> usize {
        let mut live = self.sweep_pairs();
        for class in 1..CLASSES {
            live += self.sweep_class(class);
        }
        self.large.retain(|&(header, size)| {
            // SAFETY: `header` starts a live allocation of ours; dead bodies are dropped once.
            unsafe {
                if (*header).take_mark() {
                    live += size;
                    return true;
                }
                drop_body(header);
                dealloc(header.cast(), large_layout(size));
                false
            }
        });
        live
    }

    fn sweep_pairs(&mut self) -> usize {
        let mut live = 0;
        self.free_pairs = FreeList(std::ptr::null_mut());
        for &block in &self.pair_blocks {
            for offset in (BITMAP..BLOCK).step_by(GRANULE).rev() {
                // SAFETY: bitmap byte and cell lie within this block.
                unsafe {
                    let index = offset / GRANULE;
                    if *block.add(index / 8) >> (index % 8) & 1 == 1 {
                        live += GRANULE;
                    } else {
                        self.free_pairs.push(block.add(offset));
                    }
                }
            }
            // SAFETY: the bitmap lies at the block's start.
            unsafe { block.write_bytes(0, BITMAP) };
        }
        live
    }

    fn sweep_class(&mut self, class: usize) -> usize {
        let size = class * GRANULE;
        let mut live = 0;
        let mut free = FreeList(std::ptr::null_mut());
        for &block in &self.object_blocks[class] {
            for i in (0..BLOCK / size).rev() {
                // SAFETY: cell `i` lies within the block and its header is always initialised.
                unsafe {
                    let cell = block.add(i * size);
                    let header = cell.cast::<Header>();
                    if (*header).take_mark() {
                        live += size;
                        continue;
                    }
                    if (*header).tag() != Tag::Free {
                        drop_body(header);
                        header.write(Header::new(Tag::Free, 0));
                    }
                    free.push(cell);
                }
            }
        }
        self.free_objects[class] = free;
        live
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        // With no marks set, a sweep drops every body.
        self.sweep();
        for block in self.pair_blocks.iter().chain(self.object_blocks.iter().flatten()) {
            // SAFETY: each block came from `new_block` and is freed once.
            unsafe { dealloc(*block, block_layout()) };
        }
    }
}

/// Sets the mark of the pair at `address`; says whether it was unset.
///
/// # Safety
/// `address` is that of a live pair cell.
#[inline(always)]
pub(super) unsafe fn mark_pair(address: usize) -> bool {
    let block = std::ptr::with_exposed_provenance_mut::<u8>(address & !(BLOCK - 1));
    let index = (address & (BLOCK - 1)) / GRANULE;
    // SAFETY: the bitmap of the pair's block lies at the block's start.
    unsafe {
        let byte = block.add(index / 8);
        let bit = 1 << (index % 8);
        let unset = *byte & bit == 0;
        *byte |= bit;
        unset
    }
}

/// Whether the pair at `address` is marked.
///
/// # Safety
/// `address` is that of a pair cell of this heap.
#[inline(always)]
pub(super) unsafe fn pair_is_marked(address: usize) -> bool {
    let block = std::ptr::with_exposed_provenance::<u8>(address & !(BLOCK - 1));
    let index = (address & (BLOCK - 1)) / GRANULE;
    // SAFETY: as in `mark_pair`.
    unsafe { *block.add(index / 8) >> (index % 8) & 1 == 1 }
}
