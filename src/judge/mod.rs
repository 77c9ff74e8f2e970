//! Evidence → verdict. Pure: no clock, no network, nothing awaited.
//!
//! Literal for now: totals against limits. A figure that is missing, or rests on too few samples, never passes. This
//! room reads the record of a run and the gates, nothing else, so stored evidence can be judged again with other gates.

mod coverage;
mod gates;
mod leaks;
mod metrics;
mod rules;
mod times;
mod validity;
mod verdict;

use crate::plan::Gate;
use crate::record::{Finding, GateResult, RunRecord, Verdict};
use gates::Judged;

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
    let findings = validity::findings(evidence);
    let judged: Vec<Judged> =
        gates::with_implied(evidence, gates).iter().map(|gate| gates::judge(evidence, gate)).collect();
    let (verdict, mut reason) = verdict::settle(&findings, &judged);
    let accepted = evidence.accepted();
    if accepted > 0 {
        reason.extend(["; ", &crate::units::format_count(accepted), " accepted"]);
    }
    let results = |judged: Vec<Judged>| judged.into_iter().map(|judged| judged.result).collect();
    let targets = targets.iter().map(|target| gates::judge(evidence, target)).collect();
    Judgement { verdict, reason, gates: results(judged), targets: results(targets), findings }
}

#[cfg(test)]
mod tests;
