//! Evidence → verdict. Pure: no clock, no network, nothing awaited.
//!
//! A figure that is missing, or rests on too few samples, never passes. This room reads the record of a run and the
//! gates, nothing else, so stored evidence can be judged again with other gates.
//!
//! Times and rates are judged by what single blocks came to (`blocks`, `paired`), relative gates as one family
//! (`family`), failed requests and a used-up pool by windows of a second (`shares`), counts as they are (`ways`).

mod blocks;
mod coverage;
mod disturbed;
mod early;
mod family;
mod gates;
mod leaks;
mod metrics;
mod paired;
mod pool;
mod rules;
mod shares;
#[cfg(test)]
mod simulation;
mod times;
mod validity;
mod verdict;
mod ways;
mod words;

pub use early::{Outlook, PoolLook};

use crate::plan::Gate;
use crate::plan::gate::{Metric, Quantity};
use crate::record::{Finding, GateResult, RunRecord, Severity, Verdict};
use crate::role::Role;
use crate::units::{format_count, format_us};
use gates::Judged;

/// Samples without which a figure says nothing: those that a quantile needs, see `times`.
pub fn samples_needed(metric: &Metric) -> u64 {
    match metric.quantity {
        Quantity::ResponseTime(share) | Quantity::ServiceTime(share) | Quantity::PoolWait(share) => {
            times::samples_needed(share)
        }
        _ => 0,
    }
}

/// What the evidence comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The one word.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub reason: String,
    /// The gates in the order given; those that were not written and stand anyway, such as `parity.breaking == 0`, come first.
    pub gates: Vec<GateResult>,
    /// The targets in the order given; the verdict does not depend on them.
    pub targets: Vec<GateResult>,
    /// What a reader of the figures must know.
    pub findings: Vec<Finding>,
}

/// Judges what was measured: `parity`, `load` and `observations` of a record, how the run ended and which command it
/// was. A run that is not complete never passes, so the ending must be on record before it is judged.
///
/// Gates that the command cannot answer (load figures for `verify`, parity figures for `load`) and gates on the
/// baseline alone are listed with the reason, as inconclusive or with their figures, but have no part in the verdict.
pub fn judge(evidence: &RunRecord, gates: &[Gate], targets: &[Gate]) -> Judgement {
    let targets = gates::judge(evidence, targets, Role::Candidate);
    Judgement { targets: results(targets), ..judge_side(evidence, gates, Role::Candidate) }
}

/// Judges what was measured on one side by gates that are written for the candidate: where that is the baseline, they are
/// about the baseline, and so is every word of the result but the gates as they are spelled.
pub fn judge_side(evidence: &RunRecord, gates: &[Gate], role: Role) -> Judgement {
    let judged = gates::judge(evidence, &gates::with_implied(evidence, gates, role), role);
    let mut findings = validity::findings(evidence);
    findings.extend(pool::findings(evidence));
    findings.extend(stopped(evidence, &judged));
    let (verdict, mut reason) = verdict::settle(&findings, &judged);
    let accepted = evidence.accepted();
    if accepted > 0 {
        reason.extend(["; ", &format_count(accepted), " accepted"]);
    }
    Judgement { verdict, reason, gates: results(judged), targets: Vec::new(), findings }
}

fn results(judged: Vec<Judged>) -> Vec<GateResult> {
    judged.into_iter().map(|judged| judged.result).collect()
}

/// A load that ended early has too few blocks for most gates but the one that ended it.
fn stopped(evidence: &RunRecord, judged: &[Judged]) -> Option<Finding> {
    let stopped = evidence.load.as_ref()?.stopped.as_ref()?;
    let fails = judged.iter().any(|gate| gate.decides && gate.result.status == Verdict::Fail);
    let message = format!(
        "the load ended early, {} into the run: {}, past saving for `{}`",
        format_us(stopped.at_ms as f64 * 1e3),
        stopped.in_words(),
        stopped.gate,
    );
    let severity = if fails { Severity::Note } else { Severity::Invalid };
    Some(Finding { severity, code: "stopped-early".to_owned(), message })
}

/// How many block pairs in all would settle what is not decided yet, at most `most`. `None`: everything is decided, a gate
/// failed already, or more pairs would not help.
pub fn pairs_wanted(evidence: &RunRecord, gates: &[Gate], most: u32) -> Option<u32> {
    let role = Role::Candidate;
    let judged = gates::judge(evidence, &gates::with_implied(evidence, gates, role), role);
    if judged.iter().any(|gate| gate.decides && gate.result.status == Verdict::Fail) {
        return None;
    }
    let open = judged.iter().filter(|gate| gate.decides && gate.result.status == Verdict::Inconclusive);
    let wanted = open.filter_map(|gate| gate.pairs_needed).max()?;
    Some(u32::try_from(wanted).unwrap_or(u32::MAX).min(most))
}

#[cfg(test)]
mod tests;
