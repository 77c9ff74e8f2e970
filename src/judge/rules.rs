//! Rules of the comparison that nothing met: a permission that is never used hides whatever comes there one day.

use crate::record::parity::{Parity, RuleUse};
use crate::record::{Finding, RunRecord, Severity};

/// Rules that are named in one finding; the report lists them all.
const MOST_NAMED: usize = 5;

/// What a reader should know about rules that matched nothing.
pub(super) fn findings(evidence: &RunRecord) -> Vec<Finding> {
    let Some(parity) = evidence.parity.as_ref().filter(|parity| parity.compared > 0) else { return Vec::new() };
    let unused = parity.rules.iter().filter(|rule| rule.matched == 0);
    let (tried, untried): (Vec<_>, Vec<_>) = unused.partition(|rule| had_every_chance(parity, rule));
    [rotten(&tried), not_met(&untried)].into_iter().flatten().collect()
}

/// Whether every step that a rule is for was compared.
fn had_every_chance(parity: &Parity, rule: &RuleUse) -> bool {
    let is_for = |only: &Option<String>, name: &String| only.as_ref().is_none_or(|only| only == name);
    let mut steps = parity.steps.iter().filter(|step| is_for(&rule.flow, &step.flow) && is_for(&rule.step, &step.step));
    steps.all(|step| step.compared > 0)
}

fn rotten(rules: &[&RuleUse]) -> Option<Finding> {
    let message = format!("{} matched nothing in any answer, and may be out of date: {}", count(rules)?, names(rules));
    Some(Finding { severity: Severity::Warning, code: "rules-unused".to_owned(), message })
}

fn not_met(rules: &[&RuleUse]) -> Option<Finding> {
    let message =
        format!("{} matched nothing, but not every step in question was compared: {}", count(rules)?, names(rules));
    Some(Finding { severity: Severity::Note, code: "rules-untried".to_owned(), message })
}

fn count(rules: &[&RuleUse]) -> Option<String> {
    match rules.len() {
        0 => None,
        1 => Some("1 compare rule".to_owned()),
        more => Some(format!("{more} compare rules")),
    }
}

fn names(rules: &[&RuleUse]) -> String {
    let mut names: Vec<String> = rules.iter().take(MOST_NAMED).map(|rule| format!("`{}`", rule.rule)).collect();
    if rules.len() > MOST_NAMED {
        names.push(format!("{} more", rules.len() - MOST_NAMED));
    }
    names.join(", ")
}
