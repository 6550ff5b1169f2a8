// SPDX-License-Identifier: GPL-3.0-or-later
//! A small ELF program, to be rewritten.

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const PT_NOTE: u32 = 4;
const PF_X: u32 = 1;
const PF_R: u32 = 4;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_STRSZ: u64 = 10;
const ET_EXEC: u16 = 2;
const EM_X86_64: u16 = 62;
const HEADER_SIZE: usize = 56;

/// A program for a fixed address: headers, a note, code that refers to the string "old" in two ways, data that
/// points to it, and a dynamic section whose string table names one library.
pub fn program() -> Vec<u8> {
    let mut bytes = vec![0u8; 0x400];
    bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(16, &ET_EXEC.to_le_bytes());
    put(18, &EM_X86_64.to_le_bytes());
    put(32, &64u64.to_le_bytes());
    put(54, &56u16.to_le_bytes());
    put(56, &5u16.to_le_bytes());
    let segments: [(u32, u32, u64, u64); 5] = [
        (PT_INTERP, PF_R, 0x200, 4),
        (PT_LOAD, PF_R, 0x0, 0x300),
        (PT_LOAD, PF_R | PF_X, 0x300, 0x100),
        (PT_DYNAMIC, PF_R, 0x280, 0x60),
        (PT_NOTE, PF_R, 0x1f0, 0x10),
    ];
    for (index, (kind, flags, offset, size)) in segments.into_iter().enumerate() {
        let at = 64 + index * HEADER_SIZE;
        put(at, &kind.to_le_bytes());
        put(at + 4, &flags.to_le_bytes());
        for (field, value) in [(8, offset), (16, 0x1000 + offset), (32, size), (40, size)] {
            put(at + field, &value.to_le_bytes());
        }
    }
    put(0x200, b"/ld\0");
    put(0x210, b"\0libc.so\0");
    put(0x220, b"\0old\0");
    put(0x228, &0x1221u64.to_le_bytes());
    let entries = [(DT_NEEDED, 1u64), (DT_STRTAB, 0x1210), (DT_STRSZ, 9)];
    for (index, (tag, value)) in entries.into_iter().enumerate() {
        put(0x280 + index * 16, &tag.to_le_bytes());
        put(0x288 + index * 16, &value.to_le_bytes());
    }
    // lea old(%rip), %rdi; mov $old, %edi
    put(0x300, &[0x48, 0x8d, 0x3d]);
    put(0x303, &(0x1221 - 0x1307_i32).to_le_bytes());
    put(0x310, &[0xbf, 0x21, 0x12, 0, 0]);
    bytes
}
