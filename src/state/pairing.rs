//! Which row of the one side is which row of the other, where the databases made up other ids for them. Pure.
//!
//! What does not join by its key is joined by what identifies it besides, then by its content, and only then by its id
//! again. Ids that refer to rows of another table are compared by what those rows turned out to be.

use std::collections::HashMap;

use super::joined::{Joined, Row};
use super::merge::Event;
use crate::compare::rows::Cell;

/// Rows that are kept for pairing; what goes beyond it is told as it was joined.
const MOST_ROWS: usize = 20_000;

/// What did not join, or joined and differs.
#[derive(Debug, Default)]
pub(super) struct Residue {
    pub(super) pairs: Vec<(Row, Row)>,
    pub(super) missing: Vec<Row>,
    pub(super) extra: Vec<Row>,
}

/// Ids that differ and name the same row, by table.
#[derive(Debug, Clone, Default)]
pub(super) struct Ids {
    tables: HashMap<String, Partners>,
}

#[derive(Debug, Clone, Default)]
struct Partners {
    candidates: HashMap<Cell, Cell>,
    baselines: HashMap<Cell, Cell>,
}

impl Ids {
    /// Forgets what is known of a table.
    pub(super) fn forget(&mut self, table: &str) {
        self.tables.remove(table);
    }

    /// Two ids name the same row. Equal ones need not be told.
    pub(super) fn learn(&mut self, table: &str, baseline: &Cell, candidate: &Cell) {
        let partners = self.tables.entry(table.to_owned()).or_default();
        partners.candidates.insert(baseline.clone(), candidate.clone());
        partners.baselines.insert(candidate.clone(), baseline.clone());
    }

    /// Whether any table that this one refers to has ids that differ.
    pub(super) fn concern(&self, table: &Joined) -> bool {
        table.references.iter().flatten().any(|name| self.tables.contains_key(name))
    }

    /// Whether two cells that refer to a table mean the same row of it.
    pub(super) fn is_same(&self, table: &str, baseline: &Cell, candidate: &Cell) -> bool {
        match self.tables.get(table) {
            None => baseline == candidate,
            Some(partners) => match partners.candidates.get(baseline) {
                Some(partner) => partner == candidate,
                None => baseline == candidate && !partners.baselines.contains_key(candidate),
            },
        }
    }

    /// What the baseline's cell would be on the candidate's side.
    fn translate(&self, table: &str, baseline: &Cell) -> Cell {
        let partner = self.tables.get(table).and_then(|partners| partners.candidates.get(baseline));
        partner.unwrap_or(baseline).clone()
    }
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
        let Some(key) = table.generated_key() else { return };
        self.break_up(table, ids);
        let is_compared = |columns: &&Vec<usize>| !columns.iter().any(|at| *at == key || table.ignored[*at]);
        for unique in table.uniques.iter().filter(is_compared) {
            self.join(table, ids, unique, true);
        }
        let content: Vec<usize> = (0..table.columns.len()).filter(|at| is_content(table, key, *at)).collect();
        if !content.is_empty() {
            self.join(table, ids, &content, false);
        }
        self.join(table, ids, &[key], true);
        for (baseline, candidate) in self.pairs.iter().filter(|(baseline, candidate)| baseline[key] != candidate[key]) {
            ids.learn(&table.name, &baseline[key], &candidate[key]);
        }
    }

    /// Rows that only share an id that the databases made up may be two things.
    fn break_up(&mut self, table: &Joined, ids: &Ids) {
        let Some(key) = table.generated_key() else { return };
        let is_content = |at: &usize| is_content(table, key, *at);
        let is_one = |(baseline, candidate): &(Row, Row)| {
            (0..table.columns.len())
                .filter(is_content)
                .all(|at| same_cell(table, ids, at, &baseline[at], &candidate[at]))
        };
        let (one, two): (Vec<_>, Vec<_>) = std::mem::take(&mut self.pairs).into_iter().partition(is_one);
        self.pairs = one;
        for (baseline, candidate) in two {
            self.missing.push(baseline);
            self.extra.push(candidate);
        }
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
            let wanted = || columns.iter().map(|at| translated(table, ids, *at, &row[*at])).collect::<Vec<_>>();
            let partner = is_usable(row).then(wanted).and_then(|wanted| free.get_mut(&wanted)?.pop());
            partners.push(partner);
        }
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

/// Whether two cells of a column are the same, ids by what they name.
pub(super) fn same_cell(table: &Joined, ids: &Ids, column: usize, baseline: &Cell, candidate: &Cell) -> bool {
    match &table.references[column] {
        Some(target) => ids.is_same(target, baseline, candidate),
        None => baseline == candidate,
    }
}

fn translated(table: &Joined, ids: &Ids, column: usize, baseline: &Cell) -> Cell {
    match &table.references[column] {
        Some(target) => ids.translate(target, baseline),
        None => baseline.clone(),
    }
}
