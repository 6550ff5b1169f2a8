// SPDX-License-Identifier: GPL-3.0-or-later
//! The module `(fruix core queries)`: what Scheme asks a store besides adding to it. The native half of GNU
//! Guix's `(guix store)` is its user, and gives it the names of the requests of Guix's worker protocol.

use std::collections::BTreeSet;
use std::path::Path;

use fruix_core::store_path::{HashPart, StorePath};
use fruix_protocol::Store;
use fruix_scheme::native::{Native, Result};
use fruix_scheme::natives::args;
use fruix_scheme::{Engine, Value, native};

use crate::items::ItemError;
use crate::natives::{string_list, with};

/// The name of the module.
pub const MODULE: &str = "fruix core queries";

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("core-path-info", 1, path_info),
    native!("core-referrers", 1, referrers),
    native!("core-valid-derivers", 1, valid_derivers),
    native!("core-derivation-outputs", 1, derivation_outputs),
    native!("core-hash-part->path", 1, path_from_hash_part),
    native!("core-add-temp-root", 1, add_temp_root),
    native!("core-add-indirect-root", 1, add_indirect_root),
];

/// Calls F with the store and the item that the string ITEM names.
fn on_item<T>(
    engine: &mut Engine,
    subr: &str,
    item: Value,
    f: impl FnOnce(&dyn Store, &StorePath) -> std::result::Result<T, ItemError>,
) -> Result<T> {
    let item = args::string(engine, subr, 1, item)?;
    with(engine, subr, |core| {
        let item = core.store.store_dir().parse(&item)?;
        f(&core.store, &item)
    })
}

fn names<'a>(store: &dyn Store, items: impl IntoIterator<Item = &'a StorePath>) -> Vec<String> {
    items.into_iter().map(|item| store.store_dir().print(item)).collect()
}

/// `(core-path-info ITEM)`: a list of the deriver or `#f`, the SHA-256, the references, the time of
/// registration and the size of the archive; `#f` if ITEM is not valid.
fn path_info(engine: &mut Engine, item: Value) -> Result {
    let found = on_item(engine, "query-path-info", item, |store, item| {
        let Some(info) = store.path_info(item)? else { return Ok(None) };
        let deriver = info.deriver.as_ref().map(|deriver| store.store_dir().print(deriver));
        let references = names(store, &info.references);
        Ok(Some((info, deriver, references)))
    })?;
    let Some((info, deriver, references)) = found else { return Ok(Value::FALSE) };
    let size = i64::try_from(info.nar_size).unwrap_or(i64::MAX);
    let fields = [
        deriver.map_or(Value::FALSE, |deriver| engine.heap.string(&deriver)),
        engine.heap.bytevector(info.nar_hash.as_bytes().to_vec()),
        string_list(engine, &references),
        Value::fixnum(info.registration_time),
        Value::fixnum(size),
    ];
    Ok(engine.heap.list(&fields))
}

/// Lists what QUESTION answers for ITEM.
fn items(
    engine: &mut Engine,
    subr: &str,
    item: Value,
    question: fn(&dyn Store, &StorePath) -> fruix_protocol::Result<BTreeSet<StorePath>>,
) -> Result {
    let found = on_item(engine, subr, item, |store, item| {
        let found = question(store, item)?;
        Ok(names(store, &found))
    })?;
    Ok(string_list(engine, &found))
}

fn referrers(engine: &mut Engine, item: Value) -> Result {
    items(engine, "referrers", item, |store, item| store.referrers(item))
}

fn valid_derivers(engine: &mut Engine, item: Value) -> Result {
    items(engine, "valid-derivers", item, |store, item| store.valid_derivers(item))
}

fn derivation_outputs(engine: &mut Engine, drv: Value) -> Result {
    let found = on_item(engine, "query-derivation-outputs", drv, |store, drv| {
        Ok(names(store, store.derivation_outputs(drv)?.values()))
    })?;
    Ok(string_list(engine, &found))
}

/// `(core-hash-part->path HASH)`: the item whose name begins with HASH; the empty string if there is none.
fn path_from_hash_part(engine: &mut Engine, hash: Value) -> Result {
    const SUBR: &str = "hash-part->path";
    let text = args::string(engine, SUBR, 1, hash)?;
    let found = with(engine, SUBR, |core| {
        let Ok(hash) = text.parse::<HashPart>() else { return Ok(None) };
        let found = core.store.path_from_hash_part(&hash)?;
        Ok::<_, ItemError>(found.map(|item| core.store.store_dir().print(&item)))
    })?;
    Ok(engine.heap.string(&found.unwrap_or_default()))
}

fn add_temp_root(engine: &mut Engine, item: Value) -> Result {
    on_item(engine, "add-temp-root", item, |store, item| {
        Ok(store.add_temp_roots(&BTreeSet::from([item.clone()]))?)
    })?;
    Ok(Value::TRUE)
}

/// `(core-add-indirect-root FILE)`: FILE is an absolute file name.
fn add_indirect_root(engine: &mut Engine, file: Value) -> Result {
    const SUBR: &str = "add-indirect-root";
    let file = args::string(engine, SUBR, 1, file)?;
    with(engine, SUBR, |core| core.store.add_indirect_root(Path::new(&file)))?;
    Ok(Value::TRUE)
}
