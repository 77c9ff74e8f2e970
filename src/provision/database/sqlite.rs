//! `sqlite`: a template file in a temporary directory, and copies of it. Needs nothing.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use tempfile::TempDir;

use crate::provision::error::ProvisionError;
use crate::provision::guard::Guard;
use crate::role::Role;

/// The directory with the files; dropping it removes them.
pub(super) struct Files {
    // Removed before its guard is told that it is no longer needed: fields are dropped in order.
    dir: TempDir,
    _guard: Guard,
}

impl Files {
    pub(super) fn new(run: &str) -> Result<Self, ProvisionError> {
        let prefix = format!("cutover-{run}-sqlite-");
        let dir =
            tempfile::Builder::new().prefix(&prefix).tempdir().map_err(|error| failed("making a directory", error))?;
        let guard = Guard::new("rm -rf -- \"$1\"", [dir.path()]).map_err(|error| failed("starting a guard", error))?;
        Ok(Self { dir, _guard: guard })
    }

    /// Makes the empty template and returns its URL.
    pub(super) fn create_template(&self) -> Result<String, ProvisionError> {
        std::fs::File::create(self.template()).map_err(|error| failed("making the template", error))?;
        Ok(url(&self.template()))
    }

    /// Brings everything into the one file that is copied.
    pub(super) async fn seal_template(&self) -> Result<(), ProvisionError> {
        let options =
            SqliteConnectOptions::from_str(&url(&self.template())).map_err(|error| failed("opening", error))?;
        let mut connection = options.connect().await.map_err(|error| failed("opening the template", error))?;
        for sql in ["ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"] {
            connection.execute(sql).await.map_err(|error| failed(sql, error))?;
        }
        connection.close().await.map_err(|error| failed("closing the template", error))
    }

    /// Makes a copy of the template and returns its URL.
    pub(super) fn create_twin(&self, role: Role) -> Result<String, ProvisionError> {
        let twin = self.twin(role);
        std::fs::copy(self.template(), &twin).map_err(|error| failed("copying the template", error))?;
        Ok(url(&twin))
    }

    pub(super) fn drop_twin(&self, role: Role) -> Result<(), ProvisionError> {
        for suffix in ["", "-wal", "-shm"] {
            let mut name = self.twin(role).into_os_string();
            name.push(suffix);
            match std::fs::remove_file(name) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(failed("removing a file", error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn remove(self) -> Result<(), ProvisionError> {
        self.dir.close().map_err(|error| failed("removing the directory", error))
    }

    fn template(&self) -> PathBuf {
        self.dir.path().join("template.db")
    }

    fn twin(&self, role: Role) -> PathBuf {
        self.dir.path().join(format!("{role}.db"))
    }
}

/// Version of the library that is linked in.
pub(super) async fn version() -> Option<String> {
    let mut connection = SqliteConnectOptions::from_str("sqlite::memory:").ok()?.connect().await.ok()?;
    sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut connection).await.ok()
}

fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

fn failed(doing: &str, error: impl std::error::Error) -> ProvisionError {
    ProvisionError::database("sqlite", doing, error.to_string())
}
