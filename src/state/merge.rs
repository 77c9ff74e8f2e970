//! The rows of two tables side by side, both in the order of their key, one row of each in memory at a time.

use std::cmp::Ordering;

use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;

use super::error::StateError;
use super::joined::{Joined, Row};
use crate::role::{Pair, Role};

/// What came of one row, or of two with the same key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Both have it, and it is the same in all that is compared.
    Same,
    /// Both have a row with this key, and they are not the same.
    Differ(Row, Row),
    /// Only the baseline has it.
    Missing(Row),
    /// Only the candidate has it.
    Extra(Row),
}

type Rows<'r> = BoxStream<'r, Result<Row, StateError>>;

/// Rows of one side, as groups with the same key: one row each, but for keys with nothing in them and tables without a key.
struct Groups<'t, 'r> {
    table: &'t Joined,
    role: Role,
    rows: Rows<'r>,
    next: Option<Row>,
}

/// Joins the rows of both sides and tells what came of each. `is_strict`: rows that are the same as text count as
/// differing, because ids in them may mean something else.
pub(super) async fn merge(
    table: &Joined,
    rows: Pair<Rows<'_>>,
    is_strict: bool,
    mut tell: impl FnMut(Event),
) -> Result<(), StateError> {
    let mut baseline = Groups::new(table, Role::Baseline, rows.baseline).await?;
    let mut candidate = Groups::new(table, Role::Candidate, rows.candidate).await?;
    loop {
        let order = match (&baseline.next, &candidate.next) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(baseline), Some(candidate)) => table.order(baseline, candidate),
        };
        match order {
            Ordering::Less => baseline.take().await?.into_iter().for_each(|row| tell(Event::Missing(row))),
            Ordering::Greater => candidate.take().await?.into_iter().for_each(|row| tell(Event::Extra(row))),
            Ordering::Equal => {
                join(table, baseline.take().await?, candidate.take().await?, is_strict, &mut tell);
            }
        }
    }
}

/// Joins rows with the same key: those that are the same first, the others as they come.
fn join(table: &Joined, baseline: Vec<Row>, mut candidate: Vec<Row>, is_strict: bool, tell: &mut impl FnMut(Event)) {
    let mut others = Vec::new();
    for row in baseline {
        match candidate.iter().position(|other| is_same(table, &row, other)) {
            Some(at) => {
                let other = candidate.swap_remove(at);
                tell(if is_strict { Event::Differ(row, other) } else { Event::Same });
            }
            None => others.push(row),
        }
    }
    let mut candidate = candidate.into_iter();
    for row in others {
        tell(match candidate.next() {
            Some(other) => Event::Differ(row, other),
            None => Event::Missing(row),
        });
    }
    candidate.for_each(|row| tell(Event::Extra(row)));
}

/// Whether two rows are the same in all that is compared, as text.
fn is_same(table: &Joined, one: &Row, other: &Row) -> bool {
    one.iter().zip(other).zip(&table.ignored).all(|((one, other), ignored)| *ignored || one == other)
}

impl<'t, 'r> Groups<'t, 'r> {
    async fn new(table: &'t Joined, role: Role, mut rows: Rows<'r>) -> Result<Self, StateError> {
        let next = rows.try_next().await.map_err(StateError::of(role))?;
        Ok(Self { table, role, rows, next })
    }

    /// The next row and all that have its key.
    async fn take(&mut self) -> Result<Vec<Row>, StateError> {
        let mut group: Vec<Row> = self.next.take().into_iter().collect();
        while let Some(row) = self.rows.try_next().await.map_err(StateError::of(self.role))? {
            match group.last().map_or(Ordering::Less, |last| self.table.order(last, &row)) {
                Ordering::Equal => group.push(row),
                Ordering::Less => {
                    self.next = Some(row);
                    break;
                }
                Ordering::Greater => return Err(StateError::of(self.role)(StateError::OutOfOrder)),
            }
        }
        Ok(group)
    }
}
