//! Where a comparison collects what it finds.

use super::permit::{self, Answer, Seen};
use super::rules::Decider;
use super::{Comparison, Difference, RuleMatch};
use crate::record::Class;
use crate::record::parity::Kind;

/// What was found so far.
pub(super) struct Findings {
    places: u64,
    differences: Vec<Difference>,
    /// Breaking ones among them.
    breaking: usize,
    /// Per rule of the plan.
    rules: Vec<RuleMatch>,
}

/// A moment of a comparison.
pub(super) struct Mark {
    places: u64,
    differences: usize,
    breaking: usize,
    rules: Vec<RuleMatch>,
}

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
        Self { places: 0, differences: Vec::new(), breaking: 0, rules }
    }

    /// Counts a place, for the rule that decides it too.
    pub(super) fn visit(&mut self, decider: Option<Decider<'_>>) {
        self.places += 1;
        if let Some(decider) = decider {
            self.rules[decider.index].matched += 1;
        }
    }

    /// Reports a difference, in class volatile if the rule permits it.
    pub(super) fn report(&mut self, decider: Option<Decider<'_>>, place: String, contrast: Contrast<'_>) {
        let both = (contrast.baseline, contrast.candidate);
        let answer = decider.map(|decider| permit::ask(&decider, contrast.kind, both));
        let (class, note) = match answer {
            None => (contrast.class, None),
            Some(Answer::Permitted) => (Class::Volatile, None),
            Some(Answer::ButWritten(how)) => (Class::Representation, Some(how)),
            Some(Answer::Broken(why)) => (contrast.class, Some(why)),
        };
        if let Some(decider) = decider.filter(|_| class == Class::Volatile) {
            self.rules[decider.index].allowed += 1;
        }
        let (baseline, candidate) = contrast.shown;
        self.breaking += usize::from(class == Class::Breaking);
        self.differences.push(Difference {
            class,
            kind: contrast.kind,
            place,
            baseline,
            candidate,
            rule: decider.map(|decider| decider.index),
            note,
        });
    }

    /// Counts places that are the same and that no rule is about.
    pub(super) const fn visit_untouched(&mut self, places: u64) {
        self.places += places;
    }

    /// How far the findings are, to go back there.
    pub(super) fn mark(&self) -> Mark {
        Mark {
            places: self.places,
            differences: self.differences.len(),
            breaking: self.breaking,
            rules: self.rules.clone(),
        }
    }

    /// Whether a breaking difference was found since.
    pub(super) const fn is_broken_since(&self, mark: &Mark) -> bool {
        self.breaking > mark.breaking
    }

    /// Forgets what was found since.
    pub(super) fn go_back(&mut self, mark: Mark) {
        self.places = mark.places;
        self.differences.truncate(mark.differences);
        self.breaking = mark.breaking;
        self.rules = mark.rules;
    }

    pub(super) fn into_comparison(self) -> Comparison {
        let rule_matches = self.rules.into_iter().filter(|rule| rule.matched > 0).collect();
        Comparison { places: self.places, differences: self.differences, rule_matches }
    }
}
