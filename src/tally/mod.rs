//! Comparisons → evidence: equal differences grouped and counted, secrets masked. Pure.
//!
//! Whatever compares answers adds them up with this, so that a difference looks the same in every report whichever phase
//! found it. Knows nothing of how answers were got.

mod acceptance;
mod cases;
mod remedy;
pub mod secrets;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

pub use acceptance::{Acceptances, new_entries};
pub use cases::Cases;
pub use remedy::{acceptance_remedy, remedy};
pub use secrets::Secrets;

use crate::compare::ids::Bijection;
use crate::compare::{self, Comparison, HEADERS_LEFT_OUT};
use crate::plan::{Plan, Rule, RuleKind};
use crate::record::parity::{Acceptance, Class, Difference, Example, Kind, NoiseParity, Parity, RuleUse, StepParity};
use crate::record::reproduce::{FailingCase, Reproduction};
use crate::role::Pair;

/// Most groups of differences that are kept; beyond it only the counts go on.
const MAX_GROUPS: usize = 1_000;

/// Most further examples of one group.
const MAX_EXAMPLES: usize = 2;

/// What stands for a value at a place that is ignored.
const NOT_KEPT: &str = "[ignored]";

/// What the replay found so far.
pub struct Tally {
    parity: Parity,
    secrets: Secrets,
    /// For each rule, whether values at its places are kept.
    keeps_values: Vec<bool>,
    /// Place of each group in the list of differences.
    groups: HashMap<GroupKey, usize>,
    /// Place of each step in the list of steps.
    steps: HashMap<(String, String), usize>,
    /// What somebody has accepted.
    acceptances: Acceptances,
    /// What differs is going to be accepted.
    is_growing: bool,
    /// Groups that were found since somebody last asked for them, as indices into the list of differences.
    fresh: Vec<usize>,
    cases: Cases,
    /// Steps in which something was compared, those of no flow among them.
    asked: HashSet<(String, String)>,
}

/// Differences are one group if all but their values is the same, indices into arrays aside.
#[derive(PartialEq, Eq, Hash)]
struct GroupKey {
    class: Class,
    kind: Kind,
    flow: String,
    step: String,
    place: String,
    rule: Option<usize>,
    acceptance: Option<usize>,
}

impl Tally {
    /// Nothing found yet; every step of the plan has its line.
    pub fn new(plan: &Plan) -> Self {
        let names = plan.flows.iter().flat_map(|flow| flow.steps.iter().map(|step| (&flow.name, &step.name)));
        let steps: Vec<StepParity> = names.map(|(flow, step)| empty_step(flow, step)).collect();
        let index = steps.iter().enumerate().map(|(at, step)| ((step.flow.clone(), step.step.clone()), at)).collect();
        let parity = Parity {
            headers_left_out: HEADERS_LEFT_OUT.iter().map(|name| (*name).to_owned()).collect(),
            rules: plan.compare.rules.iter().map(rule_use).collect(),
            steps,
            ..Parity::default()
        };
        let keeps_values = plan.compare.rules.iter().map(|rule| !matches!(rule.kind, RuleKind::Ignore)).collect();
        Self {
            parity,
            secrets: Secrets::new([]),
            keeps_values,
            groups: HashMap::new(),
            steps: index,
            acceptances: Acceptances::new(plan.accepted.as_ref()),
            is_growing: plan.accepted.as_ref().is_some_and(|accepted| accepted.is_growing),
            fresh: Vec::new(),
            cases: Cases::default(),
            asked: HashSet::new(),
        }
    }

    /// From now on these do not get into the evidence.
    pub fn keep_secret(&mut self, secrets: Secrets) {
        self.secrets = secrets;
    }

    /// A step was sent to both sides.
    pub fn requested(&mut self) {
        self.parity.requests += 1;
    }

    /// A step could not be sent because an earlier one failed.
    pub fn skipped(&mut self, flow: &str, step: &str) {
        if let Some(step) = self.step(flow, step) {
            step.skipped += 1;
        }
    }

    /// Two answers were compared.
    pub fn compared(&mut self, flow: &str, step: &str, status: u16, comparison: Comparison) {
        self.parity.compared += 1;
        self.parity.places += comparison.places;
        self.asked(flow, step);
        if let Some(step) = self.step(flow, step) {
            step.compared += 1;
            if !step.statuses.contains(&status) {
                step.statuses.push(status);
            }
        }
        for used in comparison.rule_matches {
            if let Some(rule) = self.parity.rules.get_mut(used.rule) {
                rule.matched += used.matched;
                rule.allowed += used.allowed;
            }
        }
        for difference in comparison.differences {
            self.add(flow, step, difference);
        }
    }

    /// What the noise of the baseline came to.
    pub fn noise(&mut self, noise: NoiseParity) {
        self.parity.noise = noise;
    }

    /// What became known of ids.
    pub fn ids(&mut self, known: &Bijection) {
        (self.parity.ids.pairs, self.parity.ids.unequal) = known.count();
    }

    /// A difference that no comparison of answers found; it is breaking.
    pub fn difference(&mut self, flow: &str, step: &str, kind: Kind, place: &str, sides: Pair<Option<String>>) {
        let difference = compare::Difference {
            class: Class::Breaking,
            kind,
            place: place.to_owned(),
            baseline: sides.baseline,
            candidate: sides.candidate,
            rule: None,
            note: None,
        };
        self.add(flow, step, difference);
    }

    /// One side lets nobody in: the only comparison there will be, and every step is skipped.
    pub fn login_differs(&mut self, sides: Pair<Option<String>>) {
        self.parity.requests = 1;
        self.parity.compared = 1;
        for step in &mut self.parity.steps {
            step.skipped += 1;
        }
        self.difference("login", "login", Kind::Expectation, "login", sides);
    }

    /// Whether the status of a step's answer was not as it should be, and somebody has accepted that or is about to.
    pub fn accepts_status(&self, flow: &str, step: &str) -> bool {
        self.parity.differences.iter().any(|found| {
            let is_of_status = matches!(found.kind, Kind::Status | Kind::Expectation);
            is_of_status && found.flow == flow && found.step == step && (self.is_growing || found.is_accepted())
        })
    }

    /// Whether groups of differences that matter were found since they last got a failing case.
    pub const fn needs_case(&self) -> bool {
        !self.fresh.is_empty()
    }

    /// The groups that were found since they last got a failing case.
    pub fn fresh(&self) -> impl Iterator<Item = &Difference> {
        self.fresh.iter().filter_map(|index| self.parity.differences.get(*index))
    }

    /// The first failing case of the groups that were found since this was last called; without one they go without.
    pub fn give_case(&mut self, case: Option<FailingCase>) {
        let fresh = std::mem::take(&mut self.fresh);
        let Some(case) = case.filter(|_| !fresh.is_empty()) else { return };
        let gravest = fresh.iter().map(|index| self.parity.differences[*index].class).min().unwrap_or(Class::Volatile);
        let number = self.cases.keep(case, gravest);
        for index in fresh {
            self.parity.differences[index].case = number;
        }
    }

    /// Something was looked for in a step, whether or not answers were compared.
    pub fn asked(&mut self, flow: &str, step: &str) {
        self.asked.insert((flow.to_owned(), step.to_owned()));
    }

    /// A value as it may be kept. `place` is where it was found.
    pub fn mask(&self, place: &str, value: &str) -> String {
        self.secrets.mask(place, value)
    }

    /// What else is needed to see the differences again.
    pub fn reproduction(&mut self) -> &mut Reproduction {
        &mut self.parity.reproduction
    }

    /// So many flows were not done to their end.
    pub fn broken_off(&mut self, flows: usize) {
        self.parity.flows_left = flows as u64;
    }

    /// The evidence.
    pub fn into_parity(mut self) -> Parity {
        let asked = self.asked;
        let is_asked = |flow: &str, step: &str| asked.contains(&(flow.to_owned(), step.to_owned()));
        self.parity.acceptances = self.acceptances.uses(is_asked);
        let reproduction = &mut self.parity.reproduction;
        (reproduction.cases, reproduction.left_out) = self.cases.into_parts();
        self.parity
    }

    fn step(&mut self, flow: &str, step: &str) -> Option<&mut StepParity> {
        let index = self.steps.get(&(flow.to_owned(), step.to_owned()))?;
        self.parity.steps.get_mut(*index)
    }

    fn add(&mut self, flow: &str, step: &str, found: compare::Difference) {
        let (secrets, keeps_values) = (&self.secrets, &self.keeps_values);
        let accepted = self
            .acceptances
            .find(flow, step, (found.class, found.kind, &found.place), || kept(secrets, keeps_values, &found));
        self.count(flow, step, found.class, accepted.as_ref().map(|(_, acceptance)| acceptance));
        let is_id = found.kind == Kind::Id && found.class == Class::Volatile;
        match found.class {
            _ if found.kind != Kind::Id => {}
            Class::Breaking => self.parity.ids.conflicts += 1,
            Class::Representation | Class::Volatile => self.parity.ids.places += 1,
        }
        let key = GroupKey {
            class: found.class,
            kind: found.kind,
            flow: flow.to_owned(),
            step: step.to_owned(),
            place: without_indices(&found.place),
            rule: found.rule,
            acceptance: accepted.as_ref().map(|(index, _)| *index),
        };
        if let Some(index) = self.groups.get(&key).copied() {
            self.parity.differences[index].count += 1;
            if self.parity.differences[index].examples.len() < MAX_EXAMPLES {
                let example = self.example(found.rule, found.place, found.baseline, found.candidate);
                add_example(&mut self.parity.differences[index], example);
            }
        } else if self.groups.len() < MAX_GROUPS {
            let is_open = found.class != Class::Volatile;
            let remedy = is_open.then(|| remedy(flow, step, &found, self.rule_in_words(found.rule)));
            let without_rule = if is_id { "id" } else { "noise" };
            let rule = self.rule_in_words(found.rule).or((!is_open).then_some(without_rule)).map(str::to_owned);
            let index = self.parity.differences.len();
            self.groups.insert(key, index);
            self.fresh.extend(is_open.then_some(index));
            let first = self.example(found.rule, found.place, found.baseline, found.candidate);
            self.parity.differences.push(Difference {
                class: found.class,
                kind: found.kind,
                flow: flow.to_owned(),
                step: step.to_owned(),
                place: first.place,
                baseline: first.baseline,
                candidate: first.candidate,
                count: 1,
                rule,
                note: found.note.map(|note| self.secrets.mask("note", &note)),
                examples: Vec::new(),
                accepted: accepted.map(|(_, acceptance)| acceptance),
                remedy,
                case: None,
            });
        }
    }

    /// Counts a difference: as accepted, or in its class.
    fn count(&mut self, flow: &str, step: &str, class: Class, acceptance: Option<&Acceptance>) {
        if acceptance.is_some_and(|acceptance| !acceptance.expired) {
            self.parity.accepted += 1;
            return;
        }
        match class {
            Class::Breaking => self.parity.breaking += 1,
            Class::Representation => self.parity.representation += 1,
            Class::Volatile => self.parity.volatile += 1,
        }
        if class == Class::Breaking
            && let Some(step) = self.step(flow, step)
        {
            step.breaking += 1;
        }
    }

    fn rule_in_words(&self, rule: Option<usize>) -> Option<&str> {
        rule.and_then(|index| self.parity.rules.get(index)).map(|used| used.rule.as_str())
    }

    /// Values as they may be kept.
    fn example(
        &self,
        rule: Option<usize>,
        place: String,
        baseline: Option<String>,
        candidate: Option<String>,
    ) -> Example {
        // What is ignored is often a secret, and never of interest.
        let is_kept = rule.is_none_or(|rule| self.keeps_values.get(rule).copied().unwrap_or(true));
        let value = |value: Option<String>| {
            value.map(|value| if is_kept { self.secrets.mask(&place, &value) } else { NOT_KEPT.to_owned() })
        };
        let (baseline, candidate) = (value(baseline), value(candidate));
        Example { place, baseline, candidate }
    }
}

/// Both values as they may be kept. What is ignored is often a secret, and never of interest.
fn kept(secrets: &Secrets, keeps_values: &[bool], found: &compare::Difference) -> (Option<String>, Option<String>) {
    let is_kept = found.rule.is_none_or(|rule| keeps_values.get(rule).copied().unwrap_or(true));
    let keep = |value: &String| if is_kept { secrets.mask(&found.place, value) } else { NOT_KEPT.to_owned() };
    (found.baseline.as_ref().map(keep), found.candidate.as_ref().map(keep))
}

/// Keeps an example that is not there yet.
fn add_example(group: &mut Difference, example: Example) {
    let is_first =
        (&group.place, &group.baseline, &group.candidate) == (&example.place, &example.baseline, &example.candidate);
    if !is_first && !group.examples.contains(&example) {
        group.examples.push(example);
    }
}

/// Adds what another phase found: differences, their numbers, and what rules did. What was asked in that phase stays its
/// own and is told by it.
pub fn add(parity: &mut Parity, mut found: Parity) {
    parity.absorb_cases(&mut found);
    parity.breaking += found.breaking;
    parity.representation += found.representation;
    parity.volatile += found.volatile;
    for (rule, used) in parity.rules.iter_mut().zip(found.rules) {
        rule.matched += used.matched;
        rule.allowed += used.allowed;
    }
    let room = MAX_GROUPS.saturating_sub(parity.differences.len());
    parity.differences.extend(found.differences.into_iter().take(room));
}

fn empty_step(flow: &str, step: &str) -> StepParity {
    StepParity {
        flow: flow.to_owned(),
        step: step.to_owned(),
        compared: 0,
        skipped: 0,
        breaking: 0,
        statuses: Vec::new(),
    }
}

fn rule_use(rule: &Rule) -> RuleUse {
    RuleUse {
        rule: rule.to_string(),
        reason: rule.reason.clone(),
        flow: rule.flow.clone(),
        step: rule.step.clone(),
        matched: 0,
        allowed: 0,
    }
}

/// `$.items[3].name` → `$.items[].name`; member names in brackets stay.
pub fn without_indices(place: &str) -> String {
    let mut out = String::with_capacity(place.len());
    let mut rest = place;
    while let Some(open) = rest.find('[') {
        let (before, bracket) = rest.split_at(open + 1);
        out.push_str(before);
        let digits = bracket.find(|c: char| !c.is_ascii_digit()).unwrap_or(bracket.len());
        rest = if bracket[digits..].starts_with(']') { &bracket[digits..] } else { bracket };
    }
    out.push_str(rest);
    out
}
