// SPDX-License-Identifier: GPL-3.0-or-later
//! The numbers of the operations (`operation-id` of `(guix store)`).

use super::primitives::WireError;

macro_rules! operations {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        /// What a client asks for. Each is called as in `(guix store)`, where it is there.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum Operation { $($name = $number,)* }

        impl Operation {
            /// All of them.
            pub const ALL: &[Operation] = &[$(Operation::$name,)*];

            /// The operation that NUMBER stands for.
            pub fn new(number: u64) -> Result<Operation, WireError> {
                match number {
                    $($number => Ok(Operation::$name),)*
                    _ => Err(WireError::Operation(number)),
                }
            }

            /// Its name in `(guix store)`.
            pub fn name(self) -> &'static str {
                match self { $(Operation::$name => $text,)* }
            }
        }
    };
}

operations! {
    ValidPath = 1, "valid-path?";
    HasSubstitutes = 3, "has-substitutes?";
    PathHash = 4, "query-path-hash";
    References = 5, "query-references";
    Referrers = 6, "query-referrers";
    AddToStore = 7, "add-to-store";
    AddTextToStore = 8, "add-text-to-store";
    BuildThings = 9, "build-things";
    EnsurePath = 10, "ensure-path";
    AddTempRoot = 11, "add-temp-root";
    AddIndirectRoot = 12, "add-indirect-root";
    SyncWithGc = 13, "sync-with-gc";
    FindRoots = 14, "find-roots";
    ExportPath = 16, "export-path";
    Deriver = 18, "query-deriver";
    SetOptions = 19, "set-options";
    CollectGarbage = 20, "collect-garbage";
    SubstitutablePathInfo = 21, "query-substitutable-path-info";
    DerivationOutputs = 22, "query-derivation-outputs";
    AllValidPaths = 23, "query-all-valid-paths";
    FailedPaths = 24, "query-failed-paths";
    ClearFailedPaths = 25, "clear-failed-paths";
    PathInfo = 26, "query-path-info";
    ImportPaths = 27, "import-paths";
    DerivationOutputNames = 28, "query-derivation-output-names";
    PathFromHashPart = 29, "query-path-from-hash-part";
    SubstitutablePathInfos = 30, "query-substitutable-path-infos";
    ValidPaths = 31, "query-valid-paths";
    SubstitutablePaths = 32, "query-substitutable-paths";
    ValidDerivers = 33, "query-valid-derivers";
    OptimizeStore = 34, "optimize-store";
    VerifyStore = 35, "verify-store";
    BuiltinBuilders = 80, "built-in-builders";
    SubstituteUrls = 81, "substitute-urls";
}
