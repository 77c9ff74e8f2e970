//! Whether the figures may be believed at all: one file for each thing that is looked at.

mod generator;
mod machine;
mod run;
mod shards;
mod sides;

use crate::record::{Finding, RunRecord, Severity};
use crate::role::Role;
use crate::units::format_count;

/// What a reader of the figures must know.
pub(super) fn findings(evidence: &RunRecord) -> Vec<Finding> {
    let mut findings: Vec<Finding> = run::ending(&evidence.ending).into_iter().collect();
    findings.extend(run::nothing_compared(evidence));
    findings.extend(run::accepted(evidence));
    findings.extend(
        evidence.parity.iter().filter_map(|parity| parity.coverage.as_ref()).flat_map(super::coverage::findings),
    );
    findings.extend(super::rules::findings(evidence));
    findings.extend(evidence.faults.iter().filter_map(run::fault_not_shown));
    if let Some(load) = &evidence.load {
        findings.extend(Role::BOTH.into_iter().filter_map(|role| sides::no_requests(evidence, load, role)));
        findings.extend(generator::panics(&load.generator));
        findings.extend(generator::failure(&load.generator));
        findings.extend(generator::dispatch_lag(load));
        findings.extend(generator::unread(load));
        findings.extend(generator::lost_arrivals(load));
        findings.extend(machine::exhausted(load));
        findings.extend(sides::missing_pairs(load));
        findings.extend(super::disturbed::finding(load));
        findings.extend(machine::busy(evidence, load));
        findings.extend(sides::collapsed_baseline(load));
        findings.extend(super::leaks::findings(load));
        findings.extend(shards::finding(load));
    }
    findings
}

fn invalid(code: &str, message: String) -> Finding {
    Finding { severity: Severity::Invalid, code: code.to_owned(), message }
}

fn plural(count: u64, one: &str, more: &str) -> String {
    format!("{} {}", format_count(count), if count == 1 { one } else { more })
}
