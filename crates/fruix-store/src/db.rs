// SPDX-License-Identifier: GPL-3.0-or-later
//! The SQLite database: which items are valid, and what refers to what.
//!
//! Schema, pragmas and file are guix-daemon's (nix/libstore/schema.sql and `LocalStore::openDB`), so
//! that each opens the other's. Paths are stored in full, hashes as `sha256:BASE16`.
//!
//! Connections are pooled: SQLite's write-ahead log lets any number of readers work beside one
//! writer. Write transactions are `IMMEDIATE`, so that waiting happens at their beginning only.
//! Nobody else in this program may open the database's files: closing such a descriptor would drop
//! SQLite's record locks.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior,
};

use crate::error::{Error, Result};

/// The version of the schema, kept in `db/schema`.
pub(crate) const SCHEMA_VERSION: u32 = 7;

/// How long to wait for another writer: guix-daemon's hour.
const BUSY_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// How many idle connections to keep.
const POOL_SIZE: usize = 8;

/// The tables of schema 7. Deleting an item deletes what it refers to, and fails while others refer
/// to it; the trigger lets an item that refers to itself go.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS ValidPaths (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  path TEXT UNIQUE NOT NULL,
  hash TEXT NOT NULL,
  registrationTime INTEGER NOT NULL,
  deriver TEXT,
  narSize INTEGER);
CREATE TABLE IF NOT EXISTS Refs (
  referrer INTEGER NOT NULL,
  reference INTEGER NOT NULL,
  PRIMARY KEY (referrer, reference),
  FOREIGN KEY (referrer) REFERENCES ValidPaths(id) ON DELETE CASCADE,
  FOREIGN KEY (reference) REFERENCES ValidPaths(id) ON DELETE RESTRICT);
CREATE INDEX IF NOT EXISTS IndexReferrer ON Refs(referrer);
CREATE INDEX IF NOT EXISTS IndexReference ON Refs(reference);
CREATE TRIGGER IF NOT EXISTS DeleteSelfRefs BEFORE DELETE ON ValidPaths
  BEGIN
    DELETE FROM Refs WHERE referrer = old.id AND reference = old.id;
  END;
CREATE TABLE IF NOT EXISTS DerivationOutputs (
  drv INTEGER NOT NULL,
  id TEXT NOT NULL,
  path TEXT NOT NULL,
  PRIMARY KEY (drv, id),
  FOREIGN KEY (drv) REFERENCES ValidPaths(id) ON DELETE CASCADE);
CREATE INDEX IF NOT EXISTS IndexDerivationOutputs ON DerivationOutputs(path);
CREATE TABLE IF NOT EXISTS FailedPaths (
  path TEXT PRIMARY KEY NOT NULL,
  time INTEGER NOT NULL);
";

/// A pool of connections to one database.
pub(crate) struct Db {
    file: PathBuf,
    durable: bool,
    idle: Mutex<Vec<Connection>>,
}

/// A row of `ValidPaths`, uninterpreted.
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) hash: String,
    pub(crate) registration_time: i64,
    pub(crate) deriver: Option<String>,
    pub(crate) nar_size: Option<i64>,
}

impl Db {
    /// Open the database FILE, making it if CREATE. DURABLE transactions are on the disk when
    /// they return; others survive the death of the process only.
    pub(crate) fn open(file: &Path, create: bool, durable: bool) -> Result<Db> {
        let db = Db { file: file.to_path_buf(), durable, idle: Mutex::default() };
        let connection = db.connect(create)?;
        if create {
            connection
                .execute_batch(&format!("BEGIN IMMEDIATE;{SCHEMA}COMMIT;"))
                .map_err(|e| db.error(e))?;
        }
        // Reading one row finds most kinds of damage, and missing tables, at once.
        connection
            .query_row("SELECT count(*) FROM (SELECT 1 FROM ValidPaths LIMIT 1)", [], |_| Ok(()))
            .map_err(|e| db.error(e))?;
        db.give_back(connection);
        Ok(db)
    }

    fn connect(&self, create: bool) -> Result<Connection> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if create {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let open = || {
            let connection = Connection::open_with_flags(&self.file, flags)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.set_prepared_statement_cache_capacity(64);
            connection.pragma_update(None, "foreign_keys", 1)?;
            let synchronous = if self.durable { "full" } else { "normal" };
            connection.pragma_update(None, "synchronous", synchronous)?;
            let mode: String =
                connection.query_row("PRAGMA main.journal_mode", [], |r| r.get(0))?;
            if mode != "wal" {
                connection.query_row("PRAGMA main.journal_mode = wal", [], |_| Ok(()))?;
            }
            connection.pragma_update(None, "wal_autocheckpoint", 40_000)?;
            Ok(connection)
        };
        open().map_err(|e| self.error(e))
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(|e| e.into_inner());
        if idle.len() < POOL_SIZE {
            idle.push(connection);
        }
    }

    fn take(&self) -> Result<Connection> {
        let idle = self.idle.lock().unwrap_or_else(|e| e.into_inner()).pop();
        idle.map_or_else(|| self.connect(false), Ok)
    }

    /// Run READ on a connection, outside of any transaction.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Queries<'_>) -> Result<T>) -> Result<T> {
        let connection = self.take()?;
        let result = read(&Queries { db: self, connection: &connection });
        self.give_back(connection);
        result
    }

    /// Repack the database, which needs as much room again meanwhile.
    pub(crate) fn vacuum(&self) -> Result<()> {
        let connection = self.take()?;
        let result = connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);");
        self.give_back(connection);
        result.map_err(|e| self.error(e))
    }

    /// Run READ on one unchanging state of the database.
    pub(crate) fn snapshot<T>(&self, read: impl FnOnce(&Queries<'_>) -> Result<T>) -> Result<T> {
        let mut connection = self.take()?;
        let result = self.transaction(&mut connection, TransactionBehavior::Deferred, read);
        self.give_back(connection);
        result
    }

    /// Run WRITE in a transaction, which is committed if it succeeds and undone otherwise.
    pub(crate) fn write<T>(&self, write: impl FnOnce(&Queries<'_>) -> Result<T>) -> Result<T> {
        let mut connection = self.take()?;
        let result = self.transaction(&mut connection, TransactionBehavior::Immediate, write);
        self.give_back(connection);
        result
    }

    fn transaction<T>(
        &self,
        connection: &mut Connection,
        behavior: TransactionBehavior,
        work: impl FnOnce(&Queries<'_>) -> Result<T>,
    ) -> Result<T> {
        let transaction: Transaction<'_> =
            connection.transaction_with_behavior(behavior).map_err(|e| self.error(e))?;
        let result = work(&Queries { db: self, connection: &transaction })?;
        transaction.commit().map_err(|e| self.error(e))?;
        Ok(result)
    }

    /// Classify SQLite's answer.
    pub(crate) fn error(&self, source: rusqlite::Error) -> Error {
        let path = self.file.clone();
        match &source {
            rusqlite::Error::SqliteFailure(failure, message) => match failure.code {
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                    Error::CorruptDatabase { path, detail: source.to_string() }
                }
                ErrorCode::DiskFull => Error::NoSpace { action: "writing", path },
                ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
                    Error::Unwritable { action: "opening", path }
                }
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::DatabaseBusy { path },
                _ if message.as_deref().is_some_and(|m| m.starts_with("no such ")) => {
                    Error::CorruptDatabase { path, detail: source.to_string() }
                }
                _ => Error::Database { path, source },
            },
            rusqlite::Error::SqlInputError { msg, .. } if msg.starts_with("no such ") => {
                Error::CorruptDatabase { path, detail: msg.clone() }
            }
            rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..) => {
                Error::CorruptDatabase { path, detail: source.to_string() }
            }
            _ => Error::Database { path, source },
        }
    }

    /// A complaint about what stands in the database.
    pub(crate) fn corrupt(&self, detail: String) -> Error {
        Error::CorruptDatabase { path: self.file.clone(), detail }
    }
}

/// The statements, on one connection; each is prepared once per connection.
pub(crate) struct Queries<'a> {
    db: &'a Db,
    connection: &'a Connection,
}

impl Queries<'_> {
    fn one<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let run = || self.connection.prepare_cached(sql)?.query_row(params, read).optional();
        run().map_err(|e| self.db.error(e))
    }

    fn each<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
        mut found: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        let error = |e| self.db.error(e);
        let mut statement = self.connection.prepare_cached(sql).map_err(error)?;
        let mut rows = statement.query(params).map_err(error)?;
        while let Some(row) = rows.next().map_err(error)? {
            found(read(row).map_err(error)?)?;
        }
        Ok(())
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut all = Vec::new();
        self.each(sql, params, read, |item| {
            all.push(item);
            Ok(())
        })?;
        Ok(all)
    }

    fn run(&self, sql: &str, params: impl rusqlite::Params) -> Result<usize> {
        let run = || self.connection.prepare_cached(sql)?.execute(params);
        run().map_err(|e| self.db.error(e))
    }

    /// The number of the valid item PATH.
    pub(crate) fn id(&self, path: &str) -> Result<Option<i64>> {
        self.one("SELECT id FROM ValidPaths WHERE path = ?", [path], |r| r.get(0))
    }

    /// The path of item ID.
    pub(crate) fn path(&self, id: i64) -> Result<Option<String>> {
        self.one("SELECT path FROM ValidPaths WHERE id = ?", [id], |r| r.get(0))
    }

    /// The row of PATH.
    pub(crate) fn row(&self, path: &str) -> Result<Option<Row>> {
        let sql =
            "SELECT id, hash, registrationTime, deriver, narSize FROM ValidPaths WHERE path = ?";
        self.one(sql, [path], |r| {
            Ok(Row {
                id: r.get(0)?,
                hash: r.get(1)?,
                registration_time: r.get(2)?,
                deriver: r.get(3)?,
                nar_size: r.get(4)?,
            })
        })
    }

    /// Path, deriver and archive size of item ID.
    pub(crate) fn row_of_id(&self, id: i64) -> Result<Option<(String, Option<String>, u64)>> {
        self.one("SELECT path, deriver, narSize FROM ValidPaths WHERE id = ?", [id], |r| {
            let size: Option<i64> = r.get(2)?;
            Ok((r.get(0)?, r.get(1)?, size.map_or(0, i64::unsigned_abs)))
        })
    }

    /// Add a row; the result is its number.
    pub(crate) fn insert(
        &self,
        path: &str,
        hash: &str,
        time: i64,
        deriver: Option<&str>,
        nar_size: Option<i64>,
    ) -> Result<i64> {
        self.run(
            "INSERT INTO ValidPaths (path, hash, registrationTime, deriver, narSize)
             VALUES (?, ?, ?, ?, ?)",
            (path, hash, time, deriver, nar_size),
        )?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Change hash and size of item ID.
    pub(crate) fn update(&self, id: i64, hash: &str, nar_size: Option<i64>) -> Result<()> {
        self.run("UPDATE ValidPaths SET narSize = ?, hash = ? WHERE id = ?", (nar_size, hash, id))?;
        Ok(())
    }

    /// Delete the row of item ID; fails in SQLite while others refer to it.
    pub(crate) fn delete(&self, id: i64) -> Result<()> {
        self.run("DELETE FROM ValidPaths WHERE id = ?", [id])?;
        Ok(())
    }

    /// Note that REFERRER refers to REFERENCE.
    pub(crate) fn insert_reference(&self, referrer: i64, reference: i64) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO Refs (referrer, reference) VALUES (?, ?)",
            (referrer, reference),
        )?;
        Ok(())
    }

    /// The paths that item ID refers to.
    pub(crate) fn references(&self, id: i64) -> Result<Vec<String>> {
        let sql = "SELECT path FROM Refs JOIN ValidPaths ON reference = id WHERE referrer = ?";
        self.all(sql, [id], |r| r.get(0))
    }

    /// The numbers of the items that ID refers to.
    pub(crate) fn reference_ids(&self, id: i64) -> Result<Vec<i64>> {
        self.all("SELECT reference FROM Refs WHERE referrer = ?", [id], |r| r.get(0))
    }

    /// The numbers of the items that refer to ID.
    pub(crate) fn referrer_ids(&self, id: i64) -> Result<Vec<i64>> {
        self.all("SELECT referrer FROM Refs WHERE reference = ?", [id], |r| r.get(0))
    }

    /// The paths that refer to PATH.
    pub(crate) fn referrers(&self, path: &str) -> Result<Vec<String>> {
        let sql = "SELECT path FROM Refs JOIN ValidPaths ON referrer = id
                   WHERE reference = (SELECT id FROM ValidPaths WHERE path = ?)";
        self.all(sql, [path], |r| r.get(0))
    }

    /// Note that the derivation DRV makes PATH as its output OUTPUT.
    pub(crate) fn insert_output(&self, drv: i64, output: &str, path: &str) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO DerivationOutputs (drv, id, path) VALUES (?, ?, ?)",
            (drv, output, path),
        )?;
        Ok(())
    }

    /// Names and paths of the outputs of derivation DRV.
    pub(crate) fn outputs(&self, drv: i64) -> Result<Vec<(String, String)>> {
        let sql = "SELECT id, path FROM DerivationOutputs WHERE drv = ?";
        self.all(sql, [drv], |r| Ok((r.get(0)?, r.get(1)?)))
    }

    /// Numbers and paths of the valid derivations that make PATH.
    pub(crate) fn derivers(&self, path: &str) -> Result<Vec<(i64, String)>> {
        let sql = "SELECT v.id, v.path FROM DerivationOutputs d JOIN ValidPaths v ON d.drv = v.id
                   WHERE d.path = ?";
        self.all(sql, [path], |r| Ok((r.get(0)?, r.get(1)?)))
    }

    /// The first valid path that is not before PREFIX.
    pub(crate) fn first_from(&self, prefix: &str) -> Result<Option<String>> {
        let sql = "SELECT path FROM ValidPaths WHERE path >= ? ORDER BY path LIMIT 1";
        self.one(sql, [prefix], |r| r.get(0))
    }

    /// Call FOUND with number and path of each valid item.
    pub(crate) fn each_path(&self, mut found: impl FnMut(i64, String) -> Result<()>) -> Result<()> {
        let sql = "SELECT id, path FROM ValidPaths";
        self.each(sql, [], |r| Ok((r.get(0)?, r.get(1)?)), |(id, path)| found(id, path))
    }

    /// Remember that building PATH failed.
    pub(crate) fn insert_failed(&self, path: &str, time: i64) -> Result<()> {
        self.run("INSERT OR IGNORE INTO FailedPaths (path, time) VALUES (?, ?)", (path, time))?;
        Ok(())
    }

    /// Whether building PATH failed before.
    pub(crate) fn has_failed(&self, path: &str) -> Result<bool> {
        let found = self.one("SELECT 1 FROM FailedPaths WHERE path = ?", [path], |_| Ok(()))?;
        Ok(found.is_some())
    }

    /// All paths whose build failed.
    pub(crate) fn failed(&self) -> Result<Vec<String>> {
        self.all("SELECT path FROM FailedPaths", [], |r| r.get(0))
    }

    /// Forget the failure of PATH, of the outputs of the derivation PATH, or (`*`) of all.
    pub(crate) fn delete_failed(&self, path: &str) -> Result<()> {
        self.run(
            "DELETE FROM FailedPaths WHERE ?1 = '*' OR path = ?1 OR path IN
             (SELECT d.path FROM DerivationOutputs d JOIN ValidPaths v ON d.drv = v.id
              WHERE v.path = ?1)",
            [path],
        )?;
        Ok(())
    }

    /// The pages that SQLite finds damaged, as it words it; empty when all is well.
    pub(crate) fn integrity_problems(&self) -> Result<Vec<String>> {
        let lines: Vec<String> = self.all("PRAGMA quick_check(20)", [], |r| r.get(0))?;
        Ok(lines.into_iter().filter(|line| line != "ok").collect())
    }
}
