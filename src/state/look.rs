//! The rows of all tables at one moment: checksums first, then what differs, row by row.

use std::collections::HashMap;

use super::again::{self, Evidence};
use super::error::StateError;
use super::joined::Joined;
use super::ledger::Found;
use super::merge::{Event, merge};
use super::pairing::{Kept, Residue};
use super::postgres::quote;
use super::reader::{Fingerprint, Range};
use super::teller::{Apart, Teller};
use super::{Comparison, each};
use crate::record::Class;
use crate::record::parity::Kind;
use crate::role::{Pair, Role};

/// What one look saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) tables: u64,
    /// Of the baseline.
    pub(super) rows: u64,
    /// Pairs of rows, by checksum or one by one.
    pub(super) compared: u64,
    /// Of these, one by one.
    pub(super) by_row: u64,
}

impl Comparison {
    /// Compares the rows of all tables.
    pub(super) async fn rows(&mut self) -> Result<Seen, StateError> {
        let tables = std::mem::take(&mut self.tables);
        let seen = self.rows_of(&tables).await;
        self.tables = tables;
        seen
    }

    async fn rows_of(&mut self, tables: &[Joined]) -> Result<Seen, StateError> {
        let all: Vec<&Joined> = tables.iter().collect();
        let most = self.compare.chunk;
        let Pair { baseline, candidate } = &mut self.readers;
        let (baseline, candidate) = each(baseline.fingerprints(&all, most), candidate.fingerprints(&all, most)).await?;
        let mut seen = Seen { tables: tables.len() as u64, ..Seen::default() };
        let (mut apart, mut unsettled) = (HashMap::new(), Ok(()));
        for ((table, baseline), candidate) in tables.iter().zip(baseline).zip(candidate) {
            seen.rows += baseline.rows;
            seen.compared += baseline.rows.min(candidate.rows);
            let now = Pair { baseline, candidate };
            let is_known = self.is_known(table, &now);
            if !is_known {
                let (pairs, of_table, left) = self.table(table, &now).await?;
                seen.by_row += pairs;
                apart.insert(table.name.clone(), of_table);
                if left > 0 && unsettled.is_ok() {
                    unsettled = Err(StateError::TooMany { table: table.name.clone(), rows: left });
                }
            }
            self.last.insert(table.name.clone(), now);
        }
        self.hold_against_answers(tables).await?;
        if self.grounds.before.is_some() {
            self.sums(tables, &apart).await?;
        }
        unsettled.map(|()| seen)
    }

    /// Whether the checksums say all: the sides are equal, or as they were at the last look.
    fn is_known(&mut self, table: &Joined, now: &Pair<Fingerprint>) -> bool {
        if self.ids.concern(table) {
            return false;
        }
        if now.baseline.is_equal(&now.candidate) {
            self.ids.forget(&table.name);
            return true;
        }
        let is_last =
            |last: &Pair<Fingerprint>| last.baseline.is_equal(&now.baseline) && last.candidate.is_equal(&now.candidate);
        self.grounds.before.is_none() && self.last.get(&table.name).is_some_and(is_last)
    }

    /// Compares a table row by row, where its chunks differ. Gives back how many pairs of rows that were, how many rows are
    /// apart, and how many there was no room for.
    async fn table(&mut self, table: &Joined, now: &Pair<Fingerprint>) -> Result<(u64, Apart, u64), StateError> {
        let is_strict = self.ids.concern(table);
        self.ids.forget(&table.name);
        let ranges = self.differing(table, now, is_strict).await?;
        let (mut residue, mut apart) = (Residue::new(table, &self.ids), Apart::default());
        let mut pairs = 0;
        for range in &ranges {
            let rows = Pair {
                baseline: self.readers.baseline.rows(table, range),
                candidate: self.readers.candidate.rows(table, range),
            };
            let (grounds, ids, ledger) = (&self.grounds, &mut self.ids, &mut self.ledger);
            let tell = |event: Event| {
                pairs += u64::from(matches!(event, Event::Same | Event::Differ(..)));
                for kept in residue.take_in(table, ids, event) {
                    let mut teller = Teller { table, ledger: &mut *ledger, grounds, ids: &*ids, apart: &mut apart };
                    match kept {
                        Kept::Waits => {}
                        Kept::Lone(role, row) => teller.lone_at_once(role, &row, &residue),
                        Kept::One(one, other) if residue.is_settled() && !teller.is_grave(&one, &other) => {
                            teller.pair_at_once(&one, &other, &residue);
                        }
                        Kept::One(one, other) => {
                            if let Some((one, other)) = residue.keep(one, other) {
                                teller.pair_at_once(&one, &other, &residue);
                            }
                        }
                    }
                }
            };
            merge(table, rows, is_strict, tell).await?;
        }
        residue.pair(table, &mut self.ids);
        let left = residue.left;
        if left > 0 {
            self.ids.doubt(&table.name);
        }
        let (grounds, ids, ledger) = (&self.grounds, &self.ids, &mut self.ledger);
        let mut teller = Teller { table, ledger, grounds, ids, apart: &mut apart };
        teller.asked(pairs);
        teller.residue(&residue);
        Ok((pairs, apart, left))
    }

    /// Where rows differ: the whole of a small table, the chunks of a large one that have another checksum.
    async fn differing(
        &mut self,
        table: &Joined,
        now: &Pair<Fingerprint>,
        is_strict: bool,
    ) -> Result<Vec<Range>, StateError> {
        if is_strict || now.baseline.rows.max(now.candidate.rows) <= self.compare.chunk {
            return Ok(vec![Range::default()]);
        }
        let bounds = self.readers.baseline.bounds(table, self.compare.chunk).await;
        let bounds = bounds.map_err(StateError::of(Role::Baseline))?;
        let Pair { baseline, candidate } = &mut self.readers;
        let (baseline, candidate) = each(baseline.chunks(table, &bounds), candidate.chunks(table, &bounds)).await?;
        let differs = |(number, (baseline, candidate)): (usize, (&Fingerprint, &Fingerprint))| {
            (!baseline.is_equal(candidate)).then(|| Range::chunk(&bounds, number))
        };
        Ok(baseline.iter().zip(&candidate).enumerate().filter_map(differs).collect())
    }

    /// Columns of counts: whatever the order was, they add up to the same.
    async fn sums(&mut self, tables: &[Joined], apart: &HashMap<String, Apart>) -> Result<(), StateError> {
        for sum in self.compare.sums.clone() {
            let Some(table) = tables.iter().find(|table| table.name == sum.table) else { continue };
            let Pair { baseline, candidate } = &mut self.readers;
            let (one, other) =
                each(baseline.sum(&table.sql, &sum.column), candidate.sum(&table.sql, &sum.column)).await?;
            if one != other {
                let sql = format!("SELECT sum({}) FROM {}", quote(&sum.column), table.sql);
                let rows = rows_behind(table, &sum.column, apart.get(&table.name), [&one, &other]);
                let is_explained = rows.is_some_and(|rows| self.grounds.explain(rows));
                let class = if is_explained { Class::Volatile } else { Class::Breaking };
                let (kind, part) = (Kind::Value, "sum of".to_owned());
                let (baseline, candidate) = (Some(one.unwrap_or_default()), Some(other.unwrap_or_default()));
                let (table, column) = (table.name.clone(), Some(sum.column));
                let found = Found { class, kind, table, part, column, baseline, candidate, rule: None, note: None };
                self.ledger.add(found, |client, _| Evidence {
                    queries: Pair::from_fn(|_| again::line(client, &sql)),
                    ..Evidence::default()
                });
            }
        }
        Ok(())
    }
}

/// How many rows it takes for a column to add up to something else; `None`: that is not known. Of a column that a rule
/// ignores it is not known which rows differ in it; as sums are of counts, it takes as many as lie between the two.
fn rows_behind(table: &Joined, column: &str, apart: Option<&Apart>, sums: [&Option<String>; 2]) -> Option<u64> {
    let column = table.columns.iter().position(|known| known.name == column)?;
    if !table.ignored[column] {
        return Some(apart.map_or(0, |apart| apart.in_column(column)));
    }
    let whole = |sum: &Option<String>| sum.as_deref().unwrap_or("0").parse::<i128>().ok();
    let [one, other] = sums.map(whole);
    u64::try_from(one?.abs_diff(other?)).ok()
}
