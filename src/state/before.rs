//! What the rows were before the load, as hashes: enough to tell afterwards which side changed a value.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use futures_util::TryStreamExt;

use super::error::StateError;
use super::joined::{Joined, Row};
use super::reader::{Range, Reader};
use crate::compare::rows::Cell;

/// Cells that are remembered over all tables, at 4 bytes each; of tables beyond it nothing is known.
const MOST_CELLS: usize = 20_000_000;

/// Hashes of the cells of each row, by the hash of its key.
#[derive(Debug, Default)]
pub(super) struct Before {
    tables: HashMap<String, HashMap<u64, Box<[u32]>>>,
}

/// Reads all rows of a side whose database is equal to the other's.
pub(super) async fn read(reader: &mut Reader, tables: &[Joined]) -> Result<Before, StateError> {
    let mut before = Before::default();
    let mut cells = 0;
    for table in tables {
        let mut known = HashMap::new();
        let mut rows = reader.rows(table, &Range::default());
        while let Some(row) = rows.try_next().await? {
            cells += row.len();
            if cells > MOST_CELLS {
                return Ok(before);
            }
            known.insert(key(table, &row), row.iter().map(|cell| hash(cell) as u32).collect());
        }
        drop(rows);
        before.tables.insert(table.name.clone(), known);
    }
    Ok(before)
}

impl Before {
    /// Whether both sides changed a value that was there before the load, so that who came last decides. Of a table that
    /// was too large to remember it is not known, and taken to be so; a row that was not there was made by the load.
    pub(super) fn both_changed(
        &self,
        table: &Joined,
        baseline_row: &Row,
        column: usize,
        baseline: &Cell,
        candidate: &Cell,
    ) -> bool {
        let Some(rows) = self.tables.get(&table.name) else { return true };
        let Some(was) = rows.get(&key(table, baseline_row)).and_then(|cells| cells.get(column)) else { return false };
        *was != hash(baseline) as u32 && *was != hash(candidate) as u32
    }
}

fn key(table: &Joined, row: &Row) -> u64 {
    let mut hasher = DefaultHasher::new();
    table.key.iter().for_each(|at| row[*at].hash(&mut hasher));
    hasher.finish()
}

fn hash(cell: &Cell) -> u64 {
    let mut hasher = DefaultHasher::new();
    cell.hash(&mut hasher);
    hasher.finish()
}
