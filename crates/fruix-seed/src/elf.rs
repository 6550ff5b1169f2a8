// SPDX-License-Identifier: GPL-3.0-or-later
//! Reading and rewriting ELF programs and libraries.
//!
//! Relocation changes three things in a file: its interpreter, its run path, and, in places, a path
//! that code or data points to. None of the new strings fits where the old one was. So all of them go
//! into one new read-only segment at the end of the file, and what referred to the old string is made
//! to refer to the new one:
//!
//! * `PT_INTERP` is moved into the segment;
//! * the whole dynamic string table is copied there with the run path appended, so that every index
//!   into it stays valid, and `DT_STRTAB`, `DT_STRSZ` and `DT_RUNPATH` follow;
//! * a *retarget* finds the old NUL-terminated string and rewrites each reference to it: `lea
//!   disp32(%rip)` in code, relative relocations (RELA and RELR) in data, and, in programs that are linked for a fixed
//!   address, immediate operands and plain words.
//!
//! The new segment's program header takes the place of a note's (notes are advisory: nothing at run time
//! needs them on x86-64), so neither the program header table nor any code or data moves.

use std::collections::BTreeMap;

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const PT_NOTE: u32 = 4;
const PT_GNU_PROPERTY: u32 = 0x6474_e553;
const PF_X: u32 = 1;
const PF_R: u32 = 4;

const DT_NULL: u64 = 0;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_RELA: u64 = 7;
const DT_RELASZ: u64 = 8;
const DT_STRSZ: u64 = 10;
const DT_SONAME: u64 = 14;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;
const DT_RELRSZ: u64 = 35;
const DT_RELR: u64 = 36;
/// Only an optimisation hint to the dynamic linker, so its slot may be reused.
const DT_RELACOUNT: u64 = 0x6fff_fff9;

const ET_EXEC: u16 = 2;
const EM_X86_64: u16 = 62;
const R_X86_64_RELATIVE: u64 = 8;
const PAGE: u64 = 0x1000;
const HEADER_SIZE: usize = 56;

/// What can be wrong with an ELF file, or with what was asked of it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ElfError {
    /// Not a 64-bit little-endian ELF file.
    #[error("not a 64-bit little-endian ELF file")]
    Kind,
    /// A header or table points outside the file.
    #[error("ELF {what} lies outside the file (offset {offset:#x}, length {length:#x})")]
    Bounds {
        /// Which part.
        what: &'static str,
        /// Where it would begin.
        offset: u64,
        /// How long it would be.
        length: u64,
    },
    /// The program header table has no entry to give to the new segment.
    #[error("no program header that could be given to a new segment")]
    NoSpareHeader,
    /// The dynamic section has no room for another entry.
    #[error("no room in the dynamic section for a run path")]
    NoSpareDynamic,
    /// A string to retarget is not in the file.
    #[error("the string {0:?} to retarget is not in the file")]
    StringMissing(String),
    /// A string to retarget is there, but nothing that we can rewrite refers to it.
    #[error("nothing refers to the string {0:?} in a way that can be rewritten")]
    Unreferenced(String),
    /// Parts of the file overlap, so that it cannot say what was asked for.
    #[error("parts of the ELF file overlap")]
    Overlap,
    /// Retargeting needs knowledge of the machine's code.
    #[error("retargeting strings is not known for ELF machine {0}")]
    Machine(u16),
}

type Result<T> = std::result::Result<T, ElfError>;

/// What a file says of itself to the dynamic linker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Info {
    /// The program interpreter (`PT_INTERP`).
    pub interpreter: Option<String>,
    /// Libraries needed (`DT_NEEDED`), in order.
    pub needed: Vec<String>,
    /// The library's own name (`DT_SONAME`).
    pub soname: Option<String>,
    /// `DT_RUNPATH`, or else `DT_RPATH`.
    pub run_path: Option<String>,
    /// Whether there is a dynamic section at all.
    pub dynamic: bool,
}

/// What to change in a file.
#[derive(Debug, Clone, Default)]
pub struct Edit<'a> {
    /// New interpreter, for files that have one.
    pub interpreter: Option<&'a str>,
    /// New run path, for files with a dynamic section.
    pub run_path: Option<&'a str>,
    /// Strings whose references shall lead to another string: (old, new).
    pub retargets: &'a [(String, String)],
}

/// Whether `bytes` begin like an ELF file.
pub fn is_elf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF")
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    file_size: u64,
    memory_size: u64,
}

struct Elf {
    bytes: Vec<u8>,
    headers_at: usize,
    segments: Vec<Segment>,
    machine: u16,
    /// Linked for a fixed address (`ET_EXEC`).
    fixed: bool,
}

fn slice<'a>(bytes: &'a [u8], offset: u64, length: u64, what: &'static str) -> Result<&'a [u8]> {
    let out = ElfError::Bounds { what, offset, length };
    let (Ok(start), Ok(count)) = (usize::try_from(offset), usize::try_from(length)) else {
        return Err(out);
    };
    let end = start.checked_add(count);
    end.and_then(|end| bytes.get(start..end)).ok_or(out)
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N]> {
    slice(bytes, at as u64, N as u64, "field")?.try_into().map_err(|_| ElfError::Kind)
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16> {
    number(bytes, at).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32> {
    number(bytes, at).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Result<u64> {
    number(bytes, at).map(u64::from_le_bytes)
}

impl Elf {
    fn parse(bytes: Vec<u8>) -> Result<Elf> {
        if !is_elf(&bytes) || bytes.get(4..6) != Some(&[2, 1]) {
            return Err(ElfError::Kind);
        }
        let headers_at = u64_at(&bytes, 32)? as usize;
        let entry_size = u16_at(&bytes, 54)? as usize;
        let count = u16_at(&bytes, 56)? as usize;
        if count > 0 && entry_size != HEADER_SIZE {
            return Err(ElfError::Kind);
        }
        slice(&bytes, headers_at as u64, (count * HEADER_SIZE) as u64, "program header table")?;
        let mut segments = Vec::with_capacity(count);
        for index in 0..count {
            let at = headers_at + index * HEADER_SIZE;
            segments.push(Segment {
                kind: u32_at(&bytes, at)?,
                flags: u32_at(&bytes, at + 4)?,
                offset: u64_at(&bytes, at + 8)?,
                address: u64_at(&bytes, at + 16)?,
                file_size: u64_at(&bytes, at + 32)?,
                memory_size: u64_at(&bytes, at + 40)?,
            });
        }
        for segment in segments.iter().filter(|segment| segment.kind == PT_LOAD) {
            slice(&bytes, segment.offset, segment.file_size, "segment")?;
            let size = segment.memory_size.max(segment.file_size);
            segment.address.checked_add(size).ok_or(ElfError::Kind)?;
        }
        let machine = u16_at(&bytes, 18)?;
        let fixed = u16_at(&bytes, 16)? == ET_EXEC;
        Ok(Elf { bytes, headers_at, segments, machine, fixed })
    }

    fn loads(&self) -> impl Iterator<Item = &Segment> {
        self.segments.iter().filter(|segment| segment.kind == PT_LOAD)
    }

    /// The file offset of an address that a segment maps from the file.
    fn offset_of(&self, address: u64) -> Option<u64> {
        self.loads()
            .find(|s| address >= s.address && address - s.address < s.file_size)
            .map(|s| s.offset + (address - s.address))
    }

    fn dynamic(&self) -> Option<&Segment> {
        self.segments.iter().find(|s| s.kind == PT_DYNAMIC && s.file_size > 0)
    }

    /// Entries of the dynamic section, as (file offset, tag, value), up to and without the end mark.
    fn entries(&self) -> Result<Vec<(usize, u64, u64)>> {
        let Some(segment) = self.dynamic() else { return Ok(Vec::new()) };
        slice(&self.bytes, segment.offset, segment.file_size, "dynamic section")?;
        let mut entries = Vec::new();
        for index in 0..(segment.file_size as usize / 16) {
            let at = segment.offset as usize + index * 16;
            let tag = u64_at(&self.bytes, at)?;
            if tag == DT_NULL {
                break;
            }
            entries.push((at, tag, u64_at(&self.bytes, at + 8)?));
        }
        Ok(entries)
    }

    fn value(&self, tag: u64) -> Result<Option<u64>> {
        Ok(self.entries()?.iter().find(|entry| entry.1 == tag).map(|entry| entry.2))
    }

    /// The dynamic string table.
    fn strings(&self) -> Result<&[u8]> {
        let missing = ElfError::Bounds { what: "dynamic string table", offset: 0, length: 0 };
        let (Some(address), Some(size)) = (self.value(DT_STRTAB)?, self.value(DT_STRSZ)?) else {
            return Err(missing);
        };
        let offset = self.offset_of(address).ok_or(missing)?;
        slice(&self.bytes, offset, size, "dynamic string table")
    }

    fn info(&self) -> Result<Info> {
        let mut info = Info { dynamic: self.dynamic().is_some(), ..Info::default() };
        if let Some(segment) = self.segments.iter().find(|s| s.kind == PT_INTERP) {
            let text = slice(&self.bytes, segment.offset, segment.file_size, "interpreter")?;
            info.interpreter = Some(text_at(text, 0)?);
        }
        if !info.dynamic || self.value(DT_STRTAB)?.is_none() {
            return Ok(info);
        }
        let table = self.strings()?;
        let mut old_path = None;
        for (_, tag, value) in self.entries()? {
            match tag {
                DT_NEEDED => info.needed.push(text_at(table, value)?),
                DT_SONAME => info.soname = Some(text_at(table, value)?),
                DT_RUNPATH => info.run_path = Some(text_at(table, value)?),
                DT_RPATH => old_path = Some(text_at(table, value)?),
                _ => (),
            }
        }
        info.run_path = info.run_path.or(old_path);
        Ok(info)
    }

    fn put(&mut self, at: usize, value: &[u8]) -> Result<()> {
        slice(&self.bytes, at as u64, value.len() as u64, "field")?;
        self.bytes[at..at + value.len()].copy_from_slice(value);
        Ok(())
    }

    fn put_segment(&mut self, index: usize) -> Result<()> {
        let segment = self.segments[index];
        let at = self.headers_at + index * HEADER_SIZE;
        self.put(at, &segment.kind.to_le_bytes())?;
        self.put(at + 4, &segment.flags.to_le_bytes())?;
        for (field, value) in [
            (8, segment.offset),
            (16, segment.address),
            (24, segment.address),
            (32, segment.file_size),
            (40, segment.memory_size),
        ] {
            self.put(at + field, &value.to_le_bytes())?;
        }
        Ok(())
    }
}

fn text_at(table: &[u8], index: u64) -> Result<String> {
    let rest = usize::try_from(index).ok().and_then(|index| table.get(index..));
    let rest = rest.ok_or(ElfError::Bounds { what: "string", offset: index, length: 1 })?;
    let end = rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len());
    Ok(String::from_utf8_lossy(&rest[..end]).into_owned())
}

/// Read what `bytes`, an ELF file, says to the dynamic linker.
pub fn inspect(bytes: &[u8]) -> Result<Info> {
    Elf::parse(bytes.to_vec())?.info()
}

/// Rewrite an ELF file as `edit` says. A file that has no interpreter, no dynamic section and nothing
/// to retarget comes back as it was.
pub fn rewrite(bytes: Vec<u8>, edit: &Edit<'_>) -> Result<Vec<u8>> {
    let elf = Elf::parse(bytes)?;
    let before = elf.info()?;
    let interpreter = edit.interpreter.filter(|_| before.interpreter.is_some());
    let has_strings = before.dynamic && elf.value(DT_STRTAB)?.is_some();
    let run_path = edit.run_path.filter(|_| has_strings);
    if interpreter.is_none() && run_path.is_none() && edit.retargets.is_empty() {
        return Ok(elf.bytes);
    }
    let elf = Elf::parse(extend(elf, interpreter, run_path, edit.retargets)?)?;
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let wanted = Info {
        interpreter: owned(interpreter).or(before.interpreter),
        run_path: owned(run_path).or(before.run_path),
        ..before
    };
    // In a file whose parts overlap, one change undoes another.
    if elf.info()? == wanted { Ok(elf.bytes) } else { Err(ElfError::Overlap) }
}

/// The bytes of `elf` with a new segment, and what refers to it.
fn extend(
    mut elf: Elf,
    interpreter: Option<&str>,
    run_path: Option<&str>,
    retargets: &[(String, String)],
) -> Result<Vec<u8>> {
    let interpreter_index = elf.segments.iter().position(|s| s.kind == PT_INTERP);
    let end = elf.loads().map(|s| s.address + s.memory_size).max().unwrap_or(0);
    let base = end.checked_next_multiple_of(PAGE).ok_or(ElfError::Kind)?;
    // What is added is small beside this, so that no sum below overflows.
    base.checked_add(u64::from(u32::MAX)).ok_or(ElfError::Kind)?;
    let mut blob = Vec::new();
    let mut add = |text: &[u8]| {
        let address = base + blob.len() as u64;
        blob.extend_from_slice(text);
        blob.push(0);
        address
    };

    let mut moved = BTreeMap::new();
    let new_interpreter = interpreter.map(|text| (add(text.as_bytes()), text.len() as u64 + 1));
    for (old, new) in retargets {
        moved.insert(old.as_str(), add(new.as_bytes()));
    }
    let mut table = Vec::new();
    let mut old_table = None;
    if let Some(text) = run_path {
        table = elf.strings()?.to_vec();
        old_table = elf.value(DT_STRTAB)?.and_then(|address| elf.offset_of(address));
        let index = table.len() as u64;
        table.extend_from_slice(text.as_bytes());
        table.push(0);
        let address = add(&table);
        set_run_path(&mut elf, address, table.len() as u64, index)?;
    }
    for (old, address) in moved {
        retarget(&mut elf, old, address)?;
    }

    let offset = (elf.bytes.len() as u64).next_multiple_of(PAGE);
    if let (Some(index), Some((address, size))) = (interpreter_index, new_interpreter) {
        let old_offset = elf.segments[index].offset;
        let segment = &mut elf.segments[index];
        segment.offset = offset + (address - base);
        segment.address = address;
        segment.file_size = size;
        segment.memory_size = size;
        elf.put_segment(index)?;
        move_section(&mut elf, old_offset, offset + (address - base), address, size)?;
    }
    if let Some(old) = old_table {
        // The table is the last thing in the segment but for the closing NUL.
        let address = base + (blob.len() - table.len() - 1) as u64;
        let place = offset + (address - base);
        move_section(&mut elf, old, place, address, table.len() as u64)?;
    }
    add_segment(&mut elf, offset, base, blob.len() as u64)?;
    elf.bytes.resize(offset as usize, 0);
    elf.bytes.extend_from_slice(&blob);
    Ok(elf.bytes)
}

/// Point the dynamic section at the new string table, and its run path at `index` in there.
fn set_run_path(elf: &mut Elf, table: u64, size: u64, index: u64) -> Result<()> {
    let entries = elf.entries()?;
    let mut run_path_at = None;
    for &(at, tag, _) in &entries {
        match tag {
            DT_STRTAB => elf.put(at + 8, &table.to_le_bytes())?,
            DT_STRSZ => elf.put(at + 8, &size.to_le_bytes())?,
            DT_RPATH | DT_RUNPATH => run_path_at = Some(at),
            _ => (),
        }
    }
    let segment = *elf.dynamic().ok_or(ElfError::NoSpareDynamic)?;
    let capacity = segment.file_size as usize / 16;
    let at = match run_path_at {
        Some(at) => at,
        // One end mark must remain after the new entry.
        None if entries.len() + 1 < capacity => segment.offset as usize + entries.len() * 16,
        None => {
            let hint = entries.iter().find(|entry| entry.1 == DT_RELACOUNT);
            hint.ok_or(ElfError::NoSpareDynamic)?.0
        }
    };
    elf.put(at, &DT_RUNPATH.to_le_bytes())?;
    elf.put(at + 8, &index.to_le_bytes())
}

/// Give the section header of what was at `old_offset` its new place, so that linkers and `readelf`,
/// which go by sections, see what the dynamic linker sees.
fn move_section(
    elf: &mut Elf,
    old_offset: u64,
    offset: u64,
    address: u64,
    size: u64,
) -> Result<()> {
    const ENTRY: usize = 64;
    const NOBITS: u32 = 8;
    let table = u64_at(&elf.bytes, 40)? as usize;
    let count = u16_at(&elf.bytes, 60)? as usize;
    if table == 0 || u16_at(&elf.bytes, 58)? as usize != ENTRY {
        return Ok(());
    }
    slice(&elf.bytes, table as u64, (count * ENTRY) as u64, "section header table")?;
    for index in 0..count {
        let at = table + index * ENTRY;
        let kind = u32_at(&elf.bytes, at + 4)?;
        if kind != 0 && kind != NOBITS && u64_at(&elf.bytes, at + 24)? == old_offset {
            elf.put(at + 16, &address.to_le_bytes())?;
            elf.put(at + 24, &offset.to_le_bytes())?;
            elf.put(at + 32, &size.to_le_bytes())?;
            return Ok(());
        }
    }
    Ok(())
}

/// Map the new segment, in the slot of a note. Loadable segments must stay sorted by address, so the
/// entries between the slot and the last of them move up or down by one.
fn add_segment(elf: &mut Elf, offset: u64, address: u64, size: u64) -> Result<()> {
    let spare = |kind| elf.segments.iter().position(|segment| segment.kind == kind);
    let slot = spare(PT_GNU_PROPERTY).or_else(|| spare(PT_NOTE)).ok_or(ElfError::NoSpareHeader)?;
    let spare = elf.segments.remove(slot);
    let last = elf.segments.iter().rposition(|segment| segment.kind == PT_LOAD);
    let place = last.map_or(0, |last| last + 1);
    let segment =
        Segment { kind: PT_LOAD, flags: PF_R, offset, address, file_size: size, memory_size: size };
    debug_assert!(spare.kind != PT_LOAD);
    // Alignment is the one field that `Segment` leaves out: carry the raw entries along.
    let mut raw: Vec<[u8; HEADER_SIZE]> = Vec::new();
    for index in 0..=elf.segments.len() {
        raw.push(number(&elf.bytes, elf.headers_at + index * HEADER_SIZE)?);
    }
    raw.remove(slot);
    let mut entry = [0; HEADER_SIZE];
    entry[48..56].copy_from_slice(&PAGE.to_le_bytes());
    raw.insert(place, entry);
    elf.segments.insert(place, segment);
    for (index, entry) in raw.iter().enumerate() {
        elf.put(elf.headers_at + index * HEADER_SIZE, entry)?;
    }
    elf.put_segment(place)
}

/// Make every reference to the string `old` lead to address `new`.
fn retarget(elf: &mut Elf, old: &str, new: u64) -> Result<()> {
    if elf.machine != EM_X86_64 {
        return Err(ElfError::Machine(elf.machine));
    }
    let addresses = find_string(elf, old)?;
    if addresses.is_empty() {
        return Err(ElfError::StringMissing(old.to_owned()));
    }
    let mut count = 0;
    for address in addresses {
        count += retarget_code(elf, address, new)?;
        count += retarget_relocations(elf, address, new)?;
        if elf.fixed {
            count += retarget_absolute(elf, address, new)?;
        }
    }
    if count == 0 {
        return Err(ElfError::Unreferenced(old.to_owned()));
    }
    Ok(())
}

/// Addresses at which `text` and a NUL lie in read-only or data segments. A string may be the tail of
/// another one (linkers merge them): references to the longer string keep their address.
fn find_string(elf: &Elf, text: &str) -> Result<Vec<u64>> {
    let mut needle = text.as_bytes().to_vec();
    needle.push(0);
    let mut addresses = Vec::new();
    for segment in elf.loads().filter(|segment| segment.flags & PF_X == 0) {
        let content = slice(&elf.bytes, segment.offset, segment.file_size, "segment")?;
        for at in find_all(content, &needle) {
            addresses.push(segment.address + at as u64);
        }
    }
    Ok(addresses)
}

fn find_all<'a>(content: &'a [u8], needle: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let first = needle.first().copied().unwrap_or(0);
    (0..content.len()).filter(move |&at| content[at] == first && content[at..].starts_with(needle))
}

/// Rewrite `lea disp32(%rip), %reg` (REX.W 8D /r with mod 00, rm 101).
fn retarget_code(elf: &mut Elf, old: u64, new: u64) -> Result<usize> {
    let mut edits = Vec::new();
    for segment in elf.loads().filter(|segment| segment.flags & PF_X != 0) {
        let code = slice(&elf.bytes, segment.offset, segment.file_size, "segment")?;
        for (at, window) in code.windows(7).enumerate() {
            if window[0] & 0xf8 != 0x48 || window[1] != 0x8d || window[2] & 0xc7 != 0x05 {
                continue;
            }
            let next = segment.address.wrapping_add(at as u64 + 7);
            let displacement = i32::from_le_bytes([window[3], window[4], window[5], window[6]]);
            if next.wrapping_add_signed(i64::from(displacement)) == old {
                let target = i32::try_from(new.wrapping_sub(next) as i64);
                let target = target.map_err(|_| ElfError::Kind)?;
                edits.push((segment.offset as usize + at + 3, target.to_le_bytes()));
            }
        }
    }
    for (at, value) in &edits {
        elf.put(*at, value)?;
    }
    Ok(edits.len())
}

/// Rewrite the plain addresses that a program for a fixed place has: 32-bit immediate operands in code (`mov $x, %r32`,
/// `push $x`, `movq $x, …` with its sign-extended operand), aligned words in data.
fn retarget_absolute(elf: &mut Elf, old: u64, new: u64) -> Result<usize> {
    let narrow =
        |value: u64| i32::try_from(value).map(i32::to_le_bytes).map_err(|_| ElfError::Kind);
    let (old_operand, new_operand) = (narrow(old)?, narrow(new)?);
    let mut code_edits = Vec::new();
    let mut data_edits = Vec::new();
    for segment in elf.loads() {
        let content = slice(&elf.bytes, segment.offset, segment.file_size, "segment")?;
        let start = segment.offset as usize;
        if segment.flags & PF_X != 0 {
            let places =
                find_all(content, &old_operand).filter(|&at| takes_operand(&content[..at]));
            code_edits.extend(places.map(|at| start + at));
        } else {
            let word = old.to_le_bytes();
            let aligned = |at: &usize| (segment.address + *at as u64).is_multiple_of(8);
            data_edits.extend(find_all(content, &word).filter(aligned).map(|at| start + at));
        }
    }
    for &at in &code_edits {
        elf.put(at, &new_operand)?;
    }
    for &at in &data_edits {
        elf.put(at, &new.to_le_bytes())?;
    }
    Ok(code_edits.len() + data_edits.len())
}

/// Whether `code` ends with an instruction that still lacks its 32-bit immediate operand.
fn takes_operand(code: &[u8]) -> bool {
    match code {
        [.., 0xb8..=0xbf] | [.., 0x68] => true,
        // C7 /0: to a register, to memory behind a register, or with an 8-bit displacement.
        [.., 0xc7, 0xc0..=0xc7] | [.., 0xc7, 0x00..=0x07] | [.., 0xc7, 0x40..=0x47, _] => true,
        // C7 /0 with a SIB byte, without and with an 8-bit displacement; and relative to the next instruction.
        [.., 0xc7, 0x04, _] | [.., 0xc7, 0x44, _, _] | [.., 0xc7, 0x05, _, _, _, _] => true,
        _ => false,
    }
}

/// Rewrite pointers in data that the dynamic linker relocates by the load address alone.
fn retarget_relocations(elf: &mut Elf, old: u64, new: u64) -> Result<usize> {
    let mut edits = Vec::new();
    if let (Some(address), Some(size)) = (elf.value(DT_RELA)?, elf.value(DT_RELASZ)?) {
        let start = elf.offset_of(address).ok_or(ElfError::Kind)?;
        slice(&elf.bytes, start, size, "relocations")?;
        for index in 0..(size as usize / 24) {
            let at = start as usize + index * 24;
            let relative = u64_at(&elf.bytes, at + 8)? == R_X86_64_RELATIVE;
            if relative && u64_at(&elf.bytes, at + 16)? == old {
                edits.push(at + 16);
            }
        }
    }
    for address in packed_relocations(elf)? {
        let Some(at) = elf.offset_of(address) else { continue };
        if u64_at(&elf.bytes, at as usize)? == old {
            edits.push(at as usize);
        }
    }
    for &at in &edits {
        elf.put(at, &new.to_le_bytes())?;
    }
    Ok(edits.len())
}

/// The places that the packed (RELR) table relocates: an even word is an address, an odd word a bitmap
/// of the 63 words that follow the last place.
fn packed_relocations(elf: &Elf) -> Result<Vec<u64>> {
    let (Some(address), Some(size)) = (elf.value(DT_RELR)?, elf.value(DT_RELRSZ)?) else {
        return Ok(Vec::new());
    };
    let start = elf.offset_of(address).ok_or(ElfError::Kind)?;
    slice(&elf.bytes, start, size, "packed relocations")?;
    let mut places = Vec::new();
    let mut next: u64 = 0;
    for index in 0..(size as usize / 8) {
        let word = u64_at(&elf.bytes, start as usize + index * 8)?;
        if word & 1 == 0 {
            places.push(word);
            next = word.wrapping_add(8);
            continue;
        }
        for bit in 0..63 {
            if word >> (bit + 1) & 1 == 1 {
                places.push(next.wrapping_add(bit * 8));
            }
        }
        next = next.wrapping_add(63 * 8);
    }
    Ok(places)
}

#[cfg(test)]
#[path = "../tests/fuzz/program.rs"]
mod program;

#[cfg(test)]
mod tests {
    use super::program::program;
    use super::*;

    fn edited(retargets: &[(String, String)]) -> Result<Vec<u8>> {
        let edit = Edit { interpreter: Some("/store/ld"), run_path: Some("/store/lib"), retargets };
        rewrite(program(), &edit)
    }

    #[test]
    fn interpreter_and_run_path_are_what_was_asked_for() {
        let before = inspect(&program()).unwrap();
        assert_eq!((before.interpreter.as_deref(), before.run_path), (Some("/ld"), None));
        let info = inspect(&edited(&[]).unwrap()).unwrap();
        assert_eq!(info.interpreter.as_deref(), Some("/store/ld"));
        assert_eq!(info.run_path.as_deref(), Some("/store/lib"));
        assert_eq!(info.needed, ["libc.so"]);
    }

    #[test]
    fn every_reference_leads_to_the_new_string() {
        let bytes = edited(&[("old".into(), "a much longer one".into())]).unwrap();
        let elf = Elf::parse(bytes).unwrap();
        let text = |address: u64| text_at(&elf.bytes, elf.offset_of(address).unwrap()).unwrap();
        let displacement = u32_at(&elf.bytes, 0x303).unwrap();
        assert_eq!(
            text(0x1307u64.wrapping_add_signed(i64::from(displacement as i32))),
            "a much longer one"
        );
        assert_eq!(text(u64::from(u32_at(&elf.bytes, 0x311).unwrap())), "a much longer one");
        assert_eq!(text(u64_at(&elf.bytes, 0x228).unwrap()), "a much longer one");
        let addresses: Vec<u64> = elf.loads().map(|segment| segment.address).collect();
        assert!(addresses.is_sorted());
    }

    #[test]
    fn says_what_cannot_be_done() {
        let missing = edited(&[("nowhere".into(), "x".into())]);
        assert_eq!(missing.unwrap_err(), ElfError::StringMissing("nowhere".into()));
        let unreferenced = edited(&[("libc.so".into(), "x".into())]);
        assert_eq!(unreferenced.unwrap_err(), ElfError::Unreferenced("libc.so".into()));
        assert_eq!(inspect(b"\x7fELF").unwrap_err(), ElfError::Kind);
    }

    proptest::proptest! {
        #[test]
        fn damaged_files_give_errors(at in 0usize..0x300, value: u8, cut in 0usize..0x400) {
            let mut bytes = program();
            bytes[at] = value;
            bytes.truncate(cut.max(1));
            let _ = inspect(&bytes);
            let retargets = [("old".to_owned(), "new".to_owned())];
            let edit = Edit { interpreter: Some("/x"), run_path: Some("/y"), retargets: &retargets };
            let _ = rewrite(bytes, &edit);
        }
    }
}
