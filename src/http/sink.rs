//! What becomes of the body of an answer while it comes.

use bytes::Bytes;

use super::{Failure, FailureKind, Keep};

/// Room that is made beforehand for a body that says how long it is; a side may say anything.
const MOST_RESERVED: u64 = 1 << 20;

/// Takes a body piece by piece: keeps it or counts it, up to a limit.
#[derive(Debug)]
pub(super) struct Sink {
    kept: Option<Vec<u8>>,
    length: usize,
    limit: usize,
}

impl Sink {
    pub(super) fn new(keep: Keep, limit: usize) -> Self {
        Self { kept: (keep == Keep::Body).then(Vec::new), length: 0, limit }
    }

    /// So many bytes are to come, if the side keeps its word.
    pub(super) fn expect(&mut self, length: u64) {
        if let Some(kept) = &mut self.kept {
            kept.reserve_exact(length.min(MOST_RESERVED) as usize);
        }
    }

    pub(super) fn take(&mut self, data: &[u8]) -> Result<(), Failure> {
        self.length += data.len();
        if self.length > self.limit {
            return Err(self.too_large());
        }
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(data);
        }
        Ok(())
    }

    /// The body, if it was kept, and how many bytes it has.
    pub(super) fn into_parts(self) -> (Bytes, usize) {
        (self.kept.map(Bytes::from).unwrap_or_default(), self.length)
    }

    fn too_large(&self) -> Failure {
        Failure::new(FailureKind::TooLarge, format!("body larger than {} bytes", self.limit))
    }
}
