//! What answers said of ids, held against the rows: what answers say is one must be one row in both databases.
//!
//! A word of an answer and a table of one name need not be the same thing: what an answer calls the id of an order may be
//! a number that is kept in another column than the key. So nothing is said unless every id that the baseline's answers
//! named and that is there at all stands in the key, and in no other column as well.

use std::collections::HashSet;

use super::again::{self, Evidence};
use super::error::StateError;
use super::joined::Joined;
use super::ledger::Found;
use super::{Comparison, each};
use crate::compare::ids::{Conflict, KnownPair, Namespace};
use crate::record::Class;
use crate::record::parity::Kind;
use crate::role::{Pair, Role};

/// Most pairs of a table that are held against its rows at one look; those that differ come first.
const MOST_PAIRS: usize = 2_000;

/// Ids that are keys of a table, of each side.
type Present = Pair<HashSet<String>>;

impl Comparison {
    /// Holds what answers said against the rows of all tables, once these are compared.
    pub(super) async fn hold_against_answers(&mut self, tables: &[Joined]) -> Result<(), StateError> {
        for table in tables.iter().filter(|table| table.only_key().is_some()) {
            for namespace in self.namespaces(table) {
                self.hold_table(table, &namespace).await?;
            }
        }
        Ok(())
    }

    /// What the keys of a table are called in answers.
    fn namespaces(&self, table: &Joined) -> Vec<Namespace> {
        let (answers, word) = self.ids.answers(table);
        let known = word.cloned().into_iter().chain([Namespace::uuid()]);
        known.filter(|namespace| answers.knows(namespace) && !self.ids.is_doubtful(&table.name)).collect()
    }

    async fn hold_table(&mut self, table: &Joined, namespace: &Namespace) -> Result<(), StateError> {
        let (answers, _) = self.ids.answers(table);
        let pairs: Vec<Said> = answers.pairs(namespace).into_iter().take(MOST_PAIRS).map(Said::from).collect();
        // Costs nothing where rows and answers say the same.
        let suspects: Vec<&Said> = pairs.iter().filter(|said| !self.is_so(table, said)).collect();
        if suspects.is_empty() {
            return Ok(());
        }
        let present = self.present(table, &pairs).await?;
        let found: Vec<Conflict> =
            suspects.into_iter().filter_map(|said| self.conflict(table, namespace, said, &present)).collect();
        if found.is_empty() || !self.are_of_key(table, namespace, &pairs, &present).await? {
            return Ok(());
        }
        for conflict in found {
            self.tell(table, &conflict);
        }
        Ok(())
    }

    /// Whether the rows say of a pair what answers said.
    fn is_so(&self, table: &Joined, said: &Said) -> bool {
        self.ids.partner(&table.name, Role::Baseline, &said.baseline).as_ref() == Some(&said.candidate)
    }

    /// Which of the ids that answers or rows speak of are there.
    async fn present(&mut self, table: &Joined, pairs: &[Said]) -> Result<Present, StateError> {
        let key = table.only_key().unwrap_or_default();
        let named = |role: Role| {
            let of = |said: &Said| if role == Role::Baseline { said.baseline.clone() } else { said.candidate.clone() };
            let others = pairs.iter().filter_map(|said| {
                let other = if role == Role::Baseline { &said.candidate } else { &said.baseline };
                self.ids.partner(&table.name, role.other(), other)
            });
            pairs.iter().map(of).chain(others).collect::<Vec<_>>()
        };
        let named = Pair::from_fn(named);
        let Pair { baseline, candidate } = &mut self.readers;
        let (baseline, candidate) =
            each(baseline.present(table, key, &named.baseline), candidate.present(table, key, &named.candidate))
                .await?;
        Ok(Pair { baseline, candidate })
    }

    /// Two rows that answers say are one, and of which at least one is another side's other row.
    fn conflict(&self, table: &Joined, namespace: &Namespace, said: &Said, present: &Present) -> Option<Conflict> {
        let ids = Pair { baseline: &said.baseline, candidate: &said.candidate };
        Role::BOTH.into_iter().find_map(|role| {
            let (id, before) = (*ids.get(role), *ids.get(role.other()));
            // A row that one side alone has is told as such.
            let now = self.ids.partner(&table.name, role, id)?;
            let is_there = present.get(role).contains(id) && present.get(role.other()).contains(&now);
            (is_there && now != *before).then(|| Conflict {
                namespace: namespace.clone(),
                role,
                id: id.clone(),
                before: before.clone(),
                place: said.place.clone(),
                now,
            })
        })
    }

    /// Whether the ids of answers are the keys of the table, and nothing else in it.
    async fn are_of_key(
        &mut self,
        table: &Joined,
        namespace: &Namespace,
        pairs: &[Said],
        present: &Present,
    ) -> Result<bool, StateError> {
        let there = |said: &&Said| present.baseline.contains(&said.baseline);
        // What neither side has any more says nothing.
        let is_left = |said: &&Said| there(said) || present.candidate.contains(&said.candidate);
        let left: Vec<&Said> = pairs.iter().filter(is_left).collect();
        if *namespace == Namespace::uuid() {
            return Ok(true);
        }
        if !left.iter().all(there) {
            return Ok(false);
        }
        let ids: Vec<String> = left.iter().map(|said| said.baseline.clone()).collect();
        for column in (0..table.columns.len()).filter(|column| Some(*column) != table.only_key()) {
            let found = self.readers.baseline.present(table, column, &ids).await;
            if found.map_err(StateError::of(Role::Baseline))?.len() == ids.len() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn tell(&mut self, table: &Joined, conflict: &Conflict) {
        let name = &table.columns[table.only_key().unwrap_or_default()].name;
        let values = match conflict.role {
            Role::Baseline => Pair { baseline: conflict.id.clone(), candidate: conflict.now.clone() },
            Role::Candidate => Pair { baseline: conflict.now.clone(), candidate: conflict.id.clone() },
        };
        let found = Found {
            class: Class::Breaking,
            kind: Kind::Id,
            table: table.name.clone(),
            part: format!("row {name}={}", values.baseline),
            column: Some(name.clone()),
            baseline: Some(values.baseline.clone()),
            candidate: Some(values.candidate.clone()),
            rule: None,
            note: Some(format!("{conflict}, in the rows")),
        };
        let key = table.only_key().unwrap_or_default();
        self.ledger.add(found, |client, _| {
            let id = |id: &String| Some(again::is_text(table, key, id));
            let conditions = Pair { baseline: id(&values.baseline), candidate: id(&values.candidate) };
            Evidence { queries: again::queries(client, table, conditions), ..Evidence::default() }
        });
    }
}

/// Two ids of which answers said that they are one.
struct Said {
    baseline: String,
    candidate: String,
    place: String,
}

impl From<KnownPair<'_>> for Said {
    fn from(pair: KnownPair<'_>) -> Self {
        let KnownPair { baseline, candidate, place } = pair;
        Self { baseline: baseline.to_owned(), candidate: candidate.to_owned(), place: place.to_owned() }
    }
}
