// SPDX-License-Identifier: GPL-3.0-or-later
//! Why two derivations have different names: the first file below them whose own text differs.

use fruix_core::derivation::Derivation;
use fruix_core::store_path::{StoreDir, StorePath};
use fruix_store::MemoryStore;

use crate::normalise::Normaliser;

/// How much of a text is shown before and after the place where it differs.
const BEFORE: usize = 200;
const AFTER: usize = 1000;

/// The files that differ below OURS and THEIRS.
pub fn difference(
    items: &MemoryStore,
    normaliser: &Normaliser,
    ours: &str,
    theirs: &str,
) -> String {
    let store_dir = StoreDir::default();
    let (Ok(mut ours), Ok(mut theirs)) = (store_dir.parse(ours), store_dir.parse(theirs)) else {
        return "  one of them is no store item".to_owned();
    };
    loop {
        let (Some(our_text), Some(their_text)) = (items.text(&ours), normaliser.text(&theirs))
        else {
            return format!("  {ours} and {theirs} differ, which are not both texts");
        };
        let parsed = |text: &[u8]| Derivation::parse(&store_dir, text).ok();
        let below = match (parsed(&our_text), parsed(&their_text)) {
            (Some(ours), Some(theirs)) => differing_pair(&ours, &theirs),
            _ => None,
        };
        match below {
            Some(pair) => (ours, theirs) = pair,
            None => {
                let same = our_text.iter().zip(&their_text).take_while(|(a, b)| a == b).count();
                let show = |text: &[u8]| {
                    let shown = &text[same.saturating_sub(BEFORE)..text.len().min(same + AFTER)];
                    String::from_utf8_lossy(shown).into_owned()
                };
                return format!(
                    "  {ours} and {theirs} differ from byte {same} on\n  ours:   {}\n  theirs: {}",
                    show(&our_text),
                    show(&their_text)
                );
            }
        }
    }
}

/// Two things of the same name, one of which only OURS refers to, and one only THEIRS.
fn differing_pair(ours: &Derivation, theirs: &Derivation) -> Option<(StorePath, StorePath)> {
    let only = |one: &Derivation, other: &Derivation| -> Vec<StorePath> {
        let other: Vec<_> = other.references().collect();
        one.references().filter(|path| !other.contains(path)).cloned().collect()
    };
    let theirs_only = only(theirs, ours);
    only(ours, theirs).into_iter().find_map(|mine| {
        let same_name = theirs_only.iter().find(|path| path.name() == mine.name());
        same_name.map(|other| (mine, other.clone()))
    })
}
