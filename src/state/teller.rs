//! What a difference between two rows means, and whether a load explains it.

use super::before::Before;
use super::ids::Ids;
use super::joined::{Joined, Row};
use super::ledger::{Found, Ledger};
use super::merge::Event;
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

/// Tells the differences of one table.
pub(super) struct Teller<'s> {
    pub(super) table: &'s Joined,
    pub(super) ledger: &'s mut Ledger,
    pub(super) grounds: &'s Grounds,
    pub(super) ids: &'s Ids,
}

impl Teller<'_> {
    /// So many pairs of rows were compared.
    pub(super) fn asked(&mut self, pairs: u64) {
        for rule in &self.table.rules {
            self.ledger.asked(*rule, pairs);
        }
    }

    /// Tells what did not join, and what joined and differs.
    pub(super) fn residue(&mut self, residue: Residue) {
        let lone = residue.lone();
        residue.pairs.into_iter().for_each(|(one, other)| self.event(Event::Differ(one, other), lone));
        residue.missing.into_iter().for_each(|row| self.event(Event::Missing(row), lone));
        residue.extra.into_iter().for_each(|row| self.event(Event::Extra(row), lone));
    }

    /// Tells one thing; `lone`: how many rows of the table one side has alone.
    pub(super) fn event(&mut self, event: Event, lone: u64) {
        match event {
            Event::Same => {}
            Event::Differ(baseline, candidate) => self.pair(&baseline, &candidate),
            Event::Missing(row) => self.lone(Role::Baseline, &row, lone),
            Event::Extra(row) => self.lone(Role::Candidate, &row, lone),
        }
    }

    /// A row that one side has alone: arrivals that were not done on both sides explain some.
    fn lone(&mut self, role: Role, row: &Row, lone: u64) {
        let is_explained = lone <= self.grounds.undone.saturating_mul(ROWS_OF_AN_ARRIVAL);
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
    fn pair(&mut self, baseline: &Row, candidate: &Row) {
        let part = self.ledger.row_name(self.table, baseline);
        for column in 0..self.table.columns.len() {
            let Some(CellVerdict { class, rule, note }) = self.cell(baseline, candidate, column) else { continue };
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

    /// How much it matters what two rows that are one have in a column, and the rule that allows it.
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
        // The databases made it up, or answers say that it is one, and by all else the rows are one.
        let is_said = || table.only_key() == Some(column) && self.ids.are_said_to_be_one(table, one, other);
        let is_made_up = table.generated_key() == Some(column) || is_said();
        let both_changed = |before: &Before| before.both_changed(table, baseline, column, one, other);
        let is_explained = grounds.undone > 0 || grounds.before.as_ref().is_some_and(both_changed);
        if is_made_up || is_explained {
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
