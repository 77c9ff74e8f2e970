//! The file to which exchanges are written while they are recorded: one line of JSON each, so that whatever ends the
//! process leaves what it had.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::import::Sealed;

/// Version of the format.
const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    cutover_recording: u32,
    upstream: String,
}

/// A file that is being written.
pub struct Spool(BufWriter<File>);

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The file cannot be read.
    #[error("cannot read it")]
    Read(#[from] io::Error),
    /// It is something else.
    #[error("it is no recording of this cutover")]
    NotOne,
}

impl Spool {
    /// Makes the file, which must not be there yet; only its owner may read it.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub fn create(path: &Path, upstream: &str) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let mut spool = Self(BufWriter::with_capacity(1 << 16, file));
        spool.line(&Head { cutover_recording: VERSION, upstream: upstream.to_owned() })?;
        spool.flush()?;
        Ok(spool)
    }

    pub(super) fn write(&mut self, exchange: &Sealed) -> io::Result<()> {
        self.line(exchange)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, value)?;
        self.0.write_all(b"\n")
    }
}

/// Reads a recording: where upstream was, its first `most` exchanges, and how many lines were left out. A last line
/// that is cut off is none.
///
/// # Errors
/// See [`SpoolError`].
pub fn read_spool(path: &Path, most: usize) -> Result<(String, Vec<Sealed>, usize), SpoolError> {
    let mut lines = BufReader::new(File::open(path)?).split(b'\n');
    let first = lines.next().ok_or(SpoolError::NotOne)??;
    let head: Head = serde_json::from_slice(&first).map_err(|_| SpoolError::NotOne)?;
    if head.cutover_recording != VERSION {
        return Err(SpoolError::NotOne);
    }
    let mut exchanges = Vec::new();
    let mut left_out = 0;
    for line in lines {
        let line = line?;
        if exchanges.len() >= most {
            left_out += 1;
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(exchange) => exchanges.push(exchange),
            Err(_) => left_out += 1,
        }
    }
    Ok((head.upstream, exchanges, left_out))
}
