// SPDX-License-Identifier: GPL-3.0-or-later
//! The system call filter against set-user-ID and set-group-ID bits.
//!
//! Calls that give a file its mode answer `EPERM` when the mode has one of those bits; calls that
//! could do the same out of the filter's sight (`openat2` keeps the mode in memory, io_uring queues
//! requests) answer `ENOSYS`, for which programs have fall-backs. All architectures that the kernel
//! can run beside its own are covered; any other is refused entirely.

use super::ops::Instruction;

const LOAD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
const JUMP_IF_EQUAL: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const JUMP_IF_BITS: u16 = 0x45; // BPF_JMP | BPF_JSET | BPF_K
const RETURN: u16 = 0x06; // BPF_RET | BPF_K

const ALLOW: u32 = 0x7fff_0000; // SECCOMP_RET_ALLOW
const ERRNO: u32 = 0x0005_0000; // SECCOMP_RET_ERRNO
const SETUID_OR_SETGID: u32 = 0o6000;
const O_CREAT: u32 = 0o100;
const O_TMPFILE: u32 = 0o20000000;

// Offsets in struct seccomp_data; arguments are 64 bits wide and both machines little-endian.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const fn argument(n: u32) -> u32 {
    16 + 8 * n
}

/// What to look at in a call.
#[derive(Clone, Copy)]
enum Rule {
    /// Argument N is a mode.
    Mode(u32),
    /// Argument N is a mode if argument N-1 holds flags that create a file.
    ModeIfCreating(u32),
    /// Not available at all.
    Absent,
}
use Rule::{Absent, Mode, ModeIfCreating};

/// `AUDIT_ARCH_*` of an architecture and its calls' numbers.
type Architecture = (u32, &'static [(u32, Rule)]);

const FCHMODAT2: (u32, Rule) = (452, Mode(2));
const OPENAT2: (u32, Rule) = (437, Absent);
const IO_URING_SETUP: (u32, Rule) = (425, Absent);

/// chmod, fchmod, fchmodat, fchmodat2; open, creat, openat, openat2; mknod, mknodat; io_uring_setup.
const X86_64: Architecture = (
    0xc000_003e,
    &[
        (90, Mode(1)),
        (91, Mode(1)),
        (268, Mode(2)),
        FCHMODAT2,
        (2, ModeIfCreating(2)),
        (85, Mode(1)),
        (257, ModeIfCreating(3)),
        OPENAT2,
        (133, Mode(1)),
        (259, Mode(2)),
        IO_URING_SETUP,
    ],
);
const I386: Architecture = (
    0x4000_0003,
    &[
        (15, Mode(1)),
        (94, Mode(1)),
        (306, Mode(2)),
        FCHMODAT2,
        (5, ModeIfCreating(2)),
        (8, Mode(1)),
        (295, ModeIfCreating(3)),
        OPENAT2,
        (14, Mode(1)),
        (297, Mode(2)),
        IO_URING_SETUP,
    ],
);
const AARCH64: Architecture = (
    0xc000_00b7,
    &[
        (52, Mode(1)),
        (53, Mode(2)),
        FCHMODAT2,
        (56, ModeIfCreating(3)),
        OPENAT2,
        (33, Mode(2)),
        IO_URING_SETUP,
    ],
);
const ARM: Architecture = (
    0x4000_0028,
    &[
        (15, Mode(1)),
        (94, Mode(1)),
        (333, Mode(2)),
        FCHMODAT2,
        (5, ModeIfCreating(2)),
        (8, Mode(1)),
        (322, ModeIfCreating(3)),
        OPENAT2,
        (14, Mode(1)),
        (324, Mode(2)),
        IO_URING_SETUP,
    ],
);

/// On x86_64 this bit in a call's number means the x32 ABI, under the same architecture.
const X32_BIT: u32 = 0x4000_0000;

fn instruction(code: u16, value: u32) -> Instruction {
    Instruction { code, on_true: 0, on_false: 0, value }
}

/// Jump over the next SKIP instructions unless the condition holds.
fn unless(code: u16, value: u32, skip: u8) -> Instruction {
    Instruction { code, on_true: 0, on_false: skip, value }
}

fn deny(errno: i32) -> Instruction {
    instruction(RETURN, ERRNO | errno as u32)
}

/// The instructions for one call, entered and left with the call's number loaded.
fn rule_program(number: u32, rule: Rule) -> Vec<Instruction> {
    let bits = |n| {
        vec![
            instruction(LOAD, argument(n)),
            unless(JUMP_IF_BITS, SETUID_OR_SETGID, 1),
            deny(libc::EPERM),
            instruction(RETURN, ALLOW),
        ]
    };
    let body = match rule {
        Absent => vec![deny(libc::ENOSYS)],
        Mode(n) => bits(n),
        ModeIfCreating(n) => {
            let mut body = vec![
                instruction(LOAD, argument(n - 1)),
                Instruction {
                    code: JUMP_IF_BITS,
                    on_true: 1,
                    on_false: 0,
                    value: O_CREAT | O_TMPFILE,
                },
                instruction(RETURN, ALLOW),
            ];
            body.extend(bits(n));
            body
        }
    };
    let mut program = vec![unless(JUMP_IF_EQUAL, number, body.len() as u8)];
    program.extend(body);
    program
}

/// The filter for the machine that this program was compiled for.
pub(crate) fn filter() -> Vec<Instruction> {
    let architectures: [Architecture; 2] =
        if cfg!(target_arch = "aarch64") { [AARCH64, ARM] } else { [X86_64, I386] };
    let mut program = Vec::new();
    for (id, calls) in architectures {
        let mut body = vec![instruction(LOAD, NUMBER)];
        if id == X86_64.0 {
            body.push(unless(JUMP_IF_BITS, X32_BIT, 1));
            body.push(deny(libc::ENOSYS));
        }
        body.extend(calls.iter().flat_map(|(number, rule)| rule_program(*number, *rule)));
        body.push(instruction(RETURN, ALLOW));
        program.push(instruction(LOAD, ARCHITECTURE));
        program.push(unless(JUMP_IF_EQUAL, id, body.len() as u8));
        program.extend(body);
    }
    program.push(deny(libc::ENOSYS));
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel would answer: the filter's return value for one call.
    fn interpret(program: &[Instruction], arch: u32, number: u32, args: [u64; 4]) -> u32 {
        let load = |offset: u32| match offset {
            NUMBER => number,
            ARCHITECTURE => arch,
            _ => args[(offset as usize - 16) / 8] as u32,
        };
        let (mut pc, mut acc) = (0, 0);
        loop {
            let i = program[pc];
            pc += 1;
            let jump = |yes| usize::from(if yes { i.on_true } else { i.on_false });
            match i.code {
                LOAD => acc = load(i.value),
                JUMP_IF_EQUAL => pc += jump(acc == i.value),
                JUMP_IF_BITS => pc += jump(acc & i.value != 0),
                _ => return i.value,
            }
        }
    }

    #[test]
    fn modes_with_the_bits_are_refused_and_others_are_not() {
        let filter = filter();
        let eperm = ERRNO | libc::EPERM as u32;
        for (arch, calls) in
            if cfg!(target_arch = "aarch64") { [AARCH64, ARM] } else { [X86_64, I386] }
        {
            for (number, rule) in calls {
                for (mode, bad) in [(0o755, false), (0o4755, true), (0o2755, true), (0o1777, false)]
                {
                    let mut args = [0; 4];
                    let answer = |args| interpret(&filter, arch, *number, args);
                    match rule {
                        Absent => assert_eq!(answer(args), ERRNO | libc::ENOSYS as u32),
                        Mode(n) => {
                            args[*n as usize] = mode;
                            assert_eq!(
                                answer(args),
                                if bad { eperm } else { ALLOW },
                                "{arch:x} {number}"
                            );
                        }
                        ModeIfCreating(n) => {
                            args[*n as usize] = mode;
                            assert_eq!(answer(args), ALLOW, "{arch:x} {number}");
                            args[*n as usize - 1] = u64::from(O_CREAT);
                            assert_eq!(
                                answer(args),
                                if bad { eperm } else { ALLOW },
                                "{arch:x} {number}"
                            );
                        }
                    }
                }
            }
            assert_eq!(interpret(&filter, arch, 9999, [0; 4]), ALLOW);
        }
        assert_eq!(interpret(&filter, 0x8000_0016, 15, [0; 4]), ERRNO | libc::ENOSYS as u32);
    }
}
