//! The rows of all tables at one moment: checksums first, then what differs, row by row.

use super::again::{self, Evidence};
use super::error::StateError;
use super::joined::Joined;
use super::ledger::Found;
use super::merge::{Event, merge};
use super::pairing::Residue;
use super::postgres::quote;
use super::reader::{Fingerprint, Range};
use super::teller::Teller;
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
        for ((table, baseline), candidate) in tables.iter().zip(baseline).zip(candidate) {
            seen.rows += baseline.rows;
            seen.compared += baseline.rows.min(candidate.rows);
            let now = Pair { baseline, candidate };
            let is_known = self.is_known(table, &now);
            if !is_known {
                seen.by_row += self.table(table, &now).await?;
            }
            self.last.insert(table.name.clone(), now);
        }
        self.hold_against_answers(tables).await?;
        if self.grounds.before.is_some() {
            self.sums(tables).await?;
        }
        Ok(seen)
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

    /// Compares a table row by row, where its chunks differ. Gives back how many pairs of rows that were.
    async fn table(&mut self, table: &Joined, now: &Pair<Fingerprint>) -> Result<u64, StateError> {
        let is_strict = self.ids.concern(table);
        self.ids.forget(&table.name);
        let ranges = self.differing(table, now, is_strict).await?;
        let mut residue = Residue::default();
        let (mut pairs, mut is_whole) = (0, true);
        for range in &ranges {
            let rows = Pair {
                baseline: self.readers.baseline.rows(table, range),
                candidate: self.readers.candidate.rows(table, range),
            };
            let (grounds, ids) = (&self.grounds, &self.ids);
            let mut teller = Teller { table, ledger: &mut self.ledger, grounds, ids };
            let tell = |event: Event| {
                pairs += u64::from(matches!(event, Event::Same | Event::Differ(..)));
                if let Some(event) = residue.keep(event) {
                    is_whole = false;
                    teller.event(event, residue.lone());
                }
            };
            merge(table, rows, is_strict, tell).await?;
        }
        residue.pair(table, &mut self.ids);
        if !is_whole {
            self.ids.doubt(&table.name);
        }
        let mut teller = Teller { table, ledger: &mut self.ledger, grounds: &self.grounds, ids: &self.ids };
        teller.asked(pairs);
        teller.residue(residue);
        Ok(pairs)
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
    async fn sums(&mut self, tables: &[Joined]) -> Result<(), StateError> {
        for sum in self.compare.sums.clone() {
            let Some(table) = tables.iter().find(|table| table.name == sum.table) else { continue };
            let Pair { baseline, candidate } = &mut self.readers;
            let (one, other) =
                each(baseline.sum(&table.sql, &sum.column), candidate.sum(&table.sql, &sum.column)).await?;
            if one != other {
                let sql = format!("SELECT sum({}) FROM {}", quote(&sum.column), table.sql);
                let class = if self.grounds.undone > 0 { Class::Volatile } else { Class::Breaking };
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
