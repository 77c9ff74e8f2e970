//! Which ids of the two databases name the same row: by what the rows turned out to be, and by what answers said. Pure.
//!
//! An id in an answer is a word and a text; in a database it is a cell of a key. The word of a table is its name, of a
//! column that refers to something what stands before its `_id`. Where two tables have one word, nothing is known of it.

use std::collections::{HashMap, HashSet};

use super::joined::{Joined, Row};
use crate::compare::ids::{Bijection, Namespace, Verdict};
use crate::compare::rows::{Cell, Form};
use crate::role::{Pair, Role};

/// Ids that differ and name the same row.
#[derive(Debug, Clone, Default)]
pub(super) struct Ids {
    /// What the rows say, by table.
    tables: HashMap<String, Partners>,
    /// Tables of which not all rows could be paired.
    doubtful: HashSet<String>,
    /// What answers said.
    answers: Bijection,
    /// What the keys of a table are called in answers.
    words: HashMap<String, Namespace>,
}

/// Of the ids of each side, what they are on the other.
type Partners = Pair<HashMap<Cell, Cell>>;

impl Ids {
    /// From now on this is what answers have said.
    pub(super) fn hear(&mut self, answers: &Bijection) {
        self.answers.clone_from(answers);
    }

    /// What the tables' keys are called in answers.
    pub(super) fn name(&mut self, tables: &[Joined]) {
        let word = |table: &Joined| Namespace::resource(table.name.rsplit('.').next().unwrap_or(&table.name));
        let mut tables_of: HashMap<Namespace, Vec<&Joined>> = HashMap::new();
        for table in tables {
            tables_of.entry(word(table)).or_default().push(table);
        }
        let only = |(word, tables): (Namespace, Vec<&Joined>)| match tables.as_slice() {
            [only] => Some((only.name.clone(), word)),
            _ => None,
        };
        self.words = tables_of.into_iter().filter_map(only).collect();
    }

    /// What answers said, and what they call the keys of a table.
    pub(super) fn answers(&self, table: &Joined) -> (&Bijection, Option<&Namespace>) {
        (&self.answers, self.words.get(&table.name))
    }

    /// Forgets what the rows of a table said.
    pub(super) fn forget(&mut self, table: &str) {
        self.tables.remove(table);
        self.doubtful.remove(table);
    }

    /// Not all rows of a table could be paired, and so not all is known that they say.
    pub(super) fn doubt(&mut self, table: &str) {
        self.doubtful.insert(table.to_owned());
    }

    pub(super) fn is_doubtful(&self, table: &str) -> bool {
        self.doubtful.contains(table)
    }

    /// Two ids name the same row. Equal ones need not be told.
    pub(super) fn learn(&mut self, table: &str, baseline: &Cell, candidate: &Cell) {
        let partners = self.tables.entry(table.to_owned()).or_default();
        partners.baseline.insert(baseline.clone(), candidate.clone());
        partners.candidate.insert(candidate.clone(), baseline.clone());
    }

    /// Whether any table that this one refers to has ids that differ.
    pub(super) fn concern(&self, table: &Joined) -> bool {
        table.references.iter().flatten().any(|name| self.tables.contains_key(name))
    }

    /// The same of the columns of its key.
    pub(super) fn concern_key(&self, table: &Joined) -> bool {
        let mut targets = table.key.iter().filter_map(|at| table.references[*at].as_ref());
        targets.any(|name| self.tables.contains_key(name))
    }

    /// What a row's id is on the other side, as far as the rows say: itself unless another row is known. `None`: it is
    /// known to be another row's there.
    pub(super) fn partner(&self, table: &str, role: Role, id: &str) -> Option<String> {
        let Some(partners) = self.tables.get(table) else { return Some(id.to_owned()) };
        let cell = |form| Cell::new(form, id.as_bytes());
        let cells = [cell(Form::Integer), cell(Form::Text)];
        let known = cells.iter().find_map(|cell| partners.get(role).get(cell));
        if let Some(partner) = known {
            return Some(String::from_utf8_lossy(&partner.text).into_owned());
        }
        let is_taken = cells.iter().any(|cell| partners.get(role.other()).contains_key(cell));
        (!is_taken).then(|| id.to_owned())
    }

    /// What answers said that a row's id is on the other side.
    pub(super) fn said(&self, table: &Joined, role: Role, id: &Cell) -> Option<String> {
        let id = text(id)?;
        let namespace = self.words.get(&table.name).cloned();
        let namespace = namespace.unwrap_or_else(|| Namespace::resource("")).of_id(&id);
        self.answers.partner(&namespace, role, &id).map(str::to_owned)
    }

    /// Whether answers said that two rows' ids are one.
    pub(super) fn are_said_to_be_one(&self, table: &Joined, baseline: &Cell, candidate: &Cell) -> bool {
        self.said(table, Role::Baseline, baseline).is_some_and(|said| Some(said) == text(candidate))
    }

    /// What answers said of two cells that differ in a column without a foreign key, if its name says that it refers to
    /// something.
    pub(super) fn by_name(&self, table: &Joined, column: usize, baseline: &Cell, candidate: &Cell) -> Verdict {
        let (Some(one), Some(other)) = (text(baseline), text(candidate)) else { return Verdict::Unknown };
        let word = Namespace::reference(&table.columns[column].name);
        match word.or_else(|| names_uuid(&one).then(Namespace::uuid)) {
            Some(word) => self.answers.check(&word.of_id(&one), &one, &other),
            None => Verdict::Unknown,
        }
    }

    /// Whether two cells of a column are the same, ids by what they name.
    pub(super) fn same_cell(&self, table: &Joined, column: usize, baseline: &Cell, candidate: &Cell) -> bool {
        match &table.references[column] {
            Some(target) => self.is_same(target, baseline, candidate),
            None => baseline == candidate || self.by_name(table, column, baseline, candidate) == Verdict::Mapped,
        }
    }

    /// Whether two cells that refer to a table mean the same row of it.
    fn is_same(&self, table: &str, baseline: &Cell, candidate: &Cell) -> bool {
        match self.tables.get(table) {
            None => baseline == candidate,
            Some(partners) => match partners.baseline.get(baseline) {
                Some(partner) => partner == candidate,
                None => baseline == candidate && !partners.candidate.contains_key(candidate),
            },
        }
    }

    /// The cells of some columns of a row of the baseline as they would be on the candidate's side.
    pub(super) fn translated(&self, table: &Joined, columns: &[usize], row: &Row) -> Vec<Cell> {
        let cell = |at: &usize| {
            let partner = table.references[*at].as_ref().and_then(|target| self.tables.get(target));
            let partner = partner.and_then(|partners| partners.baseline.get(&row[*at]));
            partner.unwrap_or(&row[*at]).clone()
        };
        columns.iter().map(cell).collect()
    }
}

/// An id as answers would write it; `None`: what no answer would.
pub(super) fn text(id: &Cell) -> Option<String> {
    let is_id = matches!(id.form, Form::Integer | Form::Text);
    let text = is_id.then(|| std::str::from_utf8(&id.text).ok()).flatten()?;
    Some(if names_uuid(text) { text.to_ascii_lowercase() } else { text.to_owned() })
}

/// Whether a cell holds a UUID as text.
pub(super) fn is_uuid(cell: &Cell) -> bool {
    cell.form == Form::Text && std::str::from_utf8(&cell.text).is_ok_and(names_uuid)
}

fn names_uuid(text: &str) -> bool {
    Namespace::uuid() == Namespace::resource("").of_id(text)
}
