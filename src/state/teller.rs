//! What a difference between two rows means, and whether a load explains it.

use std::collections::HashMap;

use super::before::Before;
use super::ids::Ids;
use super::joined::{Joined, Row};
use super::ledger::{Found, Ledger};
use super::pairing::Residue;
use crate::compare::ids::Verdict;
use crate::compare::rows::{CellVerdict, RowRules};
use crate::record::Class;
use crate::record::parity::Kind;
use crate::role::{Pair, Role};

/// Rows that one arrival may have touched in one table: so many differences one that failed explains.
const ROWS_OF_AN_ARRIVAL: u64 = 10;

/// By what it is decided how much a difference matters.
pub(super) struct Grounds {
    pub(super) rules: RowRules,
    /// Whether it matters where sequences stand.
    pub(super) counts: bool,
    /// What the rows were before the load; `None`: there was none.
    pub(super) before: Option<Before>,
    /// Arrivals of the load, or requests under a fault, that were not done alike on both sides.
    pub(super) undone: u64,
}

impl Grounds {
    /// Whether arrivals that were not done alike explain that so many rows of one table are apart.
    pub(super) const fn explain(&self, rows: u64) -> bool {
        self.undone > 0 && rows <= self.undone.saturating_mul(ROWS_OF_AN_ARRIVAL)
    }
}

/// How many rows of a table are apart.
#[derive(Debug, Default)]
pub(super) struct Apart {
    /// Rows that one side has alone.
    lone: u64,
    /// Pairs of rows of which nothing but such an arrival explains what differs.
    pairs: u64,
    /// Of each column, pairs of rows that differ in it, whatever explains that.
    cells: HashMap<usize, u64>,
}

impl Apart {
    /// Rows because of which a column may add up to something else.
    pub(super) fn in_column(&self, column: usize) -> u64 {
        self.lone + self.cells.get(&column).copied().unwrap_or(0)
    }
}

/// Tells the differences of one table.
pub(super) struct Teller<'s> {
    pub(super) table: &'s Joined,
    pub(super) ledger: &'s mut Ledger,
    pub(super) grounds: &'s Grounds,
    pub(super) ids: &'s Ids,
    pub(super) apart: &'s mut Apart,
}

impl Teller<'_> {
    /// So many pairs of rows were compared.
    pub(super) fn asked(&mut self, pairs: u64) {
        for rule in &self.table.rules {
            self.ledger.asked(*rule, pairs);
        }
    }

    /// Tells what did not join, and what joined and differs: with all rows that are apart, so that it is known of each
    /// whether they are too many to be explained.
    pub(super) fn residue(&mut self, residue: &Residue) {
        self.apart.lone += residue.lone_rows();
        self.apart.pairs += residue.pairs.iter().filter(|(one, other)| self.is_grave(one, other)).count() as u64;
        let is_explained = self.grounds.explain(self.apart.lone + self.apart.pairs);
        residue.pairs.iter().for_each(|(one, other)| self.pair(one, other, is_explained));
        residue.missing.iter().for_each(|row| self.lone(Role::Baseline, row, is_explained));
        residue.extra.iter().for_each(|row| self.lone(Role::Candidate, row, is_explained));
    }

    /// Tells of two rows that are one before all are known: how many there are in all matters only if what differs is
    /// grave.
    pub(super) fn pair_at_once(&mut self, baseline: &Row, candidate: &Row, kept: &Residue) {
        self.apart.pairs += u64::from(self.is_grave(baseline, candidate));
        self.pair(baseline, candidate, self.is_explained_so_far(kept));
    }

    /// Tells of a row that one side has alone before all are known.
    pub(super) fn lone_at_once(&mut self, role: Role, row: &Row, kept: &Residue) {
        self.apart.lone += 1;
        self.lone(role, row, self.is_explained_so_far(kept));
    }

    fn is_explained_so_far(&self, kept: &Residue) -> bool {
        self.grounds.explain(self.apart.lone + self.apart.pairs + kept.lone_rows() + kept.pairs.len() as u64)
    }

    /// Whether something differs in two rows that are one which only an arrival that was not done alike would explain.
    pub(super) fn is_grave(&self, baseline: &Row, candidate: &Row) -> bool {
        let cells = (0..self.table.columns.len()).filter_map(|column| self.cell(baseline, candidate, column));
        cells.map(|verdict| verdict.class).any(|class| class == Class::Breaking)
    }

    /// A row that one side has alone.
    fn lone(&mut self, role: Role, row: &Row, is_explained: bool) {
        let class = if is_explained { Class::Volatile } else { Class::Breaking };
        let shown = Some(self.ledger.row_shown(self.table, row));
        let (kind, baseline, candidate) = match role {
            Role::Baseline => (Kind::RowMissing, shown, None),
            Role::Candidate => (Kind::RowExtra, None, shown),
        };
        let part = self.ledger.row_name(self.table, row);
        let table = self.table.name.clone();
        let found = Found { class, kind, table, part, column: None, baseline, candidate, rule: None, note: None };
        let rows = Pair::from_fn(|side| (side == role).then_some(row));
        self.ledger.add(found, Ledger::rows(self.table, rows));
    }

    /// Two rows that are one.
    fn pair(&mut self, baseline: &Row, candidate: &Row, is_explained: bool) {
        let part = self.ledger.row_name(self.table, baseline);
        for column in 0..self.table.columns.len() {
            let Some(mut verdict) = self.cell(baseline, candidate, column) else { continue };
            *self.apart.cells.entry(column).or_default() += 1;
            if is_explained && verdict.class == Class::Breaking {
                verdict = plain(Class::Volatile);
            }
            let CellVerdict { class, rule, note } = verdict;
            let found = Found {
                class,
                kind: Kind::Value,
                table: self.table.name.clone(),
                part: part.clone(),
                column: Some(self.table.columns[column].name.clone()),
                baseline: Some(baseline[column].shown()),
                candidate: Some(candidate[column].shown()),
                rule,
                note,
            };
            let rows = Pair { baseline: Some(baseline), candidate: Some(candidate) };
            self.ledger.add(found, Ledger::rows(self.table, rows));
        }
    }

    /// How much it matters what two rows that are one have in a column, and the rule that allows it, as if both sides had
    /// done all alike.
    fn cell(&self, baseline: &Row, candidate: &Row, column: usize) -> Option<CellVerdict> {
        let (table, grounds) = (self.table, self.grounds);
        let (one, other) = (&baseline[column], &candidate[column]);
        if table.ignored[column] || self.ids.same_cell(table, column, one, other) {
            return None;
        }
        let verdict = if one == other {
            // The same text, which refers to two rows that are not one.
            plain(Class::Breaking)
        } else {
            grounds.rules.compare(table.rules[column], one, other)?
        };
        if verdict.class != Class::Breaking {
            return Some(verdict);
        }
        // Each side drew its own, or answers say that it is one, and by all else the rows are one.
        let is_drawn = || table.is_drawn(baseline) && table.is_drawn(candidate);
        let is_one = || is_drawn() || self.ids.are_said_to_be_one(table, one, other);
        let is_id = table.only_key() == Some(column) && is_one();
        let both_changed = |before: &Before| before.both_changed(table, baseline, column, one, other);
        if is_id || grounds.before.as_ref().is_some_and(both_changed) {
            return Some(plain(Class::Volatile));
        }
        Some(match self.ids.by_name(table, column, one, other) {
            Verdict::Conflict(conflict) if table.references[column].is_none() => {
                CellVerdict { note: Some(format!("{conflict}, in the rows")), ..verdict }
            }
            _ => verdict,
        })
    }
}

const fn plain(class: Class) -> CellVerdict {
    CellVerdict { class, rule: None, note: None }
}
