//! Which row of the one side is which row of the other, where the databases made up other ids for them. Pure.
//!
//! What does not join by its key is joined by what identifies it besides, then by its content, then by what answers said
//! of its id, and only then by the id itself again. Of rows with the same content, those belong together that answers say
//! are one. Ids that refer to rows of another table are compared by what those rows turned out to be.

use std::collections::HashMap;

use super::ids::{Ids, text};
use super::joined::{Joined, Row};
use super::merge::Event;
use crate::compare::rows::Cell;
use crate::role::Role;

/// Rows that are kept for pairing; what goes beyond it is told as it was joined.
const MOST_ROWS: usize = 20_000;

/// What did not join, or joined and differs.
#[derive(Debug, Default)]
pub(super) struct Residue {
    pub(super) pairs: Vec<(Row, Row)>,
    pub(super) missing: Vec<Row>,
    pub(super) extra: Vec<Row>,
}

impl Residue {
    /// Keeps an event for pairing, or gives it back if there are too many.
    pub(super) fn keep(&mut self, event: Event) -> Option<Event> {
        if self.pairs.len() * 2 + self.missing.len() + self.extra.len() >= MOST_ROWS {
            return Some(event);
        }
        match event {
            Event::Same => {}
            Event::Differ(baseline, candidate) => self.pairs.push((baseline, candidate)),
            Event::Missing(row) => self.missing.push(row),
            Event::Extra(row) => self.extra.push(row),
        }
        None
    }

    /// Rows that one side has alone.
    pub(super) fn lone(&self) -> u64 {
        (self.missing.len() + self.extra.len()) as u64
    }

    /// Joins what can be joined, and learns which ids are one.
    pub(super) fn pair(&mut self, table: &Joined, ids: &mut Ids) {
        let Some(key) = table.only_key() else { return };
        let content: Vec<usize> = (0..table.columns.len()).filter(|at| is_content(table, key, *at)).collect();
        let is_made_up = table.generated_key().is_some();
        if is_made_up {
            self.break_up(table, ids, &content);
        }
        // Of rows with the same content, those that answers say are one.
        self.join_said(table, ids, key, &content);
        if is_made_up {
            let is_compared = |columns: &&Vec<usize>| !columns.iter().any(|at| *at == key || table.ignored[*at]);
            for unique in table.uniques.iter().filter(is_compared) {
                self.join(table, ids, unique, true);
            }
            if !content.is_empty() {
                self.join(table, ids, &content, false);
            }
        }
        self.join_said(table, ids, key, &[]);
        if is_made_up {
            self.join(table, ids, &[key], true);
        }
        for (baseline, candidate) in self.pairs.iter().filter(|(baseline, candidate)| baseline[key] != candidate[key]) {
            ids.learn(&table.name, &baseline[key], &candidate[key]);
        }
    }

    /// Rows that only share an id that the databases made up may be two things.
    fn break_up(&mut self, table: &Joined, ids: &Ids, content: &[usize]) {
        let is_one = |(baseline, candidate): &(Row, Row)| are_alike(table, ids, content, baseline, candidate);
        let (one, two): (Vec<_>, Vec<_>) = std::mem::take(&mut self.pairs).into_iter().partition(is_one);
        self.pairs = one;
        for (baseline, candidate) in two {
            self.missing.push(baseline);
            self.extra.push(candidate);
        }
    }

    /// Joins rows whose ids answers have said to be one, if they are the same in these columns.
    fn join_said(&mut self, table: &Joined, ids: &Ids, key: usize, columns: &[usize]) {
        let extra = self.extra.iter().enumerate().filter_map(|(at, row)| Some((text(&row[key])?, at)));
        let extra: HashMap<String, usize> = extra.collect();
        let partner = |row: &Row| {
            let at = *extra.get(&ids.said(table, Role::Baseline, &row[key])?)?;
            are_alike(table, ids, columns, row, &self.extra[at]).then_some(at)
        };
        let partners = self.missing.iter().map(partner).collect();
        self.take(partners);
    }

    /// Joins rows that are the same in these columns. A row that has nothing in one of them is not identified by it.
    fn join(&mut self, table: &Joined, ids: &Ids, columns: &[usize], identifies: bool) {
        let is_usable = |row: &Row| !identifies || columns.iter().all(|at| !row[*at].is_null());
        let mut free: HashMap<Vec<Cell>, Vec<usize>> = HashMap::new();
        // Taken from the end: the first comes out first.
        for (at, row) in self.extra.iter().enumerate().rev().filter(|(_, row)| is_usable(row)) {
            free.entry(columns.iter().map(|column| row[*column].clone()).collect()).or_default().push(at);
        }
        let mut partners: Vec<Option<usize>> = Vec::with_capacity(self.missing.len());
        for row in &self.missing {
            let wanted = || ids.translated(table, columns, row);
            let partner = is_usable(row).then(wanted).and_then(|wanted| free.get_mut(&wanted)?.pop());
            partners.push(partner);
        }
        self.take(partners);
    }

    /// Makes pairs of rows that were found to be one: of each row of the baseline, the place of the candidate's.
    fn take(&mut self, partners: Vec<Option<usize>>) {
        let mut extra: Vec<Option<Row>> = std::mem::take(&mut self.extra).into_iter().map(Some).collect();
        for (row, partner) in std::mem::take(&mut self.missing).into_iter().zip(partners) {
            match partner.and_then(|at| extra[at].take()) {
                Some(other) => self.pairs.push((row, other)),
                None => self.missing.push(row),
            }
        }
        self.extra = extra.into_iter().flatten().collect();
    }
}

/// Whether a column is what a row is about: not its id, and nothing that a rule lets differ.
fn is_content(table: &Joined, key: usize, column: usize) -> bool {
    column != key && table.rules[column].is_none()
}

/// Whether two rows are the same in these columns, ids by what they name.
fn are_alike(table: &Joined, ids: &Ids, columns: &[usize], baseline: &Row, candidate: &Row) -> bool {
    columns.iter().all(|at| ids.same_cell(table, *at, &baseline[*at], &candidate[*at]))
}
