// SPDX-License-Identifier: GPL-3.0-or-later
//! Instructions: one 64-bit word each, `op:8 | a:16 | b:16 | c:24`.
//!
//! `a`, `b` and (in its low 16 bits) `c` are registers of the current frame unless said otherwise;
//! `k` is an index into the code's constants, `off` a signed distance in instructions from the next one.
//! Some instructions are followed by data words.

macro_rules! ops {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What an instruction does.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Op { $($(#[$doc])* $name,)* }

        impl Op {
            /// All operations, by number.
            pub const ALL: &'static [Op] = &[$(Op::$name,)*];
        }
    };
}

ops! {
    /// a ← b
    Mov,
    /// a ← constant k(c)
    Const,
    /// a ← the immediate value in the 40 bits above a
    Imm,
    /// a ← free variable c of the running closure
    Free,
    /// a ← content of the box in free variable c
    FreeBox,
    /// a ← new box of b
    MakeBox,
    /// a ← content of box b
    BoxRef,
    /// a ← content of box b; unbound is an error about the name k(c)
    BoxRefChecked,
    /// content of box a ← b
    BoxSet,
    /// a ← new closure of code k(c) with b free variables; data words: 4 sources each, 16 bits,
    /// the high bit marking a free variable of the running closure, 0 one that is set later
    MakeClosure,
    /// free variable c of closure a ← b
    ClosureSet,
    /// a ← global k(c)
    GlobalRef,
    /// global k(c) ← a
    GlobalSet,
    /// defines global k(c) as a
    Define,
    /// go on at off(c)
    Jump,
    /// go on at off(c), backwards: a place for interrupts
    JumpBack,
    /// if a is false
    JumpFalse,
    /// if a is true
    JumpTrue,
    /// if a is null
    JumpNull,
    /// unless a is null
    JumpNotNull,
    /// if a is a pair
    JumpPair,
    /// unless a is a pair
    JumpNotPair,
    /// if a is an object whose tag is b
    JumpTag,
    /// unless a is an object whose tag is b
    JumpNotTag,
    /// if a eq? b
    JumpEq,
    /// unless a eq? b
    JumpNotEq,
    /// if a eq? constant k(b)
    JumpEqConst,
    /// unless a eq? constant k(b)
    JumpNotEqConst,
    /// if a eqv? b
    JumpEqv,
    /// unless a eqv? b
    JumpNotEqv,
    /// if a = b
    JumpNumEq,
    /// unless a = b
    JumpNotNumEq,
    /// if a < b
    JumpLt,
    /// unless a < b
    JumpNotLt,
    /// if a <= b
    JumpLe,
    /// unless a <= b
    JumpNotLe,
    /// if a = the signed b
    JumpNumEqImm,
    /// unless a = the signed b
    JumpNotNumEqImm,
    /// if a < the signed b
    JumpLtImm,
    /// unless a < the signed b
    JumpNotLtImm,
    /// if a > the signed b
    JumpGtImm,
    /// unless a > the signed b
    JumpNotGtImm,
    /// if a is a character
    JumpChar,
    /// unless a is a character
    JumpNotChar,
    /// if the argument in a was given
    JumpGiven,
    /// a ← b + c
    Add,
    /// a ← b - c
    Sub,
    /// a ← b * c
    Mul,
    /// a ← b + the signed c
    AddImm,
    /// a ← b - the signed c
    SubImm,
    /// a ← (quotient b c)
    Quotient,
    /// a ← (remainder b c)
    Remainder,
    /// a ← (modulo b c)
    Modulo,
    /// a ← (logand b c)
    LogAnd,
    /// a ← (logior b c)
    LogIor,
    /// a ← (logxor b c)
    LogXor,
    /// a ← (ash b c)
    Ash,
    /// a ← (bytevector-u8-ref b c)
    ByteRef,
    /// a ← (bytevector-length b)
    ByteLength,
    /// a ← (car b)
    Car,
    /// a ← (cdr b)
    Cdr,
    /// (set-car! a b)
    SetCar,
    /// (set-cdr! a b)
    SetCdr,
    /// a ← (cons b c)
    Cons,
    /// a ← (vector-ref b c)
    VectorRef,
    /// a ← (vector-ref b c), c an immediate
    VectorRefImm,
    /// (vector-set! a b c)
    VectorSet,
    /// a ← (vector-length b)
    VectorLength,
    /// a ← (struct-ref b c), c an immediate
    StructRefImm,
    /// a ← (struct-vtable b)
    StructVtable,
    /// a ← (string-ref b c)
    StringRef,
    /// a ← (fluid-ref b)
    FluidRef,
    /// a ← (variable-ref b)
    VariableRef,
    /// calls the procedure in a+2 with the b arguments from a+3; c: how results are received
    Call,
    /// the same with global k(c) as procedure, one result
    CallGlobal,
    /// the same, any results
    CallGlobalEffect,
    /// calls the running closure itself with b arguments known to fit
    CallSelf,
    /// calls the procedure in a+2 in the frame's place
    TailCall,
    /// the same with global k(c)
    TailCallGlobal,
    /// calls the procedure in a+2 with b arguments the last of which is a list; c as in Call
    Spread,
    /// the same in tail position
    TailSpread,
    /// returns a
    Return,
    /// returns the b values from a
    ReturnValues,
    /// returns the values that were received
    ReturnMany,
    /// the values received are b values from a
    PutValues,
    /// takes the values received into b registers from a; c = 1: and the rest as a list
    TakeValues,
    /// calls the procedure in a with the values received, in tail position
    TailCallMany,
    /// a ← the values received, as a vector
    SaveValues,
    /// the values received ← vector a
    RestoreValues,
    /// the body number c is compiled now
    Late,
    /// a prompt with the tag, thunk, handler in a, a+1, a+2 starts
    PromptPush,
    /// the innermost entry of the dynamic stack ends
    DynPop,
    /// (dynamic-wind) from a, a+2 has been entered
    WindPush,
    /// fluid a is bound to b
    FluidPush,
    /// the dynamic state is a
    StatePush,
    /// aborts to the prompt with tag a and the list of values b
    Abort,
    /// calls a with the current continuation, in tail position
    CallCc,
    /// takes the next step of the unwinding plan in a
    Step,
    /// calls a with the arguments in list b, the last being a list, in tail position
    ApplyList,
    /// the run ends with the values received
    Halt,
    /// never reached: an error handler has returned
    Returned,
}

impl Op {
    /// The operation of an instruction.
    ///
    /// # Safety
    /// `word` is an instruction made by [`word`] or a relative.
    #[inline(always)]
    pub unsafe fn of(word: u64) -> Op {
        // SAFETY: the low byte was an `Op` when the instruction was made.
        unsafe { std::mem::transmute(word as u8) }
    }
}

/// How a call's results are received (the low bits of a frame's link).
pub const RECEIVE_ONE: u32 = 0;
/// Whatever they are, they are dropped.
pub const RECEIVE_NONE: u32 = 1;
/// A single value goes to the window's first register and the next instruction is executed; others go to
/// the machine's `values` and the next instruction is skipped.
pub const RECEIVE_MANY: u32 = 2;

/// An instruction.
pub fn word(op: Op, a: u16, b: u16, c: u32) -> u64 {
    debug_assert!(c < 1 << 24);
    op as u64 | u64::from(a) << 8 | u64::from(b) << 24 | u64::from(c) << 40
}

/// An instruction whose c is a signed number.
pub fn word_signed(op: Op, a: u16, b: u16, c: i32) -> u64 {
    debug_assert!((-(1 << 23)..1 << 23).contains(&c));
    word(op, a, b, c as u32 & 0xff_ffff)
}

/// Field a.
#[inline(always)]
pub fn a(word: u64) -> usize {
    (word >> 8) as u16 as usize
}

/// Field b.
#[inline(always)]
pub fn b(word: u64) -> usize {
    (word >> 24) as u16 as usize
}

/// Field b as a signed number.
#[inline(always)]
pub fn b_signed(word: u64) -> i64 {
    i64::from((word >> 24) as i16)
}

/// Field c.
#[inline(always)]
pub fn c(word: u64) -> usize {
    (word >> 40) as usize
}

/// Field c as a signed number.
#[inline(always)]
pub fn c_signed(word: u64) -> i64 {
    word as i64 >> 40
}
