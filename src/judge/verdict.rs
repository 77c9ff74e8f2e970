//! One word from all gates and findings.

use super::gates::Judged;
use crate::record::{Finding, Severity, Verdict};

/// The worst there is, and why: figures that cannot be believed, then gates that failed, have no figure, or are not
/// decided. Nothing judged is nothing proved.
pub(super) fn settle(findings: &[Finding], gates: &[Judged]) -> (Verdict, String) {
    if let Some(finding) = findings.iter().find(|finding| finding.severity == Severity::Invalid) {
        return (Verdict::Invalid, finding.message.clone());
    }
    let deciding: Vec<&Judged> = gates.iter().filter(|gate| gate.decides).collect();
    for verdict in [Verdict::Fail, Verdict::Invalid, Verdict::Inconclusive] {
        if let Some(gate) = deciding.iter().find(|gate| gate.result.status == verdict) {
            return (verdict, format!("`{}`: {}", gate.result.expr, gate.result.reason));
        }
    }
    match deciding.as_slice() {
        // Figures were asked for, not a verdict.
        [] if gates.is_empty() => (Verdict::Inconclusive, nothing_judged(gates)),
        [] => (Verdict::Invalid, nothing_judged(gates)),
        [gate] => (Verdict::Pass, format!("`{}`: {}", gate.result.expr, gate.result.reason)),
        all => (Verdict::Pass, format!("all {} gates hold", all.len())),
    }
}

fn nothing_judged(gates: &[Judged]) -> String {
    match gates {
        [] => "nothing was to be judged: there are no gates".to_owned(),
        [first, ..] => format!("nothing was judged: `{}`: {}", first.result.expr, first.result.reason),
    }
}
