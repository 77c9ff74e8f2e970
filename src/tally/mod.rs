//! Comparisons → evidence: equal differences grouped and counted, secrets masked. Pure.
//!
//! Whatever compares answers adds them up with this, so that a difference looks the same in every report whichever phase
//! found it. Knows nothing of how answers were got.

mod remedy;
pub mod secrets;

use std::collections::HashMap;

pub use secrets::Secrets;

use crate::compare::{self, Comparison, HEADERS_LEFT_OUT};
use crate::plan::{Plan, Rule, RuleKind};
use crate::record::parity::{Class, Difference, Kind, Parity, RuleUse, StepParity};
use crate::role::Pair;
use crate::units::format_duration;

/// Most groups of differences that are kept; beyond it only the counts go on.
const MAX_GROUPS: usize = 1_000;

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
        Self { parity, secrets: Secrets::new([]), keeps_values, groups: HashMap::new(), steps: index }
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

    /// A difference that no comparison of answers found; it is breaking.
    pub fn difference(&mut self, flow: &str, step: &str, kind: Kind, place: &str, sides: Pair<Option<String>>) {
        let difference = compare::Difference {
            class: Class::Breaking,
            kind,
            place: place.to_owned(),
            baseline: sides.baseline,
            candidate: sides.candidate,
            rule: None,
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

    /// The evidence.
    pub fn into_parity(self) -> Parity {
        self.parity
    }

    fn step(&mut self, flow: &str, step: &str) -> Option<&mut StepParity> {
        let index = self.steps.get(&(flow.to_owned(), step.to_owned()))?;
        self.parity.steps.get_mut(*index)
    }

    fn add(&mut self, flow: &str, step: &str, found: compare::Difference) {
        match found.class {
            Class::Breaking => self.parity.breaking += 1,
            Class::Representation => self.parity.representation += 1,
            Class::Volatile => self.parity.volatile += 1,
        }
        if found.class == Class::Breaking
            && let Some(step) = self.step(flow, step)
        {
            step.breaking += 1;
        }
        let key = GroupKey {
            class: found.class,
            kind: found.kind,
            flow: flow.to_owned(),
            step: step.to_owned(),
            place: without_indices(&found.place),
            rule: found.rule,
        };
        if let Some(index) = self.groups.get(&key) {
            self.parity.differences[*index].count += 1;
        } else if self.groups.len() < MAX_GROUPS {
            self.groups.insert(key, self.parity.differences.len());
            let rule = found.rule.and_then(|index| self.parity.rules.get(index)).map(|used| used.rule.clone());
            // What is ignored is often a secret, and never of interest.
            let is_kept = found.rule.is_none_or(|rule| self.keeps_values.get(rule).copied().unwrap_or(true));
            let value = |value: Option<String>| {
                value.map(|value| if is_kept { self.secrets.mask(&found.place, &value) } else { NOT_KEPT.to_owned() })
            };
            let (baseline, candidate) = (value(found.baseline), value(found.candidate));
            self.parity.differences.push(Difference {
                class: found.class,
                kind: found.kind,
                flow: flow.to_owned(),
                step: step.to_owned(),
                place: found.place,
                baseline,
                candidate,
                count: 1,
                rule,
            });
        }
    }
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
    let kind = match &rule.kind {
        RuleKind::Ignore => "ignore".to_owned(),
        RuleKind::Datetime { within } => format!("datetime within {}", format_duration(*within)),
    };
    RuleUse { rule: format!("{kind} {}", rule.place), reason: rule.reason.clone(), matched: 0, allowed: 0 }
}

/// `$.items[3].name` → `$.items[].name`; member names in brackets stay.
fn without_indices(place: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_left_out_of_a_group_and_names_are_not() {
        assert_eq!(without_indices("$.items[3].tags[12]"), "$.items[].tags[]");
        assert_eq!(without_indices("$['12a'][0]"), "$['12a'][]");
        assert_eq!(without_indices("header etag"), "header etag");
    }
}
