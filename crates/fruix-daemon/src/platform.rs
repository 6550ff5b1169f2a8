// SPDX-License-Identifier: GPL-3.0-or-later
//! Which systems this machine can build for (`canBuildLocally` in `nix/libstore/build.cc`).

use fruix_sandbox::Personality;

/// The system type of this program, as Guix writes it: `x86_64-linux`, `aarch64-freebsd`, ….
pub const fn native_system() -> &'static str {
    // Guix calls 32-bit ARM after its ABI, and POWER in the GNU way.
    macro_rules! systems {
        ($($arch:literal, $os:literal => $name:literal;)*) => {
            $(if cfg!(all(target_arch = $arch, target_os = $os)) { return $name; })*
        };
    }
    systems! {
        "x86_64", "linux" => "x86_64-linux";
        "aarch64", "linux" => "aarch64-linux";
        "x86", "linux" => "i686-linux";
        "arm", "linux" => "armhf-linux";
        "powerpc64", "linux" => "powerpc64le-linux";
        "riscv64", "linux" => "riscv64-linux";
        "x86_64", "freebsd" => "x86_64-freebsd";
        "aarch64", "freebsd" => "aarch64-freebsd";
    }
    "unknown-unknown"
}

/// Whether programs for SYSTEM run on a machine of type NATIVE without emulation.
pub fn supported(system: &str, native: &str) -> bool {
    system == native || is_32_bit_variant(system, native)
}

/// Whether it is worth trying, because the machine may have an emulator registered for such programs:
/// the same kernel, whatever the processor.
pub(crate) fn same_kernel(system: &str, native: &str) -> bool {
    let kernel = |system: &str| system.split_once('-').map(|(_, kernel)| kernel.to_owned());
    kernel(system) == kernel(native)
}

/// How the kernel presents itself to builds for SYSTEM.
pub(crate) fn personality(system: &str, native: &str) -> Personality {
    Personality { linux32: is_32_bit_variant(system, native), ..Personality::default() }
}

fn is_32_bit_variant(system: &str, native: &str) -> bool {
    matches!((system, native), ("i686-linux", "x86_64-linux") | ("armhf-linux", "aarch64-linux"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems() {
        assert!(supported("x86_64-linux", "x86_64-linux"));
        assert!(supported("i686-linux", "x86_64-linux"));
        assert!(!supported("x86_64-linux", "i686-linux"));
        assert!(!supported("aarch64-linux", "x86_64-linux"));
        assert!(same_kernel("aarch64-linux", "x86_64-linux"));
        assert!(!same_kernel("i586-gnu", "x86_64-linux"));
        assert!(personality("armhf-linux", "aarch64-linux").linux32);
    }
}
