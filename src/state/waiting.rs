//! Rows of either side that wait for the one of the other side that is the same in all by which it is known. Pure.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::joined::Row;
use crate::compare::rows::Cell;
use crate::role::{Pair, Role};

/// Rows by the hash of what they are known by, the first that came first.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    rows: Pair<HashMap<u64, VecDeque<Row>>>,
    bytes: usize,
}

impl Waiting {
    /// Bytes of all that wait.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The first row of the other side with this hash that is meant.
    pub(super) fn take(&mut self, role: Role, hash: u64, is_meant: impl Fn(&Row) -> bool) -> Option<Row> {
        let rows = self.rows.get_mut(role.other());
        let found = rows.get_mut(&hash)?;
        let at = found.iter().position(is_meant)?;
        let row = found.remove(at)?;
        if found.is_empty() {
            rows.remove(&hash);
        }
        self.bytes -= size(&row);
        Some(row)
    }

    /// Lets a row wait.
    pub(super) fn add(&mut self, role: Role, hash: u64, row: Row) {
        self.bytes += size(&row);
        self.rows.get_mut(role).entry(hash).or_default().push_back(row);
    }

    /// All that wait, in no order.
    pub(super) fn into_rows(self) -> Pair<Vec<Row>> {
        self.rows.map(|_, rows| rows.into_values().flatten().collect())
    }
}

/// A hash of what a row is known by: by its content if the key was drawn, else by the key.
pub(super) fn hash(is_drawn: bool, cells: &[Cell]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (is_drawn, cells).hash(&mut hasher);
    hasher.finish()
}

/// About how many bytes a row takes, and what it takes to find it.
pub(super) fn size(row: &Row) -> usize {
    const OF_A_ROW: usize = 160;
    const OF_A_CELL: usize = 40;
    OF_A_ROW + row.iter().map(|cell| OF_A_CELL + cell.text.len()).sum::<usize>()
}
