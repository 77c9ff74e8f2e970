//! Files on disk: written whole or not at all, read with errors that say what to do.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;
use thiserror::Error;

use crate::record::{RunRecord, SCHEMA_VERSION};

/// Records larger than this are refused; an hour of samples of both sides is a few MiB.
const LARGEST_RECORD: u64 = 512 << 20;

/// Why a file of a run could not be written or read.
#[derive(Debug, Error)]
pub enum ReportError {
    /// A directory of the report could not be made.
    #[error("cannot make the directory `{path}`")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of the report could not be written.
    #[error("cannot write `{path}`")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The record cannot be told as JSON.
    #[error("cannot encode the run record for `{path}`")]
    Encode {
        /// The file it was for.
        path: PathBuf,
        /// What the encoder said.
        source: serde_json::Error,
    },
    /// The record could not be read.
    #[error("cannot read the run record `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is too large to be a record.
    #[error("`{path}` is larger than {} MiB, which no run record is", LARGEST_RECORD >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file is not JSON.
    #[error("`{path}` is not JSON; a run record is the `run.json` that `cutover run` wrote")]
    NotJson {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The file is JSON, but no record.
    #[error("`{path}` is not a run record; it is the `run.json` that `cutover run` wrote")]
    NotARecord {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The record has a layout of another version.
    #[error(
        "`{path}` has schema version {found}, this cutover reads version {SCHEMA_VERSION}; use the cutover that wrote it"
    )]
    SchemaVersion {
        /// The file.
        path: PathBuf,
        /// The version it says it has.
        found: u64,
    },
}

impl ReportError {
    /// Whether there is no room left where the file was to be written.
    pub fn is_full(&self) -> bool {
        let (Self::Directory { source, .. } | Self::Write { source, .. }) = self else { return false };
        [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::FileTooLarge].contains(&source.kind())
    }
}

/// Writes the record as `run.json` in `dir` and returns its path.
pub fn write_record(dir: &Path, record: &RunRecord) -> Result<PathBuf, ReportError> {
    let path = dir.join("run.json");
    let mut bytes =
        serde_json::to_vec_pretty(record).map_err(|source| ReportError::Encode { path: path.clone(), source })?;
    bytes.push(b'\n');
    write_atomically(&path, &bytes)
}

/// Reads a record that [`write_record`] wrote.
pub fn read_record(path: &Path) -> Result<RunRecord, ReportError> {
    let bytes = read_bounded(path)?;
    check_version(path, &bytes)?;
    serde_json::from_slice(&bytes).map_err(|source| ReportError::NotARecord { path: path.to_owned(), source })
}

/// Writes `bytes` beside `path` and renames: readers see the old file or the new one. Directories that lack are made.
///
/// # Errors
/// Which directory or file could not be written.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<PathBuf, ReportError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).map_err(|source| ReportError::Directory { path: directory.to_owned(), source })?;
    replace(directory, path, bytes).map_err(|source| ReportError::Write { path: path.to_owned(), source })?;
    Ok(path.to_owned())
}

fn replace(directory: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Reports are for everyone whom the umask admits; a temporary file would be its owner's alone.
    let readable = fs::Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new().prefix(".cutover-").permissions(readable).tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

/// Removes reports of a run that is over, by the names that all of them have, but for those to keep. Other files, and
/// directories without a record, are nobody's business.
pub(super) fn remove_left(dir: &Path, keep: &[PathBuf]) {
    if !dir.join("run.json").is_file() {
        return;
    }
    let single = ["report.html", "junit.xml", "summary.md"].map(|name| dir.join(name));
    let below = [("hdr", ["hlog", "hgrm"].as_slice()), ("charts", &["svg"])].into_iter().flat_map(|(name, endings)| {
        let entries = fs::read_dir(dir.join(name)).into_iter().flatten().flatten();
        let is_ours = |path: &PathBuf| path.extension().is_some_and(|it| endings.iter().any(|ending| it == *ending));
        entries.map(|entry| entry.path()).filter(is_ours).collect::<Vec<_>>()
    });
    for path in single.into_iter().chain(below).filter(|path| !keep.contains(path)) {
        // One that cannot be removed stays, as it did before.
        let _ = fs::remove_file(path);
    }
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, ReportError> {
    let failed = |source| ReportError::Read { path: path.to_owned(), source };
    let file = fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(LARGEST_RECORD + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST_RECORD {
        return Err(ReportError::TooLarge { path: path.to_owned() });
    }
    Ok(bytes)
}

/// Looks at the version alone: a record of another version need not have today's fields.
fn check_version(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    #[derive(Deserialize)]
    struct Versioned {
        schema_version: u64,
    }
    match serde_json::from_slice::<Versioned>(bytes) {
        Ok(Versioned { schema_version }) if schema_version == u64::from(SCHEMA_VERSION) => Ok(()),
        Ok(Versioned { schema_version }) => {
            Err(ReportError::SchemaVersion { path: path.to_owned(), found: schema_version })
        }
        Err(source) => Err(match serde_json::from_slice::<IgnoredAny>(bytes) {
            Ok(_) => ReportError::NotARecord { path: path.to_owned(), source },
            Err(source) => ReportError::NotJson { path: path.to_owned(), source },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> ReportError {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("run.json");
        fs::write(&path, content).expect("a file");
        read_record(&path).expect_err("must not be a record")
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read_record(Path::new("no/such/run.json")).expect_err("is missing");
        assert_eq!(error.to_string(), "cannot read the run record `no/such/run.json`");
    }

    #[test]
    fn what_is_no_record_is_told_apart() {
        assert!(matches!(read("hello"), ReportError::NotJson { .. }));
        assert!(matches!(read(""), ReportError::NotJson { .. }));
        assert!(matches!(read("[1, 2]"), ReportError::NotARecord { .. }));
        assert!(matches!(read("{}"), ReportError::NotARecord { .. }));
        assert!(matches!(read(r#"{"schema_version": 1}"#), ReportError::NotARecord { .. }));
        assert!(matches!(read(r#"{"schema_version": 7}"#), ReportError::SchemaVersion { found: 7, .. }));
        assert!(matches!(read(&"[".repeat(100_000)), ReportError::NotJson { .. } | ReportError::NotARecord { .. }));
    }

    #[test]
    fn reports_of_an_earlier_run_go_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let names =
            ["report.html", "summary.md", "hdr/old.hlog", "hdr/notes.txt", "charts/pool.svg", "mine.svg", "logs/a.log"];
        let write = |name: &str| write_atomically(&dir.path().join(name), b"x").expect("written");
        let left = || names.iter().copied().filter(|name| dir.path().join(name).exists()).collect::<Vec<_>>();
        let written: Vec<PathBuf> = names.into_iter().map(write).collect();
        remove_left(dir.path(), &[]);
        assert_eq!(left(), names, "there was no run here");
        write("run.json");
        remove_left(dir.path(), &written[..1]);
        assert_eq!(left(), ["report.html", "hdr/notes.txt", "mine.svg", "logs/a.log"]);
        assert!(dir.path().join("run.json").exists());
    }

    #[test]
    fn writing_replaces_the_whole_file_and_leaves_nothing_else() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("deep/file.txt");
        write_atomically(&path, b"a longer first version").expect("written");
        write_atomically(&path, b"second").expect("written again");
        assert_eq!(fs::read(&path).expect("readable"), b"second");
        assert_eq!(fs::read_dir(dir.path().join("deep")).expect("a directory").count(), 1);
    }
}
