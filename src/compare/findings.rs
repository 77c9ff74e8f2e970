//! Where a comparison collects what it finds.

use super::rules::{Seen, permits};
use super::{Comparison, Difference, RuleMatch};
use crate::plan::RuleKind;
use crate::record::Class;
use crate::record::parity::Kind;

/// What was found so far.
pub(super) struct Findings {
    places: u64,
    differences: Vec<Difference>,
    /// Per rule of the plan.
    rules: Vec<RuleMatch>,
}

/// The rule that decides a place: which one of the plan's, and what it permits.
pub(super) type Decider<'c> = Option<(usize, &'c RuleKind)>;

/// Two sides that differ at a place, before rules have their say.
pub(super) struct Contrast<'a> {
    pub(super) class: Class,
    pub(super) kind: Kind,
    pub(super) baseline: Option<Seen<'a>>,
    pub(super) candidate: Option<Seen<'a>>,
    /// Both as a report shows them.
    pub(super) shown: (Option<String>, Option<String>),
}

impl Findings {
    pub(super) fn new(rules: usize) -> Self {
        let rules = (0..rules).map(|rule| RuleMatch { rule, matched: 0, allowed: 0 }).collect();
        Self { places: 0, differences: Vec::new(), rules }
    }

    /// Counts a place, for the rule that decides it too.
    pub(super) fn visit(&mut self, decider: Decider<'_>) {
        self.places += 1;
        if let Some((rule, _)) = decider {
            self.rules[rule].matched += 1;
        }
    }

    /// Reports a difference, in class volatile if the rule permits it.
    pub(super) fn report(&mut self, decider: Decider<'_>, place: String, contrast: Contrast<'_>) {
        let rule = decider.filter(|(_, kind)| permits(kind, contrast.baseline, contrast.candidate));
        let rule = rule.map(|(index, _)| index);
        if let Some(rule) = rule {
            self.rules[rule].allowed += 1;
        }
        let class = if rule.is_some() { Class::Volatile } else { contrast.class };
        let (baseline, candidate) = contrast.shown;
        let found = Difference { class, kind: contrast.kind, place, baseline, candidate, rule, note: None };
        self.differences.push(found);
    }

    /// Says more about the difference that was reported last.
    pub(super) fn note(&mut self, words: String) {
        if let Some(last) = self.differences.last_mut() {
            last.note = Some(words);
        }
    }

    pub(super) fn into_comparison(self) -> Comparison {
        let rule_matches = self.rules.into_iter().filter(|rule| rule.matched > 0).collect();
        Comparison { places: self.places, differences: self.differences, rule_matches }
    }
}
