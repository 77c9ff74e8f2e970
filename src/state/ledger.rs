//! What was found, told once and counted: equal differences are one line, and what was there after an earlier flow is not
//! told again after a later one.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::again::{self, Client, Evidence};
use super::joined::{Joined, Row};
use super::moment::Moment;
use crate::compare;
use crate::plan::{Accepted, StateCompare, StateRule};
use crate::record::parity::{Example, Kind, RuleUse};
use crate::record::reproduce::FailingCase;
use crate::record::{Class, Difference, State};
use crate::reproduce::diff;
use crate::role::Pair;
use crate::tally::{Acceptances, Cases, Secrets, remedy};

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
    /// When the databases are compared now.
    moment: Moment,
    /// Hashes of the places that were told.
    told: HashSet<u64>,
    groups: HashMap<u64, usize>,
    acceptances: Acceptances,
    cases: Cases,
    /// Failing cases that still lack the requests that led to them.
    waiting: Vec<usize>,
    client: Client,
}

impl Ledger {
    /// Goes on with what was found before, in databases that are no more.
    pub(super) fn new(compare: &StateCompare, before: Option<State>, client: Client) -> Self {
        let mut state =
            before.unwrap_or_else(|| State { rules: compare.rules.iter().map(rule_use).collect(), ..State::default() });
        // Fresh databases are built as those before them were.
        let known = state.differences.iter().filter(|known| known.kind == Kind::Schema);
        let told = known.map(|known| hash(&(&known.place, known.kind, known.class))).collect();
        Self {
            secrets: Secrets::new([]),
            moment: Moment::default(),
            told,
            groups: HashMap::new(),
            acceptances: Acceptances::new(None),
            cases: Cases::after(std::mem::take(&mut state.cases), state.cases_left_out),
            waiting: Vec::new(),
            client,
            state,
        }
    }

    /// What somebody has accepted.
    pub(super) fn accept(&mut self, accepted: Option<&Accepted>) {
        self.acceptances = Acceptances::new(accepted);
    }

    /// Whether failing cases lack the requests that led to them.
    pub(super) const fn needs_requests(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The requests that led to what was found last.
    pub(super) fn give_requests(&mut self, lines: &[String]) {
        for number in std::mem::take(&mut self.waiting) {
            self.cases.give_requests(number, lines);
        }
    }

    /// The evidence.
    pub(super) fn into_state(mut self) -> State {
        let looks = &self.state.looks;
        let is_asked = |flow: &str, step: &str| step == STEP && looks.iter().any(|look| look.after == flow);
        let uses = self.acceptances.uses(is_asked);
        if self.state.acceptances.is_empty() {
            self.state.acceptances = uses;
        } else {
            for (known, more) in self.state.acceptances.iter_mut().zip(uses) {
                known.matched += more.matched;
                known.asked |= more.asked;
            }
        }
        (self.state.cases, self.state.cases_left_out) = self.cases.into_parts();
        self.state
    }

    /// From now on these do not get into the evidence.
    pub(super) fn keep_secret(&mut self, secrets: Secrets) {
        self.secrets = secrets;
    }

    /// What follows is found at this moment.
    pub(super) fn begin(&mut self, moment: Moment) {
        moment.phase.clone_into(&mut self.state.after);
        self.moment = moment;
    }

    /// A rule was asked about so many places.
    pub(super) fn asked(&mut self, rule: Option<usize>, places: u64) {
        if let Some(used) = rule.and_then(|rule| self.state.rules.get_mut(rule)) {
            used.matched += places;
        }
    }

    /// Counts a difference, unless it was told before. `evidence` is what a person needs to see it again.
    pub(super) fn add(&mut self, found: Found, evidence: impl FnOnce(Client, &Secrets) -> Evidence) {
        if !self.told.insert(hash(&(place(&found), found.kind, found.class))) {
            return;
        }
        // Parts of a schema have names that matter; rows of a table are one group.
        let part = if found.kind == Kind::Schema { &*found.part } else { "" };
        let group = hash(&(&self.moment.after, &found.table, part, &found.column, found.kind, found.class, found.rule));
        let (class, rule) = (found.class, found.rule);
        let mut difference = self.difference(found);
        let values = || (difference.baseline.clone(), difference.candidate.clone());
        let accepted =
            self.acceptances.find(&self.moment.after, STEP, (class, difference.kind, &difference.place), values);
        let entry = accepted.as_ref().map(|(entry, _)| *entry);
        difference.accepted = accepted.map(|(_, acceptance)| acceptance);
        self.count(&difference, rule);
        let group = hash(&(group, entry));
        if let Some(at) = self.groups.get(&group).copied() {
            if let Some(known) = self.state.differences.get_mut(at) {
                known.count += 1;
                if known.examples.len() < MOST_EXAMPLES {
                    let Difference { place, baseline, candidate, .. } = difference;
                    known.examples.push(Example { place, baseline, candidate });
                }
            }
        } else if self.groups.len() < MAX_GROUPS {
            self.groups.insert(group, self.state.differences.len());
            if class != Class::Volatile {
                difference.remedy =
                    Some(remedy(&self.moment.after, STEP, &as_found(&difference), difference.rule.as_deref()));
                difference.case = self.case(class, evidence(self.client, &self.secrets));
            }
            self.state.differences.push(difference);
        }
    }

    /// Counts a difference: as accepted, or in its class.
    fn count(&mut self, difference: &Difference, rule: Option<usize>) {
        if difference.is_accepted() {
            self.state.accepted += 1;
            return;
        }
        match difference.class {
            Class::Breaking => self.state.breaking += 1,
            Class::Representation => self.state.representation += 1,
            Class::Volatile => self.state.volatile += 1,
        }
        let allowed = rule.filter(|_| difference.class == Class::Volatile);
        if let Some(used) = allowed.and_then(|rule| self.state.rules.get_mut(rule)) {
            used.allowed += 1;
        }
    }

    /// Keeps how a difference is seen again; gives back its number.
    fn case(&mut self, class: Class, evidence: Evidence) -> Option<usize> {
        let Evidence { lines: Pair { baseline, candidate }, queries } = evidence;
        let diff = diff(&baseline, &candidate);
        let Moment { after, about, again, .. } = self.moment.clone();
        let case = FailingCase {
            flow: after,
            step: STEP.to_owned(),
            requests: Vec::new(),
            diff: diff.text,
            diff_left_out: diff.left_out,
            about,
            queries,
            again,
        };
        let number = self.cases.keep(case, class);
        self.waiting.extend(number);
        number
    }

    fn difference(&self, found: Found) -> Difference {
        let place = place(&found);
        let name = found.column.as_deref().unwrap_or_default();
        let value = |value: Option<String>| value.map(|value| self.secrets.mask(name, &value));
        Difference {
            class: found.class,
            kind: found.kind,
            flow: self.moment.after.clone(),
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

    /// A row of each side, as far as there is one.
    pub(super) fn rows(table: &Joined, rows: Pair<Option<&Row>>) -> impl FnOnce(Client, &Secrets) -> Evidence {
        move |client, secrets| {
            let lines = rows.as_ref().map(|_, row| row.map_or_else(Vec::new, |row| again::lines(table, row, secrets)));
            // What one side lacks is looked for there as well, by what the other calls it.
            let one = rows.baseline.or(rows.candidate);
            let condition = |row: Option<&Row>| again::condition(client, table, row.or(one)?, secrets);
            let conditions = rows.map(|_, row| condition(row));
            Evidence { lines, queries: again::queries(client, table, conditions) }
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

/// `table students row id=17 column name`.
fn place(found: &Found) -> String {
    let mut place = format!("table {}", found.table);
    if !found.part.is_empty() {
        let _ = write!(place, " {}", found.part);
    }
    if let Some(column) = &found.column {
        let _ = write!(place, " column {column}");
    }
    place
}

/// As comparing tells it, for whoever looks for what would accept it.
fn as_found(difference: &Difference) -> compare::Difference {
    let Difference { class, kind, place, baseline, candidate, note, .. } = difference.clone();
    compare::Difference { class, kind, place, baseline, candidate, rule: None, note }
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
