//! Which row of the one side is which row of the other, where their keys do not say it. Pure.
//!
//! A key says nothing where the databases made it up, where the service drew a UUID for it, and where a rule lets it
//! differ; one that refers to other rows says what these turned out to be. Rows that do not join by their key are joined by
//! what identifies them besides, then by their content, then by what answers said of their id, and only then by the id
//! itself again. Of rows with the same content, those belong together that answers say are one. Ids that refer to rows of
//! another table are compared by what those rows turned out to be.

use std::collections::HashMap;

use super::ids::{Ids, text};
use super::joined::{Joined, Row};
use super::merge::Event;
use super::waiting::{Waiting, hash, size};
use crate::compare::rows::Cell;
use crate::role::Role;

/// Bytes of rows that are kept until it is known which of them are one: some hundred thousand rows of a usual width.
const MOST_BYTES: usize = 256 << 20;

/// What did not join, or joined and differs.
#[derive(Debug)]
pub(super) struct Residue {
    pub(super) pairs: Vec<(Row, Row)>,
    pub(super) missing: Vec<Row>,
    pub(super) extra: Vec<Row>,
    /// Rows that were not kept although one that came later may be the same: no row that one side seems to have alone is
    /// known to be so.
    pub(super) left: u64,
    waiting: Waiting,
    /// Bytes of all but what waits.
    bytes: usize,
    most_bytes: usize,
    /// Columns that say what a row is about.
    content: Vec<usize>,
    /// Whether the key refers to rows of which some have other ids on the two sides.
    by_key: bool,
    /// Whether rows can be joined as they come: what they refer to is known.
    as_they_come: bool,
}

/// What came of an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// It is kept until more is known.
    Waits,
    /// Two rows that are one.
    One(Row, Row),
    /// A row that one side has alone, and there is no room to keep it.
    Lone(Role, Row),
}

impl Residue {
    pub(super) fn new(table: &Joined, ids: &Ids) -> Self {
        Self {
            pairs: Vec::new(),
            missing: Vec::new(),
            extra: Vec::new(),
            left: 0,
            waiting: Waiting::default(),
            bytes: 0,
            most_bytes: MOST_BYTES,
            content: (0..table.columns.len()).filter(|at| is_content(table, *at)).collect(),
            by_key: ids.concern_key(table),
            as_they_come: !table.references.iter().flatten().any(|target| *target == table.name),
        }
    }

    /// Takes what came of the next rows. What is known to be one row is given back, whatever differs in it.
    pub(super) fn take_in(&mut self, table: &Joined, ids: &mut Ids, event: Event) -> Vec<Kept> {
        match event {
            Event::Same => Vec::new(),
            Event::Missing(row) => vec![self.lone(table, ids, Role::Baseline, row)],
            Event::Extra(row) => vec![self.lone(table, ids, Role::Candidate, row)],
            Event::Differ(baseline, candidate) => {
                // Rows that only share a key that says nothing may be two things.
                let columns = if table.has_arbitrary_key() { &self.content } else { &table.key };
                if are_alike(table, ids, columns, &baseline, &candidate) {
                    return vec![Kept::One(baseline, candidate)];
                }
                let one = self.lone(table, ids, Role::Baseline, baseline);
                vec![one, self.lone(table, ids, Role::Candidate, candidate)]
            }
        }
    }

    /// Keeps two rows that are one and differ, or gives them back if there are too many.
    pub(super) fn keep(&mut self, baseline: Row, candidate: Row) -> Option<(Row, Row)> {
        if !self.has_room(size(&baseline) + size(&candidate)) {
            return Some((baseline, candidate));
        }
        self.bytes += size(&baseline) + size(&candidate);
        self.pairs.push((baseline, candidate));
        None
    }

    /// Rows that one side has alone, as far as is known.
    pub(super) fn lone_rows(&self) -> u64 {
        (self.missing.len() + self.extra.len()) as u64
    }

    /// Whether all is known by which rows that are one are compared.
    pub(super) const fn is_settled(&self) -> bool {
        self.as_they_come
    }

    const fn has_room(&self, more: usize) -> bool {
        self.bytes + self.waiting.bytes() + more <= self.most_bytes
    }

    /// A row whose key the other side does not have, or has for something else.
    fn lone(&mut self, table: &Joined, ids: &mut Ids, role: Role, row: Row) -> Kept {
        let is_drawn = table.is_drawn(&row);
        let columns = if is_drawn { &self.content } else { &table.key };
        let known_by = self
            .can_be_joined(table, ids, role, &row, is_drawn)
            .then(|| hash(is_drawn, &known_by(table, ids, columns, role, &row)));
        if let Some(hash) = known_by {
            let is_one = |other: &Row| match role {
                Role::Baseline => are_alike(table, ids, columns, &row, other),
                Role::Candidate => are_alike(table, ids, columns, other, &row),
            };
            if let Some(other) = self.waiting.take(role, hash, is_one) {
                let (baseline, candidate) = if role == Role::Baseline { (row, other) } else { (other, row) };
                learn(table, ids, &baseline, &candidate);
                return Kept::One(baseline, candidate);
            }
        }
        if self.has_room(size(&row)) {
            self.let_wait(role, known_by, row);
        } else if is_drawn || self.by_key {
            self.left += 1;
        } else {
            return Kept::Lone(role, row);
        }
        Kept::Waits
    }

    /// Whether a row can be joined as it comes, by what it holds or by what its key refers to. Those of which answers spoke
    /// wait for the one that is meant.
    fn can_be_joined(&self, table: &Joined, ids: &Ids, role: Role, row: &Row, is_drawn: bool) -> bool {
        let is_said = || table.only_key().is_some_and(|key| ids.said(table, role, &row[key]).is_some());
        self.as_they_come && if is_drawn { !self.content.is_empty() && !is_said() } else { self.by_key }
    }

    fn let_wait(&mut self, role: Role, known_by: Option<u64>, row: Row) {
        if let Some(hash) = known_by {
            return self.waiting.add(role, hash, row);
        }
        self.bytes += size(&row);
        if role == Role::Baseline { &mut self.missing } else { &mut self.extra }.push(row);
    }

    /// Joins what can be joined of what is left, and learns which ids are one.
    pub(super) fn pair(&mut self, table: &Joined, ids: &mut Ids) {
        let waiting = std::mem::take(&mut self.waiting).into_rows();
        self.missing.extend(waiting.baseline);
        self.extra.extend(waiting.candidate);
        if self.left > 0 {
            self.missing.clear();
            self.extra.clear();
            return;
        }
        self.missing.sort_by(|one, other| table.order(one, other));
        self.extra.sort_by(|one, other| table.order(one, other));
        if let Some(key) = table.only_key() {
            self.join_drawn(table, ids, key);
        }
        self.join(table, ids, &table.key, |row| !table.has_primary_key || has_all(row, &table.key));
        for (baseline, candidate) in &self.pairs {
            learn(table, ids, baseline, candidate);
        }
    }

    /// Joins rows by all else than their key.
    fn join_drawn(&mut self, table: &Joined, ids: &Ids, key: usize) {
        let content = std::mem::take(&mut self.content);
        // Of rows with the same content, those that answers say are one.
        self.join_said(table, ids, key, &content);
        let is_compared = |columns: &&Vec<usize>| !columns.iter().any(|at| *at == key || table.ignored[*at]);
        for unique in table.uniques.iter().filter(is_compared) {
            self.join(table, ids, unique, |row| table.is_drawn(row) && has_all(row, unique));
        }
        if !content.is_empty() {
            self.join(table, ids, &content, |row| table.is_drawn(row));
        }
        self.join_said(table, ids, key, &[]);
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

    /// Joins those usable rows that are the same in these columns.
    fn join(&mut self, table: &Joined, ids: &Ids, columns: &[usize], is_usable: impl Fn(&Row) -> bool) {
        let mut free: HashMap<Vec<Cell>, Vec<usize>> = HashMap::new();
        // Taken from the end: the first comes out first.
        for (at, row) in self.extra.iter().enumerate().rev().filter(|(_, row)| is_usable(row)) {
            free.entry(known_by(table, ids, columns, Role::Candidate, row)).or_default().push(at);
        }
        let mut partners: Vec<Option<usize>> = Vec::with_capacity(self.missing.len());
        for row in &self.missing {
            let wanted = || known_by(table, ids, columns, Role::Baseline, row);
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

/// Two rows that are one have one id each.
fn learn(table: &Joined, ids: &mut Ids, baseline: &Row, candidate: &Row) {
    if let Some(key) = table.only_key()
        && baseline[key] != candidate[key]
    {
        ids.learn(&table.name, &baseline[key], &candidate[key]);
    }
}

/// The cells of some columns, as the candidate would have them.
fn known_by(table: &Joined, ids: &Ids, columns: &[usize], role: Role, row: &Row) -> Vec<Cell> {
    match role {
        Role::Baseline => ids.translated(table, columns, row),
        Role::Candidate => columns.iter().map(|column| row[*column].clone()).collect(),
    }
}

/// A row that has nothing in one of these columns is not identified by them.
fn has_all(row: &Row, columns: &[usize]) -> bool {
    columns.iter().all(|at| !row[*at].is_null())
}

/// Whether a column is what a row is about: not its id, and nothing that a rule lets differ.
fn is_content(table: &Joined, column: usize) -> bool {
    table.only_key() != Some(column) && table.rules[column].is_none()
}

/// Whether two rows are the same in these columns, ids by what they name.
fn are_alike(table: &Joined, ids: &Ids, columns: &[usize], baseline: &Row, candidate: &Row) -> bool {
    columns.iter().all(|at| ids.same_cell(table, *at, &baseline[*at], &candidate[*at]))
}

#[cfg(test)]
mod tests;
