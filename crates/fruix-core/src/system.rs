// SPDX-License-Identifier: GPL-3.0-or-later
//! System types: which machine a derivation is for.

use std::borrow::Cow;
use std::fmt;

/// A processor and a kernel, as Guix writes them: `x86_64-linux`, `aarch64-freebsd`, ….
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct System(Cow<'static, str>);

impl System {
    /// The system of this program.
    #[must_use]
    pub const fn native() -> Self {
        // Guix calls 32-bit ARM after its ABI, and POWER in the GNU way.
        macro_rules! systems {
            ($($arch:literal, $os:literal => $name:literal;)*) => {
                $(if cfg!(all(target_arch = $arch, target_os = $os)) {
                    return Self(Cow::Borrowed($name));
                })*
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
        Self(Cow::Borrowed("unknown-unknown"))
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the processor: `linux`, `freebsd`.
    #[must_use]
    pub fn kernel(&self) -> Option<&str> {
        self.0.split_once('-').map(|(_, kernel)| kernel)
    }

    /// Whether a machine of this type runs programs for OTHER without emulation.
    #[must_use]
    pub fn runs(&self, other: &System) -> bool {
        self == other || self.has_variant(other)
    }

    /// Whether OTHER is what the kernel of this machine can present itself as: its 32-bit variant.
    #[must_use]
    pub fn has_variant(&self, other: &System) -> bool {
        matches!(
            (other.as_str(), self.as_str()),
            ("i686-linux", "x86_64-linux") | ("armhf-linux", "aarch64-linux")
        )
    }
}

impl From<&str> for System {
    fn from(name: &str) -> Self {
        Self(Cow::Owned(name.to_owned()))
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_where() {
        let runs = |machine: &str, other: &str| System::from(machine).runs(&other.into());
        assert!(runs("x86_64-linux", "x86_64-linux"));
        assert!(runs("x86_64-linux", "i686-linux"));
        assert!(!runs("i686-linux", "x86_64-linux"));
        assert!(!runs("x86_64-linux", "aarch64-linux"));
        assert!(System::from("aarch64-linux").has_variant(&"armhf-linux".into()));
        assert_eq!(System::from("i586-gnu").kernel(), Some("gnu"));
        assert_ne!(System::native().kernel(), Some("unknown"));
    }
}
