//! What was found, told once and counted: equal differences are one line, and what was there after an earlier flow is not
//! told again after a later one.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::joined::{Joined, Row};
use crate::plan::{StateCompare, StateRule};
use crate::record::parity::{Example, Kind, RuleUse};
use crate::record::{Class, Difference, State};
use crate::tally::Secrets;

/// Most groups of differences that are kept; beyond it only the counts go on.
const MAX_GROUPS: usize = 1_000;
/// Further examples of one group that are kept.
const MOST_EXAMPLES: usize = 2;
/// What stands for a step: a database is compared between steps.
pub(super) const STEP: &str = "database";
/// Characters of a row that are shown.
const LONGEST_ROW: usize = 200;

/// One difference.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) class: Class,
    pub(super) kind: Kind,
    pub(super) table: String,
    /// What of the table: a row by its key, `index NAME`; may be empty.
    pub(super) part: String,
    /// Name of the column, if it is about one.
    pub(super) column: Option<String>,
    pub(super) baseline: Option<String>,
    pub(super) candidate: Option<String>,
    pub(super) rule: Option<usize>,
    /// How it breaks the rule.
    pub(super) note: Option<String>,
}

/// The evidence so far.
pub(super) struct Ledger {
    pub(super) state: State,
    secrets: Secrets,
    /// After what the databases are compared now.
    after: String,
    /// Hashes of the places that were told.
    told: HashSet<u64>,
    groups: HashMap<u64, usize>,
}

impl Ledger {
    /// Goes on with what was found before, in databases that are no more.
    pub(super) fn new(compare: &StateCompare, before: Option<State>) -> Self {
        let state =
            before.unwrap_or_else(|| State { rules: compare.rules.iter().map(rule_use).collect(), ..State::default() });
        let secrets = Secrets::new([]);
        Self { state, secrets, after: String::new(), told: HashSet::new(), groups: HashMap::new() }
    }

    /// From now on these do not get into the evidence.
    pub(super) fn keep_secret(&mut self, secrets: Secrets) {
        self.secrets = secrets;
    }

    /// What follows was found after this.
    pub(super) fn after(&mut self, what: &str) {
        what.clone_into(&mut self.after);
    }

    /// A rule was asked about so many places.
    pub(super) fn asked(&mut self, rule: Option<usize>, places: u64) {
        if let Some(used) = rule.and_then(|rule| self.state.rules.get_mut(rule)) {
            used.matched += places;
        }
    }

    /// Counts a difference, unless it was told before.
    pub(super) fn add(&mut self, found: Found) {
        let place = hash(&(&found.table, &found.part, &found.column, found.kind, found.class));
        if !self.told.insert(place) {
            return;
        }
        match found.class {
            Class::Breaking => self.state.breaking += 1,
            Class::Representation => self.state.representation += 1,
            Class::Volatile => self.state.volatile += 1,
        }
        let allowed = found.rule.filter(|_| found.class == Class::Volatile);
        if let Some(used) = allowed.and_then(|rule| self.state.rules.get_mut(rule)) {
            used.allowed += 1;
        }
        // Parts of a schema have names that matter; rows of a table are one group.
        let part = if found.kind == Kind::Schema { &*found.part } else { "" };
        let group = hash(&(&self.after, &found.table, part, &found.column, found.kind, found.class, found.rule));
        if let Some(at) = self.groups.get(&group).copied() {
            let next = self.difference(found);
            if let Some(difference) = self.state.differences.get_mut(at) {
                difference.count += 1;
                if difference.examples.len() < MOST_EXAMPLES {
                    let Difference { place, baseline, candidate, .. } = next;
                    difference.examples.push(Example { place, baseline, candidate });
                }
            }
        } else if self.groups.len() < MAX_GROUPS {
            self.groups.insert(group, self.state.differences.len());
            let difference = self.difference(found);
            self.state.differences.push(difference);
        }
    }

    fn difference(&self, found: Found) -> Difference {
        let mut place = format!("table {}", found.table);
        for part in [Some(found.part), found.column.as_ref().map(|column| format!("column {column}"))] {
            if let Some(part) = part.filter(|part| !part.is_empty()) {
                place.push(' ');
                place.push_str(&part);
            }
        }
        let name = found.column.as_deref().unwrap_or_default();
        let value = |value: Option<String>| value.map(|value| self.secrets.mask(name, &value));
        Difference {
            class: found.class,
            kind: found.kind,
            flow: self.after.clone(),
            step: STEP.to_owned(),
            place,
            baseline: value(found.baseline),
            candidate: value(found.candidate),
            count: 1,
            rule: found.rule.and_then(|rule| self.state.rules.get(rule)).map(|used| used.rule.clone()),
            accepted: None,
            remedy: None,
            case: None,
            note: found.note,
            examples: Vec::new(),
        }
    }

    /// A row by its key: `row id=17`.
    pub(super) fn row_name(&self, table: &Joined, row: &Row) -> String {
        format!("row {}", shorten(&self.cells(table, row, &table.key, " ")))
    }

    /// A row by all that is compared in it.
    pub(super) fn row_shown(&self, table: &Joined, row: &Row) -> String {
        let compared: Vec<usize> = (0..row.len()).filter(|at| !table.ignored[*at]).collect();
        shorten(&self.cells(table, row, &compared, ", "))
    }

    fn cells(&self, table: &Joined, row: &Row, columns: &[usize], between: &str) -> String {
        let mut text = String::new();
        for at in columns {
            if text.len() > LONGEST_ROW * 4 {
                break;
            }
            let name = &table.columns[*at].name;
            let separator = if text.is_empty() { "" } else { between };
            let _ = write!(text, "{separator}{name}={}", self.secrets.mask(name, &row[*at].shown()));
        }
        text
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(LONGEST_ROW) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

fn rule_use(rule: &StateRule) -> RuleUse {
    RuleUse {
        rule: format!("{rule}: {}", rule.kind),
        reason: rule.reason.clone(),
        flow: None,
        step: None,
        matched: 0,
        allowed: 0,
    }
}
